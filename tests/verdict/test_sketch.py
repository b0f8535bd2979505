import random
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.verdict.sketch import MAX_TEXT, SKETCH_SIZE, similarity, text_sketch, title_of

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DICE = random.Random(20261121)  # the same pages in every run
_WORDS = ["".join(_DICE.choices(_LETTERS, k=_DICE.randint(2, 10))) for _ in range(2_000)]


def _page(words: list[str], *, token: str = "a1b2c3", date: str = "21 Nov 2026", title: str = "Films") -> str:
    paragraphs = [" ".join(words[i : i + 25]) for i in range(0, len(words), 25)]
    body = "".join(f'<p class="x">{text}.</p>\n' for text in paragraphs)
    return (
        f"<!doctype html><html><head><title>{title}</title><script>var t='{token}';</script>"
        f"<style>p {{color: red}}</style></head><body><!-- {token} --><h1>{title}</h1><p>{date}</p>{body}"
        f'<a href="/?s={token}">session {token}</a></body></html>'
    )


_SITE = _DICE.choices(_WORDS, k=400)
_BLOCK_PAGE = _page(
    ["access", "to", "this", "site", "was", "restricted", "by", "order", "of", "the", "court"], title="Blocked"
)


def test_equal_pages_are_alike() -> None:
    assert similarity(text_sketch(_page(_SITE)), text_sketch(_page(_SITE))) == 1.0


def test_dates_tokens_and_markup_do_not_count() -> None:
    a = text_sketch(_page(_SITE))
    b = text_sketch(_page(_SITE, token="9f8e7d6c", date="3 Jan 2027").replace('class="x"', 'class="y z"'))
    assert similarity(a, b) > 0.9


@pytest.mark.parametrize("length", [40, 100, 400, 1_500])
def test_a_page_with_another_advertisement_is_still_the_same(length: int) -> None:
    site = _DICE.choices(_WORDS, k=length)
    changed = list(site)
    at = length // 2
    changed[at : at + max(2, length // 20)] = _DICE.choices(_WORDS, k=max(2, length // 20))
    assert similarity(text_sketch(_page(site)), text_sketch(_page(changed))) > 0.6


@pytest.mark.parametrize("length", [20, 100, 1_000])
def test_a_block_page_is_no_site(length: int) -> None:
    site = text_sketch(_page(_DICE.choices(_WORDS, k=length)))
    assert similarity(site, text_sketch(_BLOCK_PAGE)) < 0.1


@pytest.mark.parametrize("kept", [0.25, 0.5, 0.75])
def test_the_estimate_is_near_the_true_similarity(kept: float) -> None:
    ours = _DICE.choices(_WORDS, k=1_200)
    theirs = ours[: int(1_200 * kept)] + _DICE.choices(_WORDS, k=1_200 - int(1_200 * kept))
    true = kept / (2 - kept)
    assert abs(similarity(text_sketch(" ".join(ours)), text_sketch(" ".join(theirs))) - true) < 0.2


@pytest.mark.parametrize("page", ["", "   ", "<html></html>", "<!-- x -->", "<script>words</script>", "!?", "\udc80"])
def test_a_page_without_text_is_like_nothing_not_even_itself(page: str) -> None:
    assert text_sketch(page) == ()
    assert similarity((), ()) == 0.0
    assert similarity((), text_sketch(_BLOCK_PAGE)) == 0.0


@pytest.mark.parametrize("page", ["hello", "hello world", "Not found", "404"])
def test_tiny_pages_are_told_apart(page: str) -> None:
    assert similarity(text_sketch(page), text_sketch(f"<p>{page.upper()}</p>")) == 1.0
    assert similarity(text_sketch(page), text_sketch("it works")) == 0.0


def test_languages_without_spaces_are_compared_by_character() -> None:
    text = "裁判所の命令によりこのサイトへの接続は制限されていますのでご了承くださいますようお願い申し上げます"
    assert similarity(text_sketch(text), text_sketch(text.replace("命令", "指示"))) > 0.6


@given(st.text(max_size=400), st.text(max_size=400))
def test_similarity_is_symmetric_and_between_nought_and_one(a: str, b: str) -> None:
    ours, theirs = text_sketch(a), text_sketch(b)
    assert 0.0 <= similarity(ours, theirs) == similarity(theirs, ours) <= 1.0
    assert similarity(ours, ours) == (1.0 if ours else 0.0)


@given(st.lists(st.integers(0, 2**32 - 1)).map(tuple), st.lists(st.integers(0, 2**32 - 1)).map(tuple))
def test_similarity_takes_any_numbers(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    assert 0.0 <= similarity(a, b) <= 1.0


@given(st.text(max_size=2_000))
def test_a_sketch_is_small_ascending_and_blind_to_case_and_space(text: str) -> None:
    sketch = text_sketch(text)
    assert len(sketch) <= SKETCH_SIZE
    assert list(sketch) == sorted(set(sketch))
    assert all(0 <= one < 2**32 for one in sketch)
    assert text_sketch(f"  \n{text}\t ") == sketch


@given(st.text(max_size=50))
def test_what_is_beyond_the_limit_does_not_count(tail: str) -> None:
    text = ("word " * MAX_TEXT)[:MAX_TEXT]
    assert text_sketch(text + tail) == text_sketch(text)


@given(st.text(st.characters(max_codepoint=127), max_size=400))
def test_pages_in_ascii_are_read_as_all_others(text: str) -> None:
    assert text_sketch(text) == text_sketch(text + " \N{BULLET}"), "no word, but not ASCII"


def test_sketches_are_the_same_in_every_process() -> None:
    code = "from blockprobe.verdict.sketch import text_sketch; print(text_sketch('one two three four'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert other.stdout.strip() == str(text_sketch("one two three four"))


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>A</title>", "A"),
        ("<html><TITLE lang=en>\n A  b </Title>", "A b"),
        ("<title>a &amp; b &#x3c;</title>", "a & b <"),
        ("<title></title>", None),
        ("<title>  </title>", None),
        ("<title", None),
        ("no title", None),
        ("<titles>x</titles>", None),
        ("<title>never closed", "never closed"),
        ("<title>" + "x" * 5_000, "x" * 256),
    ],
)
def test_titles(page: str, title: str | None) -> None:
    assert title_of(page) == title


_HOSTILE = [
    "<script",
    "<!--",
    "<",
    "</script",
    "<title",
    "<title>",
    "<style>",
    "a",
    "a1",
    "-",
    "<a b='",
    "&",
    " ",
    "é",
    "\u3042",
]


@pytest.mark.parametrize("piece", _HOSTILE)
def test_no_page_takes_long(piece: str) -> None:
    page = (piece * (2 * MAX_TEXT))[: 2 * MAX_TEXT]
    began = time.process_time()
    text_sketch(page)
    title_of(page)
    assert time.process_time() - began < 0.2


@given(st.lists(st.sampled_from([*_HOSTILE, ">", "</title>", "-->", "word "]), max_size=30).map("".join))
def test_no_mixture_of_markup_makes_it_raise(page: str) -> None:
    text_sketch(page)
    title_of(page)
