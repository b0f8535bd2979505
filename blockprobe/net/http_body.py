"""What is kept of a page while it arrives: its beginning, its hash, its length; and how that is read as text.

HTTP/1.1 and HTTP/3 share it, so that a page is the same evidence over both.
"""

import codecs
import hashlib
import re

from blockprobe.verdict.sketch import MAX_TEXT, text_sketch, title_of

# What browsers know (WHATWG Encoding); Python has others that are slow (punycode) or no text at all.
_KNOWN_CHARSET = re.compile(
    r"utf-?8|utf-?16(?:le|be)?|us-ascii|latin-?1|iso-8859-\d{1,2}|windows-12\d\d|cp12\d\d|koi8-[ru]"
    r"|gbk|gb2312|gb18030|big5|euc-jp|euc-kr|iso-2022-jp|shift_jis"
)
_CHARSET = re.compile(r"charset\s{0,8}=\s{0,8}[\"']?([a-z0-9_.:-]{1,32})", re.IGNORECASE)
_NO_TEXT = ("image/", "audio/", "video/", "font/")

#: Pages whose title and sketch are remembered, by the hash of what was read.
_READINGS = 512
_readings: dict[tuple[str, str | None, str | None], tuple[str | None, tuple[int, ...]]] = {}

Headers = tuple[tuple[bytes, bytes], ...]


class Body:
    """A page as far as it has come: at most `most` bytes are counted and hashed, fewer kept."""

    def __init__(self, most: int) -> None:
        """`most` is the cap on what is read (bytes)."""
        self._most = most
        self._text = bytearray()  # the beginning
        self._digest = hashlib.sha256()
        self.bytes = 0
        self.truncated = False

    def keep(self, data: bytes) -> bool:
        """Count a piece; false when the cap is reached."""
        room = self._most - self.bytes
        self.truncated = len(data) > room
        data = data[:room]
        self.bytes += len(data)
        self._digest.update(data)
        self._text += data[: MAX_TEXT - len(self._text)]
        return not self.truncated

    @property
    def sha256(self) -> str:
        """The hash of what was read, in hex."""
        return self._digest.hexdigest()

    @property
    def kept(self) -> bytes:
        """The beginning as it came (at most 64 KiB)."""
        return bytes(self._text)

    def page(self, headers: Headers, limit: int) -> str:
        """The first `limit` bytes as text; empty when the body is compressed or no text."""
        encoding = (header_in(headers, b"content-encoding") or "identity").strip().lower()
        kind = (header_in(headers, b"content-type") or "").strip().lower()
        if encoding != "identity" or kind.startswith(_NO_TEXT):
            return ""
        return self._text[:limit].decode(_charset(kind), "replace")

    def reading(self, headers: Headers) -> tuple[str | None, tuple[int, ...]]:
        """Title and sketch of the page; a site shows the same bytes over both schemes and families."""
        key = (self.sha256, header_in(headers, b"content-type"), header_in(headers, b"content-encoding"))
        if key not in _readings:
            if len(_readings) >= _READINGS:
                _readings.clear()
            page = self.page(headers, MAX_TEXT)
            _readings[key] = title_of(page), text_sketch(page)
        return _readings[key]


def forget_pages() -> None:
    """Let go of what is remembered of pages: a program that rests needs none of it."""
    _readings.clear()


def header_in(headers: Headers, wanted: bytes) -> str | None:
    """The first header of that lower-case name."""
    for name, value in headers:
        if name.lower() == wanted:
            return value.decode("latin-1")
    return None


def as_text(headers: Headers) -> tuple[tuple[str, str], ...]:
    """Headers as the record keeps them."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _charset(content_type: str) -> str:
    found = _CHARSET.search(content_type)
    if not found or not _KNOWN_CHARSET.fullmatch(found[1]):
        return "utf-8"
    try:
        return codecs.lookup(found[1]).name
    except LookupError:
        return "utf-8"
