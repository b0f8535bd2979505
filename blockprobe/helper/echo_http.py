"""The HTTP echo: shows a request as it arrived, signed, so that its absence shows what was changed on the way.

In the clear the signature is of kind "http" over the Host header; over TLS of kind "tls" over the server name that
arrived in the ClientHello ("" for none).
"""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from blockprobe.helper.http_server import HttpRequest, HttpResponse, problem
from blockprobe.helper.keys import KeyTable
from blockprobe.net import echo

PURPOSE = (
    "This is a measuring point of blockprobe. It shows requests as they arrive and serves no site, whatever name was "
    "asked for; probes use it to find out what networks between them and here do to such requests."
)
#: The most that /bytes sends, and what it sends to those without a key.
MAX_BYTES = 10_000_000
_FREE_BYTES = 65_536
_MAX_NONCE = 64


class HttpEcho:
    """Answers every method, path, Host and server name alike."""

    def __init__(self, keys: KeyTable) -> None:
        """`keys` are those that the API hands out."""
        self._keys = keys

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """The page, or the bytes asked for."""
        key_id = request.header("x-blockprobe-key") or ""
        key = self._keys.over_tcp(key_id, request.client)
        if request.target.partition("?")[0] == "/bytes":
            return _bytes(request, known=key is not None)
        page = self._page(request, key)
        return HttpResponse(status=200, body=json.dumps(page).encode(), headers=(("Cache-Control", "no-store"),))

    def _page(self, request: HttpRequest, key: echo.EchoKey | None) -> dict[str, Any]:
        nonce = (request.header("x-blockprobe-nonce") or "")[:_MAX_NONCE]
        kind, subject = "http", (request.header("host") or "").lower()
        if request.server_name is not None:
            kind, subject = "tls", request.server_name
        statement = echo.Statement(kind=kind, subject=subject, nonce=nonce, client=request.client)
        return {
            "purpose": PURPOSE,
            "client": request.client,
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "sni": request.server_name,
            "nonce": nonce or None,
            "kind": kind,
            "mac": echo.mac(key, statement) if key is not None and nonce else None,
        }


def _bytes(request: HttpRequest, *, known: bool) -> HttpResponse:
    """`/bytes?n=N`: N bytes of no meaning, for goodput. More than a page is for holders of a key only."""
    text = parse_qs(urlsplit(request.target).query).get("n", [""])[0]
    if not (text.isascii() and text.isdigit() and len(text) <= 8 and int(text) <= MAX_BYTES):
        return problem(400, f"write /bytes?n=N with N at most {MAX_BYTES}")
    if int(text) > _FREE_BYTES and not known:
        return problem(403, f"more than {_FREE_BYTES} bytes need a live key in X-Blockprobe-Key")
    return HttpResponse(
        status=200, content_type="application/octet-stream", filler=int(text), headers=(("Cache-Control", "no-store"),)
    )
