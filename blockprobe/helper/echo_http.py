"""The HTTP echo: shows a request as it arrived, signed, so that its absence shows what was changed on the way.

In the clear the signature is of kind "http" over the Host header; over TLS of kind "tls" over the server name that
arrived in the ClientHello ("" for none). `/bytes?n=N` sends N bytes for goodput, signed in its header fields.
"""

import json
import math
from typing import Any
from urllib.parse import parse_qs, urlsplit

from blockprobe.helper.budget import ByteBudget
from blockprobe.helper.http_server import HttpRequest, HttpResponse, problem
from blockprobe.helper.keys import KeyTable
from blockprobe.net import echo

PURPOSE = (
    "This is a measuring point of blockprobe. It shows requests as they arrive and serves no site, whatever name was "
    "asked for; probes use it to find out what networks between them and here do to such requests."
)
_MAX_NONCE = 64


class HttpEcho:
    """Answers every method, path, Host and server name alike."""

    def __init__(self, keys: KeyTable, budget: ByteBudget) -> None:
        """`keys` are those that the API hands out; `budget` bounds what /bytes sends."""
        self.keys = keys
        self._budget = budget

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """The page, or the bytes asked for."""
        key_id = request.header("x-blockprobe-key") or ""
        key = self.keys.over_tcp(key_id, request.client)
        if request.target.partition("?")[0] == "/bytes":
            return self._bytes(request, key)
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

    def _bytes(self, request: HttpRequest, key: echo.EchoKey | None) -> HttpResponse:
        """`/bytes?n=N`: N bytes of no meaning, for holders of a key, signed over the name that arrived and N."""
        text = parse_qs(urlsplit(request.target).query).get("n", [""])[0]
        if not (text.isascii() and text.isdigit() and len(text) <= 8 and int(text) <= echo.MAX_BYTES):
            return problem(400, f"write /bytes?n=N with N at most {echo.MAX_BYTES}")
        if key is None:
            return problem(403, "bytes need a live key in X-Blockprobe-Key")
        wait_s = self._budget.take(request.client, key.id, int(text))
        if wait_s > 0.0:
            return problem(429, "too many bytes for one client", ("Retry-After", str(math.ceil(wait_s))))
        name = request.header("host") if request.server_name is None else request.server_name
        nonce = (request.header("x-blockprobe-nonce") or "")[:_MAX_NONCE]
        subject = echo.bytes_subject(name or "", int(text))
        statement = echo.Statement(kind="bytes", subject=subject, nonce=nonce, client=request.client)
        signed = (
            (echo.CLIENT_FIELD, request.client),
            (echo.MAC_FIELD, echo.mac(key, statement)),
        ) if nonce else ()  # fmt: skip
        return HttpResponse(
            status=200,
            content_type="application/octet-stream",
            filler=int(text),
            headers=(("Cache-Control", "no-store"), *signed),
        )
