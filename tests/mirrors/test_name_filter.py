import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.mirrors.brand import brand_of
from blockprobe.mirrors.name_filter import NameFilter
from blockprobe.mirrors.name_lines import MAX_LINE_BYTES, Tally
from blockprobe.mirrors.shapes import shipped_tables

BRANDS = tuple(brand_of(site) for site in ("somebrand.to", "the-other-brand.com", "kat.to"))
FILTER = NameFilter(BRANDS, shipped_tables())


def found(host: str) -> list[tuple[str, str]]:
    return [(match.name, match.brand.site) for match in FILTER.matches(host)]


def found_in(data: bytes, tally: Tally | None = None, column: int | None = None) -> list[str]:
    return [match.name for match in FILTER.matches_in(io.BytesIO(data), tally or Tally(), column)]


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("somebrand.com", [("somebrand.com", "somebrand.to")]),
        ("www.mysome-brand2.co.uk", [("mysome-brand2.co.uk", "somebrand.to")]),
        ("somebrand.mirrors.example", [("somebrand.mirrors.example", "somebrand.to")]),
        ("somebrand.pages.dev", [("somebrand.pages.dev", "somebrand.to")]),
        ("somebrand.to", []),  # the site itself
        ("www.somebrand.to", []),
        ("otherbrand.net", [("otherbrand.net", "the-other-brand.com")]),
        ("some.brand.example", []),
        ("brand.example", []),
        ("somebrand", []),
    ],
)
def test_a_brand_is_found_in_the_labels_that_somebody_chose(host, names):
    assert found(host) == names


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("kat.am", True),
        ("kat2.net", True),
        ("x-kat-y.net", True),
        ("thekat.net", True),  # a shape that mirrors have
        ("kattv.net", True),
        ("katiescucina.com", False),
        ("meerkat.com", False),
        ("bookatour.com", False),
        ("kat-ie.example", True),
    ],
)
def test_a_short_word_must_stand_alone_or_in_a_known_shape(host, is_one):
    assert bool(found(host)) == is_one


def test_only_lines_with_a_hit_are_read_and_each_once():
    block = b"a.example\nx.somebrand.com,some-brand.net\nb.example\nSOMEBRAND.org"

    assert list(FILTER.lines_with_hits(block)) == [b"x.somebrand.com,some-brand.net", b"SOMEBRAND.org"]
    assert found_in(block) == ["somebrand.com", "some-brand.net", "somebrand.org"]
    assert found_in(block, column=2) == ["some-brand.net"]


def test_a_long_line_with_a_hit_is_counted_and_not_read():
    tally = Tally()

    assert found_in(b"somebrand.com " + b"x" * MAX_LINE_BYTES + b"\nsomebrand.net\n", tally) == ["somebrand.net"]
    assert tally.long_lines == 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b"a.example", b"somebrand.net", b"so-mebrand.org", b"kat.am", b"", b"\xff\x00-"])))
def test_blocks_find_what_lines_by_themselves_would(lines):
    one_by_one = [line for line in lines if list(FILTER.lines_with_hits(line))]

    assert list(FILTER.lines_with_hits(b"\n".join(lines))) == one_by_one


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_searched_without_a_fault(data):
    for name in found_in(data + b" somebrand.net"):
        assert "." in name
