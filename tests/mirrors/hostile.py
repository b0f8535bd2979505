"""Pages that are meant to hurt a parser, and random ones; the same seed makes the same pages."""

import gzip
import random
from collections.abc import Callable, Iterator

TAGS = (
    "div",
    "table",
    "tr",
    "td",
    "p",
    "a",
    "b",
    "i",
    "ul",
    "li",
    "span",
    "script",
    "style",
    "svg",
    "math",
    "title",
    "select",
    "option",
    "form",
    "input",
    "h1",
    "br",
    "template",
)
CODECS = ("utf-8", "utf-16", "utf-16-le", "latin-1", "cp1251", "shift_jis", "utf-7", "gb18030")


def _nested(rng: random.Random) -> bytes:
    return f"<{rng.choice(TAGS)}>".encode() * rng.randint(10, 20000) + b"end"


def _attributes(rng: random.Random) -> bytes:
    return b"<p " + b" ".join(b"a%d=%d" % (n, n) for n in range(rng.randint(10, 100_000))) + b">x</p>"


def _unclosed(rng: random.Random) -> bytes:
    piece = rng.choice(
        [b"<a ", b"<!--", b"</", b"<![CDATA[", b"<?", b"<!", b"&#", b"&", b"<a href='", b'<p class="', b"<"]
    )
    return piece * rng.randint(1, 65536 // len(piece))


def _zeros(rng: random.Random) -> bytes:
    return gzip.compress(b"\0" * rng.choice((1000, 10**6)), compresslevel=1)


def _wrong_encoding(rng: random.Random) -> bytes:
    text = f"<meta charset={rng.choice(CODECS)}><title>žluťoučký кот 猫</title><p>" + "слово " * rng.randint(1, 500)
    return text.encode(rng.choice(CODECS), "replace")


def _random_bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randint(0, 5000))


def _random_markup(rng: random.Random) -> bytes:
    pieces = [
        *(f"<{tag}>" for tag in TAGS),
        *(f"</{tag}>" for tag in TAGS),
        "word ",
        "href=x ",
        '"',
        "'",
        ">",
        "\0",
        "&amp;",
    ]
    return "".join(rng.choice(pieces) for _ in range(rng.randint(1, 3000))).encode()


def _long_values(rng: random.Random) -> bytes:
    value = rng.choice(["a.", "%3a", "/x", "aHR0c", "http://", "../", "=", "\n"]) * rng.randint(1, 15000)
    return f'<a href="{value}">x</a><meta content="{value}"><script>{value}</script>'.encode()


def _phrases(rng: random.Random) -> bytes:
    return rng.choice([b"domain ", b"blocked ", b"buy now ", b"court order ", b"parked "]) * rng.randint(1, 240)


MAKERS: tuple[Callable[[random.Random], bytes], ...] = (
    _nested,
    _attributes,
    _unclosed,
    _zeros,
    _wrong_encoding,
    _random_bytes,
    _random_markup,
    _long_values,
    _phrases,
)


def hostile_pages(count: int, *, seed: int) -> Iterator[bytes]:
    """So many pages, each kind in turn."""
    rng = random.Random(seed)
    for number in range(count):
        yield MAKERS[number % len(MAKERS)](rng)
