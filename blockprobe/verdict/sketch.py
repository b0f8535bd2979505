"""Is it the same page? Sketches of visible text that survive dates, tokens and advertisements.

A sketch is a bottom-k MinHash (Broder 1997; Cohen 1997) of the text's word triples: the 64 smallest hashes. The share
of common hashes estimates the Jaccard similarity of the two texts. Everything is bounded and takes linear time: the
text is the censor's.
"""

import html
import re
from zlib import crc32

#: How much of a page is looked at (characters), and of its words.
MAX_TEXT = 65_536
MAX_WORDS = 2_048
#: Hashes in a sketch.
SKETCH_SIZE = 64

_MAX_TITLE = 256

# Every alternative succeeds where it starts, at worst by eating the rest of the text: so the time is linear.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<script\b.*?(?:</script|\Z)"
    r"|<style\b.*?(?:</style|\Z)"
    r"|<[^>]*(?:>|\Z)",
    re.DOTALL,
)
# Chinese, Japanese and Korean are written without spaces: each of their characters counts as a word.
_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_ASCII_WORDS = bytes(code if chr(code).isalnum() or chr(code) == "_" else 32 for code in range(128)) + bytes(128)
_TITLE = re.compile(r"<title\b[^>]{0,512}>([^<]{0,1024})", re.IGNORECASE)


def title_of(page: str) -> str | None:
    """The text of the first <title>, white space folded, at most 256 characters; None when there is none."""
    found = _TITLE.search(page, 0, MAX_TEXT)
    if found is None:
        return None
    return " ".join(html.unescape(found[1]).split())[:_MAX_TITLE] or None


def text_sketch(body: str) -> tuple[int, ...]:
    """Up to 64 ascending 32-bit hashes of the visible text; empty when there is none. The same in every process.

    Words with a digit or underscore count as one and the same word: dates, prices and ids change from fetch to fetch.
    """
    words = _words(_MARKUP.sub(" ", body[:MAX_TEXT].lower()))
    if not words:
        return ()
    triples = zip(words, words[1:], words[2:], strict=False) if len(words) > 2 else [tuple(words)]
    hashes = set(map(crc32, map(b" ".join, triples)))
    return tuple(sorted(hashes)[:SKETCH_SIZE])


def _words(text: str) -> list[bytes]:
    """The words of lower-case text in UTF-8, "0" for those that are not of letters alone."""
    if text.isascii():  # most pages: four times as fast, and the same
        plain = text.encode().translate(_ASCII_WORDS).split()[:MAX_WORDS]
        return [word if word.isalpha() else b"0" for word in plain]
    shown = [word if word.isalpha() else "0" for word in _WORD.findall(text)[:MAX_WORDS]]
    return " ".join(shown).encode().split(b" ") if shown else []  # no word holds a space; one encoding is cheaper


def similarity(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """The estimated Jaccard similarity of two texts, 0 to 1. An empty sketch is like no other: no text, no proof."""
    ours, theirs = set(a), set(b)
    if not ours or not theirs:
        return 0.0
    smallest = sorted(ours | theirs)[:SKETCH_SIZE]
    common = ours & theirs
    return sum(one in common for one in smallest) / len(smallest)
