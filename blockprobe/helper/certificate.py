"""The server's certificate, which changes every few weeks while the server runs on."""

import contextlib
import ssl
from collections.abc import Callable
from datetime import datetime

from blockprobe.model.errors import ConfigError
from blockprobe.net.tls_chain import chain_of

#: Told the TLS connection and the server name in its ClientHello, lower case, "" for none.
OnName = Callable[[ssl.SSLObject, str], None]


class ServerCertificate:
    """Certificate and key files, and the TLS contexts made of them."""

    def __init__(self, certificate: str | None, key: str | None) -> None:
        """`key` defaults to the certificate's file. Raises ConfigError when they cannot be used."""
        if certificate is None:
            raise ConfigError("helper_server.certificate: name the PEM file of the API's certificate chain")
        self._certificate = certificate
        self._key = key or certificate
        self._current, self.not_after = self._load()
        self.serial = 0  # counts up with every reload

    @property
    def files(self) -> tuple[str, str]:
        """Where chain and key are read from."""
        return self._certificate, self._key

    def reload(self) -> None:
        """Read the files again; raises ConfigError, and keeps what was in use, when they cannot be used."""
        self._current, self.not_after = self._load()
        self.serial += 1

    def front(self, on_name: OnName | None = None) -> ssl.SSLContext:
        """A context for a listening socket, whose connections always get the certificate loaded last."""
        context, _ = self._load()

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            connection.context = self._current
            if on_name is not None:
                on_name(connection, (name or "").lower())

        context.sni_callback = choose
        return context

    def _load(self) -> tuple[ssl.SSLContext, datetime]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.num_tickets = 0  # nobody resumes: the API's connections are kept, the echo's are used once
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._certificate, self._key)
            return context, _not_after(context)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"helper_server.certificate {self._certificate}, key {self._key}: {error}; both must be readable PEM "
                "files that belong together"
            ) from error


def _not_after(context: ssl.SSLContext) -> datetime:
    """When the certificate expires, read from a handshake with ourselves in memory: so it also is known to work."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    ends = chain_of(client).certificates[0].not_after
    return datetime.fromisoformat(ends or "1970-01-01T00:00:00Z")
