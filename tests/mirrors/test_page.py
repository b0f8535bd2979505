"""From bytes to features: what a copy keeps gives the same marks, and nothing in the bytes makes it raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.features import Features, Kind
from blockprobe.mirrors.page import MAX_PAGE_BYTES, PageTooDeep, as_utf8, read_page, shingles, split_words

PAGE = b"""<!DOCTYPE html><html><head><title>Reed Organ - a shop</title>
<meta property="og:site_name" content="Reed Organ"><script>var settings = {"shelfNumber": 12};</script>
<link rel="stylesheet" href="/look/main.css?v=3"></head>
<body><h1>Reed Organ</h1><ul id="menu" class="wide dark"><li><a href="/pipes/long">Long pipes and short</a></li>
<li><a href="/bellows">Bellows</a></li></ul><img src="/i/logo.png" alt="Reed Organ"><p>We sell 15 organs a day</p>
<p>&copy; Reed Organ 2024</p></body></html>"""


def test_every_kind_of_mark_is_found():
    page = read_page(PAGE)

    assert {kind: len(page.of(kind)) > 0 for kind in Kind} == dict.fromkeys(Kind, True)
    assert page.facts.links == 3


@pytest.mark.parametrize(
    "changed",
    [
        PAGE.replace(b"><", b">\n  <"),
        PAGE.replace(b"15 organs", b"1907 organs"),
        PAGE.replace(b'href="/', b'href="https://copy.example/'),
        PAGE.replace(b"<p>", b"<!-- advertisement --><p>"),
    ],
    ids=["indented", "other numbers", "other host", "comments"],
)
def test_what_a_copy_changes_by_the_way_changes_no_text_and_no_link(changed):
    page, same = read_page(changed), read_page(PAGE)

    assert (page.of(Kind.TEXT), page.of(Kind.LINK)) == (same.of(Kind.TEXT), same.of(Kind.LINK))


def test_neighbouring_cells_are_different_words():
    assert split_words(b"a</td> b") == [b"a", b"td", b"b"]
    assert read_page(b"<td>one</td><td>two</td><td>three</td>").of(Kind.TEXT) == {*shingles([b"one", b"two", b"three"])}


def test_scripts_and_styles_are_no_text():
    assert read_page(b"<script>alpha beta gamma</script><style>p {color: red}</style>").of(Kind.TEXT) == frozenset()


def test_a_brand_is_read_from_title_name_heading_logo_and_copyright_line():
    bare = read_page(b"<p>&copy; Marvellous 2024</p>")

    assert len(bare.of(Kind.BRAND)) == 1
    assert bare.of(Kind.BRAND) == read_page(b"<title>Marvellous</title>").of(Kind.BRAND)
    assert bare.of(Kind.BRAND) == read_page(b'<img src="/logo.svg" alt="MARVELLOUS">').of(Kind.BRAND)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("naïve кот".encode(), "naïve кот"),
        (b"\xef\xbb\xbf" + "naïve".encode(), "naïve"),
        ("\ufeffnaïve".encode("utf-16-le"), "naïve"),
        ('<meta charset="windows-1251">кот'.encode("cp1251"), '<meta charset="windows-1251">кот'),
        ("<meta charset=utf-8>naïve".encode("latin-1"), "<meta charset=utf-8>naïve"),
        ("<meta charset=no-such-thing>naïve".encode("latin-1"), "<meta charset=no-such-thing>naïve"),
        (b"nul\0byte", "nulbyte"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16", "declared", "declared wrongly", "unknown", "nul"],
)
def test_text_is_read_in_the_encoding_that_fits(raw, text):
    assert as_utf8(raw).decode() == text


def test_no_more_than_64_kib_are_looked_at():
    filler = b"<p>word</p>" * (MAX_PAGE_BYTES // 11 + 1)

    assert read_page(filler + b"<a href='/late'>x</a>").of(Kind.LINK) == frozenset()


def test_a_page_nested_three_hundred_deep_is_read_and_one_nested_ten_thousand_deep_says_so():
    assert read_page(b"<div>" * 300 + b"one two three").of(Kind.TEXT) == {*shingles([b"one", b"two", b"three"])}
    with pytest.raises(PageTooDeep):
        read_page(b"<div>" * 10_000 + b"one two three")


def test_what_is_no_markup_has_no_features():
    assert read_page(b"") == Features()
    assert read_page(b"\0" * 1000) == Features()


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(raw):
    read_page(b"<html>" + raw)
    read_page(raw)
