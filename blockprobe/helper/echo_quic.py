"""The QUIC echo: any server name, and a page over HTTP/3 that is signed over the name that arrived.

Needs the extra `quic`. An address that has not proven itself gets a Retry, which is shorter than what it sent.
"""

import json
import logging
import re
from collections.abc import Callable

from aioquic.quic.configuration import QuicConfiguration

from blockprobe.helper.certificate import ServerCertificate
from blockprobe.helper.echo_http import PURPOSE
from blockprobe.helper.keys import KeyTable
from blockprobe.helper.peer import canonical
from blockprobe.helper.quic_server import H3Request, H3Response, QuicFront, configuration
from blockprobe.model.errors import ConfigError
from blockprobe.net import echo

_LOG = logging.getLogger(__name__)
_PATH = re.compile(r"/echo/([0-9a-f]{16})/([0-9a-zA-Z]{1,64})")


class QuicEcho:
    """What answers on every echo address; `count` is told the status of every answer."""

    def __init__(self, keys: KeyTable, certificate: ServerCertificate, count: Callable[[str], None]) -> None:
        """`keys` and `certificate` are shared with the API. Raises ConfigError when QUIC cannot use the certificate."""
        self._keys = keys
        self._certificate = certificate
        self._count = count
        self._loaded = certificate.serial
        self._shown = self._read()

    def front(self) -> QuicFront:
        """A listener for one socket."""
        return QuicFront(self._choose, self._answer, retry=True)

    def _choose(self, _name: str) -> QuicConfiguration:
        if self._loaded != self._certificate.serial:
            self._loaded = self._certificate.serial
            try:
                self._shown = self._read()
            except ConfigError as error:
                _LOG.error("certificate not reloaded for QUIC: %s", error)
        return self._shown

    def _read(self) -> QuicConfiguration:
        certificate, key = self._certificate.files
        try:
            return configuration(certificate, key)
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(
                f"helper_server.quic: {certificate}, {key}: {error}; leave quic out, or give a key without a password"
            ) from error

    async def _answer(self, request: H3Request) -> H3Response:
        client = canonical(request.peer)
        asked = _PATH.fullmatch(request.path.partition("?")[0])
        key = self._keys.over_tcp(asked[1], client) if asked else None  # a finished handshake proves the address
        nonce = asked[2] if asked else ""
        statement = echo.Statement(kind="quic", subject=request.server_name, nonce=nonce, client=client)
        page = {
            "purpose": PURPOSE,
            "client": client,
            "method": request.method,
            "target": request.path,
            "headers": request.headers,
            "sni": request.server_name,
            "nonce": nonce or None,
            "kind": "quic",
            "mac": echo.mac(key, statement) if key is not None else None,
        }
        self._count("200")
        headers = (("content-type", "application/json"), ("cache-control", "no-store"))
        return H3Response(status=200, headers=headers, body=json.dumps(page).encode())
