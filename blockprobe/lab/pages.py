"""The texts of the laboratory: pages of sites, legal notices, portals. All names and orders are fictitious."""

import random
from functools import lru_cache
from typing import Final

_PROSE: Final = """
harbour lantern meadow quiet copper violet engine letter window garden bridge winter market number
signal river castle orange theory planet kitchen morning ticket forest marble pocket silver thunder
village whisper yellow anchor basket candle desert eleven fabric guitar hammer island jungle kettle
ladder magnet needle office pencil
"""
_WORDS: Final = _PROSE.split()

_UNIQUE: Final = 65536
"""Longer texts repeat themselves."""

NOTICE_TITLE: Final = "Access to this site has been blocked"
ORDER: Final = "High Court of Justice, claim IL-2026-000012, order of 3 March 2026"


@lru_cache(maxsize=4096)
def article(seed: str, title: str, size: int) -> bytes:
    """A page of about `size` bytes whose words follow from the seed: the same seed, the same text."""
    dice = random.Random(seed)  # noqa: S311 - prose
    parts, length = [], 0
    while length < min(size, _UNIQUE) - 120:
        sentence = " ".join(dice.choices(_WORDS, k=12)).capitalize() + "."
        parts.append(f"<p>{sentence}</p>")
        length += len(sentence) + 7
    text = "\n".join(parts)
    return _html(title, text * max(1, size // max(1, len(text))))


def notice(host: str = "this site") -> bytes:
    """The ISP's block page: a legal notice that cites its order."""
    return _html(
        NOTICE_TITLE,
        f"<h1>{NOTICE_TITLE}</h1><p>Your provider, Example Internet, has been ordered to block access to {host}.</p>"
        f"<p>Legal basis: {ORDER}. This court order binds your internet access provider. "
        "Questions about this order: legal@isp.example.</p>",
    )


def unavailable_for_legal_reasons() -> bytes:
    """The body of a 451 (RFC 7725)."""
    return _html(
        "Unavailable For Legal Reasons",
        f"<h1>Unavailable For Legal Reasons</h1><p>Blocked by Example Internet under a court order: {ORDER}.</p>",
    )


def portal() -> bytes:
    """A captive portal's page."""
    return _html(
        "Welcome to Example WiFi",
        "<h1>Welcome</h1><p>Please log in and accept the terms of use to go online.</p><form action='/login'></form>",
    )


def _html(title: str, body: str) -> bytes:
    head = f"<!doctype html>\n<html><head><meta charset='utf-8'><title>{title}</title></head>\n"
    return f"{head}<body>{body}</body></html>\n".encode()


def response(status: int, body: bytes, *headers: tuple[str, str]) -> bytes:
    """A whole HTTP/1.1 response that closes the connection."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
    given = {name.lower() for name, _ in headers}
    if "content-type" not in given:
        lines.append("Content-Type: text/html; charset=utf-8")
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


_REASONS: Final = {
    200: "OK",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    451: "Unavailable For Legal Reasons",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
LINK_451: Final = ("Link", '<https://isp.example/>; rel="blocked-by"')
