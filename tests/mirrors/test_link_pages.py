import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.mirrors.brand import brand_of
from blockprobe.mirrors.link_pages import host_of, links_of, listed_candidates
from blockprobe.mirrors.name_filter import NameFilter
from blockprobe.mirrors.shapes import shipped_tables
from blockprobe.model.mirror import Source

BRANDS = (brand_of("somebrand.to"), brand_of("kat.to"))
FILTER = NameFilter(BRANDS, shipped_tables())
PAGE = b"""<html><body><A class=x HREF='https://somebrand2.example/'>mirror 2</a>
<a href="//www.unrelated.example/go">Some <b>Brand</b> proxy</a>
<a href=https://kat.am>KAT</a> <a href="https://cats.example/">skating</a>
<a href="https://www.somebrand.to/">the site</a> <a href="/about">somebrand</a>
<a href="https://192.0.2.1/">somebrand</a> <a href="mailto:x@somebrand9.example">somebrand</a>
<abbr title="x">somebrand</abbr><a href="https://news.example/?a=1&amp;b=2">news</a>"""


def listed(page: bytes) -> list[tuple[str, str]]:
    found = list(listed_candidates(page, BRANDS, FILTER, "list.html"))
    assert {one.source for one in found} <= {Source.LINK_LIST}
    return [(one.name, one.site) for one in found]


def test_an_address_or_its_text_names_the_brand():
    assert listed(PAGE) == [
        ("kat.am", "kat.to"),
        ("somebrand2.example", "somebrand.to"),
        ("unrelated.example", "somebrand.to"),
    ]


def test_a_page_without_links_is_a_list_of_names():
    assert listed(b"# mirrors\nhttps://somebrand3.example/x\nkat.am\nother.example\n") == [
        ("kat.am", "kat.to"),
        ("somebrand3.example", "somebrand.to"),
    ]


def test_links_have_their_address_and_their_text():
    assert list(links_of('<a\thref = "/a?x=1&amp;y=2" >one <i>two</i>&nbsp;</a><a name=x>no</a><a>x</a>')) == [
        ("/a?x=1&y=2", "one two")
    ]


@pytest.mark.parametrize("href", ["http://[::1", "https:///x", "javascript:alert(1)", "", "http://a b/", "x" * 9000])
def test_an_address_without_a_host_is_none(href):
    assert host_of(href) is None


@pytest.mark.parametrize(
    "piece", [b"<a ", b"<a href=", b"<a href=x>", b"<a href='" + b"x" * 50 + b"'><b", b"</a", b"<"]
)
def test_a_page_of_unclosed_pieces_takes_linear_time(piece):
    page = piece * (1_000_000 // len(piece))
    began = time.process_time()

    listed(page)

    assert time.process_time() - began < 20


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="<>a/ href='\"=&;#x.somebrand:", max_size=300))
def test_any_text_is_read_without_a_fault(text):
    listed(text.encode())
    list(links_of(text))
