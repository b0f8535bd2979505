"""Bytes of a page become Features; lxml does the reading, and hostile pages are read in a child (reader.py).

What costs time per element is left to C: one XPath a kind of attribute, one call for all text, `bytes.translate` and
`zlib.crc32` instead of loops.
"""

import codecs
import re
from collections.abc import Iterable
from functools import cache
from typing import Any
from zlib import crc32

from blockprobe.mirrors.features import Facts, Features, Marks
from blockprobe.mirrors.links import plain_links
from blockprobe.mirrors.signs import MAX_LINKS, MAX_WORDS, signs_in

MAX_PAGE_BYTES = 65536

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})")
_LETTERS = bytes(range(128)).lower()
_SPACED = bytes(c if chr(c).isalpha() else 32 for c in _LETTERS) + bytes(range(128, 256))
_DIGITS = b"0123456789"
_IDENTIFIER = re.compile(rb"[A-Za-z_$][A-Za-z_$]{3,}")
_DOWNLOAD = re.compile(r"\.(?:exe|msi|apk|dmg|scr|bat|jar|xpi|crx)(?:[?#]|$)", re.IGNORECASE | re.MULTILINE)


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


def read_page(raw: bytes) -> Features:
    """The features of one page's first 64 KiB. Bytes that are no markup at all give empty Features.

    Raises PageTooDeep when elements are nested more than 2,048 deep.
    """
    tools = _tools()
    data = as_utf8(raw[:MAX_PAGE_BYTES])
    # A space before each closing tag and line break, so that text of neighbouring cells does not become one word.
    spaced = data.replace(b"</", b" </").replace(b"<br", b" <br")
    try:
        root = tools["etree"].fromstring(spaced, tools["parser"])
    except tools["etree"].LxmlError:
        root = None
    if tools["parser"].error_log.filter_from_fatals():
        raise PageTooDeep("nested more than 2048 deep")
    if root is None:
        return Features()
    code = _take_scripts(root)
    text: bytes = tools["etree"].tostring(root, method="text", encoding="utf-8")
    return _features(root, text, code)


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
        "links": query("//@href"),
        "assets": query("//@src", "//link/@href"),
        "names": query("//@id", "//@class"),
        "words": query("//img/@alt", "//@title", "//input/@placeholder", "//input/@value", "//meta/@content"),
    }


def _all(root: Any, what: str) -> list[str]:
    return [value for query in _tools()[what] for value in query(root)]


def _take_scripts(root: Any) -> bytes:
    """The text of scripts, which is taken out of the page together with that of styles."""
    found: list[str] = []
    for element in root.iter("script", "style", "template"):
        if element.text:
            if element.tag == "script":
                found.append(element.text)
            element.text = None
    return "\n".join(found).encode("utf-8", "replace")


def _features(root: Any, text: bytes, code: bytes) -> Features:
    words, hrefs = split_words(text), _all(root, "links")
    attributes = split_words("\n".join(_all(root, "words")).encode("utf-8", "replace"))
    return Features(
        marks=(
            shingles(words),
            marks_of(path.encode("utf-8", "replace") for path in plain_links(hrefs)),
            marks_of(_lines(map(_file_name, _all(root, "assets")))),
            marks_of("\n".join(_all(root, "names")).encode("utf-8", "replace").split()),
            marks_of(word for word in set(attributes) if len(word) > 2),
            marks_of(_IDENTIFIER.findall(code)),
            _brand(root, text),
        ),
        facts=_facts(root, text, code, hrefs, len(words)),
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


def _brand(root: Any, text: bytes) -> Marks:
    """Words of title, site name, first heading, image texts of logos and copyright line."""
    lines = [root.findtext(".//title") or "", *_first_heading(root)]
    lines += [meta.get("content", "") for meta in root.iter("meta") if meta.get("property") == "og:site_name"]
    lines += [image.get("alt", "") for image in root.iter("img") if "logo" in image.get("src", "").lower()][:2]
    found = "\n".join(line[:200] for line in lines).encode("utf-8", "replace")
    sign = text.find(b"\xc2\xa9")
    owner = text[sign + 2 : sign + 80].partition(b"\n")[0] if sign >= 0 else b""
    words = split_words(found + b"\n" + owner)
    return marks_of(word for word in words if len(word) > 2)


def _first_heading(root: Any) -> list[str]:
    heading = next(root.iter("h1"), None)
    return [] if heading is None else [" ".join(heading.itertext())]


def _facts(root: Any, text: bytes, code: bytes, hrefs: list[str], words: int) -> Facts:
    if words > MAX_WORDS or len(hrefs) > MAX_LINKS:
        return Facts(words=words, links=len(hrefs))
    scripts = list(root.iter("script"))
    moves = [tag.get("content", "") for tag in root.iter("meta") if tag.get("http-equiv", "").lower() == "refresh"]
    told = " ".join([code.decode("utf-8", "replace"), *(script.get("src", "") for script in scripts), *moves])
    return Facts(
        words=words,
        links=len(hrefs),
        passwords=sum(field.get("type", "").lower() == "password" for field in root.iter("input")),
        downloads=len(_DOWNLOAD.findall("\n".join(hrefs))),
        scripts=len(scripts),
        signs=signs_in(text.decode("utf-8", "replace"), told),
    )
