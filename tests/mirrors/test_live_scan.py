"""What the live tests read of a page, and that no page makes them slow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.live_scan import host_of, scan

PAGE = b"""<html><head><meta http-equiv=refresh content="0; url=https://other.example/x">
<link rel="stylesheet" href="/a.css"><script src="//cdn.example/lib.js"></script></head>
<a href="/item?a=1&amp;b=2">x</a> <a rel="nofollow ugc" href='https://sold.example/'>y</a> <a href=HTTPS://Site.example/top>z</a>
<form action="/login" method="post"><input name="q"></form>
<form action="/find"><input type=hidden name=lang><input type="search" name="w"></form>
<time datetime="2026-11-22T10:00:00+01:00">x</time> 2026-11-22 08:30 <i data-time="1795300000">
ca-pub-1234567890123456 UA-123456-1 <script>eval(function(p,a,c,k,e,d){})</script>"""


def test_a_page_is_read_as_a_browser_at_its_address_would():
    found = scan(PAGE, "https://site.example/dir/")

    assert found.links == ("https://site.example/item?a=1&b=2", "https://sold.example/", "https://Site.example/top")
    assert found.vouched == (found.links[0], found.links[2])
    assert {host_of(link) for link in found.written} == {"sold.example", "site.example"}
    assert found.assets == ("https://site.example/a.css", "https://cdn.example/lib.js")
    assert found.scripts == {"cdn.example"}
    assert found.refresh == "https://other.example/x"
    assert found.search == ("https://site.example/find", "w")
    assert [at.isoformat() for at in found.times[-2:]] == ["2026-11-22T08:30:00+00:00", "2026-11-21T22:26:40+00:00"]
    assert found.times[0].isoformat() == "2026-11-22T09:00:00+00:00"
    assert found.ids == {"ca-pub-1234567890123456", "UA-123456-1"}
    assert found.threats == {"obfuscated_script"}


@pytest.mark.parametrize("post", ["post", "POST"])
def test_a_form_that_posts_is_never_a_search(post):
    assert scan(f'<form method="{post}" action=/s><input name=q></form>'.encode(), "https://a.example/").search is None


HOSTILE = {
    "open tags": b"<a " * 22_000,
    "open quotes": b"<a " + b'a="' * 22_000,
    "attributes": b"<a " + b"a=1 " * 16_000 + b">",
    "spaces": b"<a a" + b" " * 65_000 + b"=1>",
    "names": b"<a " + b"a" * 65_000 + b">",
    "dates": b"2026-11-22T10:00:00" * 3_400,
    "digits": b"2" * 65_000,
    "ids": b"UA-" * 21_000,
    "forms": b"<form action=/>" * 4_300,
    "inputs": b"<form action=/>" + b"<input name=x>" * 4_600,
    "quoted": b"".join(b"<a " + b"b='\"" * 990 + b">" for _ in range(16)),
    "url=": b"<meta http-equiv=refresh content='" + b"url " * 16_000 + b"'>",
    "escapes": b"&" * 65_000,
    "locations": b"location = '" * 5_400,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_page_takes_long(name):
    began = time.process_time()
    scan(HOSTILE[name], "https://a.example/")

    assert time.process_time() - began < 1.5


@given(st.binary(max_size=2000) | st.text(alphabet="<a href='\">=/:?&;#[]%\\", max_size=400).map(str.encode))
def test_any_bytes_are_read(raw):
    found = scan(b"<a href=" + raw + b"><form action=" + raw, "https://a.example/")

    assert all(isinstance(link, str) for link in found.links)
