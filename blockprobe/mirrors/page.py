"""Bytes of a page become Features; lxml does the reading, and hostile pages are read in a child (reader.py).

What costs time per element is left to C: one XPath a kind of attribute, one call for all text, `bytes.translate` and
`zlib.crc32` instead of loops.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any
from zlib import crc32

from blockprobe.mirrors.features import NONE, Facts, Features, Marks
from blockprobe.mirrors.links import plain_links
from blockprobe.mirrors.signs import MAX_LINKS, MAX_WORDS, signs_in

MAX_PAGE_BYTES = 65536
FEW_WORDS = 150
IMAGES = 8
"""A logo is among the first images."""

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})")
_LETTERS = bytes(range(128)).lower()
_SPACED = bytes(c if chr(c).isalpha() else 32 for c in _LETTERS) + bytes(range(128, 256))
_DIGITS = b"0123456789"
_HREF = re.compile(rb"""href=["']?([^"'\s>]+)""")
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


class PageTooDeep(ValueError):
    """The page is nested deeper than the parser goes, so that part of it was not seen."""


def read_page(raw: bytes, *, whole: bool = True) -> Features:
    """The features of one page's first 64 KiB. Bytes that are no markup at all give empty Features.

    A candidate need not be read `whole`: the kinds that only count where there is little text are then left out of
    pages with more than FEW_WORDS words. References and pages of the background are read whole.

    Raises PageTooDeep when elements are nested more than 2,048 deep.
    """
    tools = _tools()
    data = as_utf8(raw[:MAX_PAGE_BYTES])
    # A space before each closing tag and line break, so that text of neighbouring cells does not become one word.
    spaced = b" </".join(data.split(b"</")).replace(b"<br", b" <br")  # half the time of replace() for both
    try:
        root = tools["etree"].fromstring(spaced, tools["parser"])
    except tools["etree"].LxmlError:
        root = None
    if tools["parser"].error_log.filter_from_fatals():
        raise PageTooDeep("nested more than 2048 deep")
    if root is None:
        return Features()
    return _features(root, hrefs_in(data), whole=whole)


def hrefs_in(data: bytes) -> list[bytes]:
    """What stands after `href=`, in the order of the page, also in comments and scripts.

    The tree has them, too, but asking each element for it costs as much as all the rest after parsing.
    """
    return _HREF.findall(data if b"HREF=" not in data else data.replace(b"HREF=", b"href="))


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
        "parser": etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True),
        "assets": query("//@src", "//link/@href"),
        "names": query("//@id", "//@class"),
        "words": query("//img/@alt", "//@title", "//input/@placeholder", "//input/@value", "//meta/@content"),
    }


def _all(root: Any, what: str) -> list[str]:
    return [value for query in _tools()[what] for value in query(root)]


@dataclass(slots=True)
class _Found:
    """What one walk over the few telling elements of a page collects."""

    brand: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    """Where the page wants to be left for."""
    scripts: list[Any] = field(default_factory=list)


def _walk(root: Any) -> _Found:
    """Collect; the text of scripts and styles is taken out of the page."""
    found = _Found()
    for element in root.iter("script", "style", "template"):
        _take_text(element, found)
    head = root.find("head")
    for element in () if head is None else head.iterchildren("title", "meta"):
        if element.tag == "meta":
            _look_at_meta(element, found)
        else:
            found.brand.append(element.text or "")
    found.brand += [" ".join(heading.itertext()) for heading in islice(root.iter("h1"), 1)]
    images = islice(root.iter("img"), IMAGES)
    found.brand += [image.get("alt", "") for image in images if "logo" in image.get("src", "").lower()]
    return found


def _take_text(element: Any, found: _Found) -> None:
    if element.tag == "script":
        found.scripts.append(element)
        found.code.append(element.text or "")
    element.text = None


def _look_at_meta(element: Any, found: _Found) -> None:
    about = element.get("property") or element.get("http-equiv")
    if about == "og:site_name":
        found.brand.append(element.get("content", ""))
    elif about and about.lower() == "refresh":
        found.moves.append(element.get("content", ""))


def _features(root: Any, hrefs: list[bytes], *, whole: bool) -> Features:
    found = _walk(root)
    text: bytes = _tools()["etree"].tostring(root, method="text", encoding="utf-8")
    words = split_words(text)
    code = "\n".join(found.code).encode("utf-8", "replace")
    few = whole or len(words) <= FEW_WORDS
    assets, names, attributes, identifiers = _fillers(root, code) if few else (NONE, NONE, NONE, NONE)
    return Features(
        marks=(
            shingles(words),
            marks_of(plain_links(hrefs)),
            assets,
            names,
            attributes,
            identifiers,
            _brand(found.brand, text),
        ),
        facts=_facts(root, text, found, hrefs, len(words)),
    )


def _fillers(root: Any, code: bytes) -> tuple[Marks, Marks, Marks, Marks]:
    """Files, names, words of attributes, identifiers: what pages with little text are compared by."""
    attributes = split_words("\n".join(_all(root, "words")).encode("utf-8", "replace"))
    return (
        marks_of(_lines(map(_file_name, _all(root, "assets")))),
        marks_of("\n".join(_all(root, "names")).encode("utf-8", "replace").split()),
        marks_of(word for word in set(attributes) if len(word) > 2),
        marks_of(_IDENTIFIER.findall(code)),
    )


def split_words(text: bytes) -> list[bytes]:
    """Lower-case words; digits vanish (a count changes by the minute) and punctuation separates."""
    return text.translate(_SPACED, _DIGITS).split()


def shingles(words: list[bytes]) -> Marks:
    """Each three words in a row; fewer than three are one."""
    if len(words) < 3:
        return marks_of([b" ".join(words)]) if words else frozenset()
    return frozenset(map(crc32, map(b" ".join, zip(words, words[1:], words[2:], strict=False))))


def marks_of(features: Iterable[bytes]) -> Marks:
    """The CRC-32 of each."""
    return frozenset(map(crc32, set(features)))


def _lines(texts: Iterable[str]) -> list[bytes]:
    return [line for line in "\n".join(texts).encode("utf-8", "replace").split(b"\n") if line]


def _file_name(path: str) -> str:
    return path.partition("?")[0].partition("#")[0].rpartition("/")[2]


def _brand(lines: list[str], text: bytes) -> Marks:
    """Words of title, site name, first heading, image texts of logos and copyright line."""
    found = "\n".join(line[:200] for line in lines).encode("utf-8", "replace")
    sign = text.find(b"\xc2\xa9")
    owner = text[sign + 2 : sign + 80].partition(b"\n")[0] if sign >= 0 else b""
    words = split_words(found + b"\n" + owner)
    return marks_of(word for word in words if len(word) > 2)


def _facts(root: Any, text: bytes, found: _Found, hrefs: list[bytes], words: int) -> Facts:
    if words > MAX_WORDS or len(hrefs) > MAX_LINKS:
        return Facts(words=words, links=len(hrefs))
    sources = [script.get("src", "") for script in found.scripts]
    return Facts(
        words=words,
        links=len(hrefs),
        passwords=sum(entry.get("type", "").lower() == "password" for entry in root.iter("input")),
        downloads=len(_DOWNLOAD.findall(b"\n".join(hrefs))),
        scripts=len(found.scripts),
        signs=signs_in(text.decode("utf-8", "replace"), " ".join([*found.moves, *sources, *found.code])),
    )
