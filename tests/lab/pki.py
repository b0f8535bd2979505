"""Certificates: one authority that the probe and the helper trust, one that nobody does."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import trustme

from . import plan
from .sites import SITES, Certificate, Site

_PAST = datetime.datetime(2017, 7, 17, tzinfo=datetime.UTC)
_NOW = datetime.datetime.now(datetime.UTC)


def _issue(authority: trustme.CA, *names: str) -> trustme.LeafCert:
    """Good for ninety days like most certificates, a third of which have gone by."""
    begins, ends = _NOW - datetime.timedelta(days=30), _NOW + datetime.timedelta(days=60)
    return authority.issue_cert(*names, not_before=begins, not_after=ends)


@dataclass(frozen=True, slots=True)
class Pki:
    """Where the files are: `trust` is what SSL_CERT_FILE points to, `path(name)` chain and key in one file."""

    folder: Path

    @property
    def trust(self) -> Path:
        return self.folder / "trust.pem"

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.pem"


def make(folder: Path) -> Pki:
    """Issues every certificate of the laboratory (about a third of a second)."""
    folder.mkdir()
    pki = Pki(folder)
    trusted = trustme.CA(organization_name="Laboratory roots")
    stranger = trustme.CA(organization_name="Filter appliance")
    trusted.cert_pem.write_to_path(pki.trust)
    for site in SITES.values():
        _site(pki, site, trusted, stranger)
    _write(pki, "helper", _issue(trusted, plan.HELPER_NAME, plan.HELPER, "2001:db8:81::130"))
    _write(pki, "dns", _issue(trusted, plan.PUBLIC_RESOLVER_NAME, plan.PUBLIC_RESOLVER, plan.PUBLIC_RESOLVER_V6))
    _write(pki, "webproxy", _issue(trusted, *plan.TOOLS_NAMES))
    _write(pki, "isp", _issue(trusted, plan.BLOCK_NAME))
    _write(pki, "forged", _issue(stranger, *_all_names(SITES.values())))
    return pki


def _site(pki: Pki, site: Site, trusted: trustme.CA, stranger: trustme.CA) -> None:
    match site.certificate:
        case Certificate.NONE:
            return
        case Certificate.UNTRUSTED:
            issued = _issue(stranger, *site.names)
        case Certificate.WRONG_NAME:
            issued = _issue(trusted, f"not-{site.name}")
        case Certificate.EXPIRED:
            issued = trusted.issue_cert(*site.names, not_before=_PAST, not_after=_PAST + datetime.timedelta(hours=1))
        case Certificate.VALID:
            issued = _issue(trusted, *site.names)
    _write(pki, site.name, issued)


def _all_names(sites: Iterable[Site]) -> list[str]:
    return [name for site in sites for name in site.names]


def _write(pki: Pki, name: str, issued: trustme.LeafCert) -> None:
    issued.private_key_and_cert_chain_pem.write_to_path(pki.path(name))
