"""Certificates of a throw-away authority: issued when first needed, kept for the life of the laboratory."""

import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from blockprobe.lab.sites import Cert

_SHORT = timedelta(days=60)
"""Half the life of a certificate here: short, so that a clock a year off shows."""


@dataclass(slots=True)
class Authority:
    """The trusted root, an intermediate, and a root that nobody trusts. trustme ships no types, hence Any."""

    root: Any
    middle: Any
    stranger: Any
    _contexts: dict[tuple[tuple[str, ...], Cert], ssl.SSLContext] = field(default_factory=dict)

    @classmethod
    def create(cls) -> "Authority":
        """Make the keys (10 ms)."""
        import trustme  # an extra, and 0.1 s to import

        root = trustme.CA(organization_name="Laboratory Root")
        return cls(root, root.create_child_ca(), trustme.CA(organization_name="Filter Appliance"))

    def write_root(self, path: Path) -> None:
        """Write the trusted root in PEM, for SSL_CERT_FILE."""
        self.root.cert_pem.write_to_path(str(path))

    def write_leaf(self, path: Path, *names: str) -> None:
        """Write a key and its chain in PEM."""
        self._leaf(names, Cert.VALID).private_key_and_cert_chain_pem.write_to_path(str(path))

    def context(self, names: tuple[str, ...], kind: Cert = Cert.VALID) -> ssl.SSLContext:
        """A server's context that shows a certificate for the names (IP addresses allowed)."""
        key = (names, kind)
        if key not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            with tempfile.NamedTemporaryFile() as file:  # OpenSSL's loader takes paths only
                file.write(self.leaf_pem(names, kind))
                file.flush()
                context.load_cert_chain(file.name)
            self._contexts[key] = context
        return self._contexts[key]

    def leaf_pem(self, names: tuple[str, ...], kind: Cert = Cert.VALID) -> bytes:
        """A key and its chain in PEM."""
        leaf = self._leaf(names, kind)
        chain = leaf.cert_chain_pems if kind is not Cert.INCOMPLETE else leaf.cert_chain_pems[:1]
        whole: bytes = leaf.private_key_pem.bytes() + b"".join(pem.bytes() for pem in chain)
        return whole

    def _leaf(self, names: tuple[str, ...], kind: Cert) -> Any:
        now = datetime.now(UTC)
        begin, end = now - _SHORT, now + _SHORT
        if kind is Cert.EXPIRED:
            begin, end = now - timedelta(days=400), now - timedelta(days=100)
        if kind is Cert.WRONG_NAME:
            names = ("another-name.example",)
        issuer = self.stranger if kind is Cert.UNTRUSTED else self.middle
        return issuer.issue_cert(*names, not_before=begin, not_after=end)
