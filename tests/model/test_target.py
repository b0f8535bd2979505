"""What people type becomes a target, or one clear line."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.model.errors import TargetError
from blockprobe.model.target import parse_target, shown, with_overrides

READ = {
    "a.example": ("https://a.example/", "a.example", None, True),
    "  a.example ": ("https://a.example/", "a.example", None, True),
    "A.Example.": ("https://a.example/", "a.example", None, True),
    "a.example/": ("https://a.example/", "a.example", None, True),
    "a.example:8443": ("https://a.example:8443/", "a.example", 8443, True),
    "a.example:443": ("https://a.example/", "a.example", 443, False),
    "a.example:80": ("http://a.example/", "a.example", 80, False),
    "foo_bar.example": ("https://foo_bar.example/", "foo_bar.example", None, True),
    "https://a.example": ("https://a.example/", "a.example", None, False),
    "HTTP://A.EXAMPLE:80/P?q=1#top": ("http://a.example/P?q=1", "a.example", 80, False),
    "http://a.example:8080/": ("http://a.example:8080/", "a.example", 8080, False),
    "http://a.example?q": ("http://a.example/?q", "a.example", None, False),
    "https://a.example/ü": ("https://a.example/%C3%BC", "a.example", None, False),
    "https://a.example/%41?x=%20&y=[]": ("https://a.example/%41?x=%20&y=[]", "a.example", None, False),
    "198.51.100.7": ("https://198.51.100.7/", "198.51.100.7", None, True),
    "198.51.100.7:80": ("http://198.51.100.7/", "198.51.100.7", 80, False),
    "http://198.51.100.7/": ("http://198.51.100.7/", "198.51.100.7", None, False),
    "2001:DB8::7": ("https://[2001:db8::7]/", "2001:db8::7", None, True),
    "[2001:db8::7]": ("https://[2001:db8::7]/", "2001:db8::7", None, True),
    "[2001:db8::7]:8443": ("https://[2001:db8::7]:8443/", "2001:db8::7", 8443, True),
    "http://[2001:db8:0::7]:80/x": ("http://[2001:db8::7]/x", "2001:db8::7", 80, False),
    "bücher.example": ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", None, True),
    "https://BÜCHER.example/": ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", None, False),
    "faß.example": ("https://xn--fa-hia.example/", "xn--fa-hia.example", None, True),
    "例え。テスト": ("https://xn--r8jz45g.xn--zckzah/", "xn--r8jz45g.xn--zckzah", None, True),
    "😀.example": ("https://xn--e28h.example/", "xn--e28h.example", None, True),
    "xn--bcher-kva.example": ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", None, True),
}

REFUSED = {
    "": "empty target",
    "   ": "empty target",
    "a b.example": "white space",
    "a.example\tb": "white space",
    "\x1b[31ma.example": "control characters",
    "a\udcff.example": "no UTF-8",
    "ftp://a.example/": "'ftp' cannot be measured",
    "a.example/path": "write https://a.example/path",
    "user:secret@a.example": "remove the part up to '@'",
    "https://user:secret@a.example/": "remove the part up to '@'",
    "a.example:0": "port '0'",
    "a.example:65536": "port '65536'",
    "a.example:": "port ''",
    "a.example:x": "port 'x'",
    "[2001:db8::7": "brackets",
    "[a.example]": "no IPv6 address",
    "2001:db8:::7": "no IPv6 address",
    "fe80::1%eth0": "zone",
    "256.1.1.1": "no IPv4 address",
    "127.1": "no IPv4 address",
    "0x7f.1": "no IPv4 address",
    "localhost": "single label",
    ".": "empty label",
    "a..example": "empty label",
    "https:///x": "empty",
    "-a.example": "no part of a host name",
    "a\\b.example": "no part of a host name",
    "*.example.org": "no part of a host name",
    "a" * 64 + ".example": "at most 63",
    ".".join(["a" * 60] * 5): "at most 253",
    "a.example/" + "x" * 9000: "too long",
}


@pytest.mark.parametrize("text", READ)
def test_what_people_type_is_understood(text: str) -> None:
    target = parse_target(text)

    assert (target.url, target.host, target.port, target.bare) == READ[text]
    assert target.input == text.strip()


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_measured_is_refused_in_one_clear_line(text: str) -> None:
    with pytest.raises(TargetError) as caught:
        parse_target(text)

    message = str(caught.value)
    assert REFUSED[text] in message
    assert len(message) < 250
    assert message.isprintable()


def test_a_password_is_never_repeated_in_a_message() -> None:
    with pytest.raises(TargetError) as caught:
        parse_target("https://user:secret@a.example/")

    assert "secret" not in str(caught.value)


@given(st.one_of(st.text(max_size=60), st.text(string.printable, max_size=60), st.text("a.:/[]%@#?ü0x-", max_size=40)))
def test_parsing_raises_nothing_but_target_errors(text: str) -> None:
    for candidate in (text, f"http://{text}", f"https://a.example{text}"):
        try:
            target = parse_target(candidate)
        except TargetError:
            continue
        assert target.host.isascii()
        assert target.url.isascii()


@given(st.sampled_from(sorted(READ)))
def test_reading_the_url_again_gives_the_same_place(text: str) -> None:
    first = parse_target(text)

    again = parse_target(first.url)

    assert (again.url, again.host) == (first.url, first.host)


def test_overrides_change_where_and_under_which_name_and_nothing_else() -> None:
    target = parse_target("https://a.example/")

    changed = with_overrides(target, ip="[2001:DB8::1]", sni="N1.Example", header_host="b.example:8080")

    assert (changed.ip, changed.sni, changed.header_host) == ("2001:db8::1", "n1.example", "b.example:8080")
    assert (changed.url, changed.host) == (target.url, target.host)


@pytest.mark.parametrize(("key", "value"), [("ip", "a.example"), ("sni", "a b"), ("header_host", "a.example:x")])
def test_unusable_overrides_are_refused(key: str, value: str) -> None:
    with pytest.raises(TargetError):
        with_overrides(parse_target("a.example"), **{key: value})


def test_a_long_or_hostile_text_is_shown_short_and_harmless() -> None:
    assert shown("a\x1b[2Jb") == r"'a\x1b[2Jb'"
    assert len(shown("x" * 10_000)) <= 82
