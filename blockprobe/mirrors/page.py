"""Bytes of a page become Features; lxml does the reading, and hostile pages are read in a child (reader.py).

What costs time per element is left to C: one XPath a kind of attribute, one call for all text, `bytes.translate` and
`zlib.crc32` instead of loops.
"""

import codecs
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from zlib import crc32

from blockprobe.mirrors.features import KINDS, Facts, Features
from blockprobe.mirrors.links import plain_links
from blockprobe.mirrors.signs import MAX_LINKS, MAX_WORDS, signs_in
from blockprobe.mirrors.walk import Found, walk

MAX_PAGE_BYTES = 65536
FEW_WORDS = 150

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})")
_LETTERS = bytes(range(128)).lower()
_SPACED = bytes(c if chr(c).isalpha() else 32 for c in _LETTERS) + bytes(range(128, 256))
_DIGITS = b"0123456789"
_HREF = re.compile(rb"""href=["']?([^"' \t\n\r\f\v>]+)""")
"""Spelt out, because `\\s` among them takes a quarter longer."""
_UPPER_HREF = re.compile(rb"F(?<=HREF)=")
"""Begins with what is rare in pages, so that the search is one of memchr's."""
_IDENTIFIER = re.compile(rb"[A-Za-z_$][A-Za-z_$]{3,}")
_DOWNLOAD = re.compile(rb"\.(?:exe|msi|apk|dmg|scr|bat|jar|xpi|crx)(?:[?#]|$)", re.IGNORECASE | re.MULTILINE)


_ENCODINGS = (
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "iso8859-1",
    "iso8859-2",
    "iso8859-5",
    "iso8859-7",
    "iso8859-9",
    "iso8859-15",
    "koi8-r",
    "koi8-u",
    "cp866",
    "shift_jis",
    "euc_jp",
    "gbk",
    "gb2312",
    "gb18030",
    "big5",
    "euc_kr",
    "tis-620",
    "utf-16-le",
    "utf-16-be",
    "ascii",
)


Numbers = tuple[Sequence[int], ...]
"""Marks of each of KINDS, in that order."""
NOTHING: Numbers = ((),) * len(KINDS)


class PageTooDeep(ValueError):
    """The page is nested deeper than the parser goes, so that part of it was not seen."""


def read_page(raw: bytes, *, whole: bool = True) -> Features:
    """The features of one page's first 64 KiB. Bytes that are no markup at all give empty Features.

    A candidate need not be read `whole`: the kinds that only count where there is little text are then left out of
    pages with more than FEW_WORDS words. References and pages of the background are read whole.

    Raises PageTooDeep when elements are nested more than 2,048 deep.
    """
    marks, facts = marks_and_facts(raw, whole=whole)
    return Features(marks=tuple(map(frozenset, marks)), facts=facts)


def marks_and_facts(raw: bytes, *, whole: bool) -> tuple[Numbers, Facts]:
    """What `read_page` makes Features of; a number may be there twice, which spares the reading child its sets."""
    tools = _tools()
    data = as_utf8(raw[:MAX_PAGE_BYTES])
    # A space before each closing tag and line break, so that text of neighbouring cells does not become one word.
    spaced = b" </".join(data.split(b"</")).replace(b"<br", b" <br")  # half the time of replace() for both
    try:
        root = tools["etree"].fromstring(spaced, tools["parser"])
    except tools["etree"].LxmlError:
        root = None
    log = tools["parser"].error_log
    if len(log) and log.filter_from_fatals():
        raise PageTooDeep("nested more than 2048 deep")
    if root is None:
        return NOTHING, Facts()
    return _marks_and_facts(root, hrefs_in(data), whole=whole)


def hrefs_in(data: bytes) -> list[bytes]:
    """What stands after `href=`, in the order of the page, also in comments and scripts.

    The tree has them, too, but asking each element for it costs as much as all the rest after parsing.
    """
    return _HREF.findall(data.replace(b"HREF=", b"href=") if _UPPER_HREF.search(data) else data)


