"""A throw-away authority that the whole test run trusts, and a helper among a few servers on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from .small_world import Files


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """PEM files: the authority, the helper's certificate, and the site's."""
    folder = tmp_path_factory.mktemp("pki")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name, names in (
        ("helper", ("ctl.example", "127.0.0.1", "::1")),
        ("site", ("site.example", "www.site.example")),
    ):
        certificate = authority.issue_cert(*names)
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
    return Files(ca=folder / "ca.pem", helper=folder / "helper.pem", site=folder / "site.pem")


@pytest.fixture
def trusted(files: Files, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """SSL_CERT_FILE names the authority, and nothing else is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(files.ca))
    return files.ca
