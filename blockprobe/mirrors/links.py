"""Links without what a copy changes: scheme, host, climbing, page suffix, and the wrapping of web proxies."""

import base64
import binascii
import re
from collections.abc import Sequence
from urllib.parse import unquote

_FRAGMENT = re.compile(rb"#[^\n]*")
_ORIGIN_OR_OTHER_SCHEME = re.compile(
    rb"\n(?:(?:https?:)?//[^/?#\n]*|(?!https?:)[a-z][a-z0-9+.-]*:[^\n]*)", re.IGNORECASE
)
_SUFFIXES = ((b".htm", (b".html\n", b".htm\n")), (b"/index", (b"/index\n", b"/index.php\n")), (b"/", (b"/\n",)))
"""What is cut off, in this order, behind what all of a group begin with."""
_HINTS = (b"=http", b"=aHR0c", b"%3", b"/http")
_LIKE_A_HOST = re.compile(rb"\.[a-zA-Z]{2,}/")
"""Quickly told, and part of what follows."""
_HOST_IN_PATH = re.compile(
    rb"^(?:https?://[^/\n]*)?+/?(?:[^/?\n]*/){0,2}[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/", re.MULTILINE | re.IGNORECASE
)
"""What a page that went through a web proxy has in its first links; without it, no link is looked at by itself."""
_INNER = re.compile(r".(?P<scheme>https?):/{1,2}(?=[^/])", re.IGNORECASE)
_HOST_SEGMENT = re.compile(
    r"^(?:[^/]*/){1,3}?(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})/(?P<rest>.*)$", re.IGNORECASE
)
_QUERY = re.compile(r"[?&;](?:u|q|url|target|site)=(?P<value>[^&;#]+)", re.IGNORECASE)
_FILE = re.compile(r"\.(?:html?|php|js|css|aspx?|json|xml|txt|md|png|jpe?g|gif|svg)$", re.IGNORECASE)
_ABSOLUTE = ("http://", "https://", "//")

LOOKED_AT = 8
"""A web proxy wraps every link, so the first ones show it."""
MAX_WRAPPED_CHARS = 2000
"""A longer link is taken as it is."""


def plain_links(hrefs: Sequence[bytes]) -> set[bytes]:
    """The distinct paths and queries, without empty ones; other schemes (mailto, javascript) are dropped.

    All links are one text with a line each, so that no link costs a call.
    """
    text, first = b"\n" + b"\n".join(set(hrefs)) + b"\n", b"\n".join(hrefs[:LOOKED_AT])
    if any(hint in first for hint in _HINTS) or (_LIKE_A_HOST.search(first) and _HOST_IN_PATH.search(first)):
        text = "\n".join(unwrapped(href) for href in text.decode("utf-8", "replace").split("\n")).encode()
    if b"&" in text:
        text = text.replace(b"&amp;", b"&")
    if b"//" in text or b":" in text:
        text = _ORIGIN_OR_OTHER_SCHEME.sub(b"\n", text)
    if b"#" in text:
        text = _FRAGMENT.sub(b"", text)
    for hint, suffixes in _SUFFIXES:
        if hint in text:
            for suffix in suffixes:
                text = text.replace(suffix, b"\n")
    return {path.lstrip(b"./") for path in text.split(b"\n")} - {b"", b"index"}


def unwrapped(href: str) -> str:
    """The address inside a web proxy's, or `href` itself: `?u=` in clear or base64, `/proxy/HOST/…`, `/http://HOST/…`."""
    if len(href) > MAX_WRAPPED_CHARS:
        return href
    query = _QUERY.search(href)
    if query and (inside := _address_in(query["value"])):
        return inside
    inner = _INNER.search(href)
    if inner:
        return f"{inner['scheme']}://{href[inner.end() :]}"
    path = re.sub(r"^https?://[^/]*/?|^/+", "", href, flags=re.IGNORECASE)
    segment = _HOST_SEGMENT.match(path)
    if segment and not _FILE.search(segment["host"]):
        return f"//{segment['host']}/{segment['rest']}"
    return href


def _address_in(value: str) -> str | None:
    clear = unquote(value)
    if clear.lower().startswith(_ABSOLUTE):
        return clear
    bare = clear.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.lower().startswith(_ABSOLUTE) else None