def as_utf8(raw: bytes) -> bytes:
    """The page in UTF-8, without NUL: by byte-order mark, then as UTF-8 if it is that, then as declared, else Latin."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(name, "replace").replace("\0", "").encode("utf-8", "replace")
    raw = raw.replace(b"\0", b"")
    if raw.isascii():
        return raw
    try:
        codecs.utf_8_decode(raw, "strict", False)  # not the last character: the cut may have hit it
        return raw
    except UnicodeDecodeError:
        declared = _CHARSET.search(raw[:2048])
        return raw.decode(_known(declared[1].decode() if declared else ""), "replace").encode("utf-8", "replace")


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name)
    except (LookupError, OSError, ValueError):
        return "cp1252"
    return "cp1252" if not found._is_text_encoding or found.name.startswith(("utf", "idna", "puny")) else found.name


def prepare() -> None:
    """Load the parser now, so that the first page does not pay for it and no file is opened later."""
    _tools()
    for name in _ENCODINGS:
        codecs.lookup(name)
    read_page(b"<p>x</p>")


@cache
def _tools() -> dict[str, Any]:
    """The parser and the queries, made when the first page comes: importing lxml costs 40 ms."""
    from lxml import etree

    def query(*paths: str) -> list[Any]:
        return [etree.XPath(path, smart_strings=False) for path in paths]

    return {
        "etree": etree,
        "parser": etree.HTMLParser(
            encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, huge_tree=True
        ),
        "assets": query("//@src", "//link/@href"),
        "names": query("//@id", "//@class"),
        "words": query("//img/@alt", "//@title", "//input/@placeholder", "//input/@value", "//meta/@content"),
    }


def _all(root: Any, what: str) -> list[str]:
    return [value for query in _tools()[what] for value in query(root)]


def _marks_and_facts(root: Any, hrefs: list[bytes], *, whole: bool) -> tuple[Numbers, Facts]:
    found = walk(root)
    text: bytes = _tools()["etree"].tostring(root, method="text", encoding="utf-8")
    words = split_words(text)
    fillers = _fillers(root, found.code) if whole or len(words) <= FEW_WORDS else NOTHING[2:6]
    marks = (shingles(words), marks_of(plain_links(hrefs)), *fillers, _brand(found.brand, text))
    return marks, _facts(text, found, hrefs, len(words))


def _fillers(root: Any, code: list[str]) -> Numbers:
    """Files, names, words of attributes, identifiers: what pages with little text are compared by."""
    attributes = split_words("\n".join(_all(root, "words")).encode("utf-8", "replace"))
    return (
        marks_of(_lines(map(_file_name, _all(root, "assets")))),
        marks_of("\n".join(_all(root, "names")).encode("utf-8", "replace").split()),
        marks_of(word for word in set(attributes) if len(word) > 2),
        marks_of(_IDENTIFIER.findall("\n".join(code).encode("utf-8", "replace"))),
    )


def split_words(text: bytes) -> list[bytes]:
    """Lower-case words; digits vanish (a count changes by the minute) and punctuation separates."""
    return text.translate(_SPACED, _DIGITS).split()


def shingles(words: list[bytes]) -> list[int]:
    """The CRC-32 of each three words in a row; fewer than three are one."""
    if len(words) < 3:
        return [crc32(b" ".join(words))] if words else []
    return list(map(crc32, map(b" ".join, zip(words, words[1:], words[2:], strict=False))))


def marks_of(features: Iterable[bytes]) -> list[int]:
    """The CRC-32 of each that is different."""
    return list(map(crc32, set(features)))


def _lines(texts: Iterable[str]) -> list[bytes]:
    return [line for line in "\n".join(texts).encode("utf-8", "replace").split(b"\n") if line]


def _file_name(path: str) -> str:
    return path.partition("?")[0].partition("#")[0].rpartition("/")[2]


def _brand(lines: list[str], text: bytes) -> list[int]:
    """Words of title, site name, first heading, image texts of logos and copyright line."""
    found = "\n".join(line[:200] for line in lines).encode("utf-8", "replace")
    sign = text.find(b"\xc2\xa9") if b"\xa9" in text else -1  # memchr's search for one byte costs nothing
    owner = text[sign + 2 : sign + 80].partition(b"\n")[0] if sign >= 0 else b""
    words = split_words(found + b"\n" + owner)
    return marks_of(word for word in words if len(word) > 2)


def _facts(text: bytes, found: Found, hrefs: list[bytes], words: int) -> Facts:
    if words > MAX_WORDS or len(hrefs) > MAX_LINKS:
        return Facts(words=words, links=len(hrefs))
    return Facts(
        words=words,
        links=len(hrefs),
        passwords=found.passwords,
        downloads=len(_DOWNLOAD.findall(b"\n".join(hrefs))),
        scripts=len(found.scripts),
        signs=signs_in(text.decode("utf-8", "replace"), " ".join([*found.moves, *found.scripts, *found.code])),
    )
