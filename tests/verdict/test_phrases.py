"""The index must never change what matches: it is compared with plain substring search on the same folded bytes."""

import time

from hypothesis import given
from hypothesis import strategies as st

from blockprobe.verdict.phrases import MAX_TEXT, PhraseIndex, fold

WORD = st.sampled_from(["access", "to", "this", "site", "blocked", "court", "é", "order", "x" * 30])
WORDS = st.lists(WORD, max_size=30)


def test_folding_ignores_case_white_space_entities_and_typography():
    assert fold("L’Accès\r\n  &agrave; CE&nbsp;site – bloqué") == fold("l'accès à ce site - bloqué")


def test_folding_survives_a_character_reference_of_thousands_of_digits():
    assert fold("&#" + "9" * 5000 + ";blocked").endswith(b"blocked")


def test_folding_survives_lone_surrogates():
    assert fold("a\ud800b") == b"a?b"


@given(st.text(max_size=300))
def test_folding_is_total(text):
    fold(text)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=2), min_size=1, max_size=5), WORDS, st.integers(0, 9))
def test_the_index_finds_exactly_what_plain_search_finds(entries, words, shift):
    lines = [[" ".join(phrase) for phrase in line] for line in entries]
    text = "-" * shift + " ".join(words)

    found = PhraseIndex(enumerate([[line] for line in lines])).find(text)

    folded = fold(text)
    assert found == [number for number, line in enumerate(lines) if any(fold(phrase) in folded for phrase in line)]


@given(st.integers(0, 64), st.integers(15, 60))
def test_a_long_phrase_is_found_at_every_offset(offset, length):
    phrase = "".join(chr(ord("a") + at * 7 % 26) for at in range(length))

    assert PhraseIndex([(0, [[phrase]])]).find("#" * offset + phrase + "#" * (offset % 5)) == [0]


def test_every_line_of_an_entry_must_be_found():
    index = PhraseIndex([(3, [["this site is blocked", "this page is blocked"], ["court", "judge"]])])

    assert index.find("This page is blocked, the judge said") == [3]
    assert index.find("This page is blocked") == []
    assert index.find("the court and the judge") == []


def test_text_past_the_limit_is_not_looked_at():
    index = PhraseIndex([(0, [["this site is blocked"]])])

    assert index.find("x" * MAX_TEXT + "this site is blocked") == []


def test_time_grows_no_faster_than_the_text():
    index = PhraseIndex((n, [[f"this site is blocked by order {n}"]]) for n in range(500))

    def seconds(text: str) -> float:
        began = time.process_time()
        index.find(text)
        return time.process_time() - began

    for hostile in ("&a", "this site is blocked by order ", "<", "&#99999999999"):
        short, long = (min(seconds((hostile * size)[:size]) for _ in range(5)) for size in (4_000, 64_000))
        assert long < 16 * 8 * short + 0.02, hostile
