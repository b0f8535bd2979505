"""Lists of open proxies, a line each."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.proxy_list import PROXIES, home_of, proxies_in
from blockprobe.model.mirror import MirrorClass
from blockprobe.model.mirror_life import Life

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def read(*lines):
    return list(proxies_in(lines, now=NOW))


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("https://proxy.example/?u={url}", "https://proxy.example/?u={url}"),
        ("https://proxy.example:8443/p/{url}", "https://proxy.example:8443/p/{url}"),
        ("http://198.51.100.7:3128", "http://198.51.100.7:3128"),
        ("socks5h://[2001:db8::1]", "socks5://[2001:db8::1]:1080"),
        (" http://Proxy.example ", "http://proxy.example:80"),
    ],
)
def test_every_kind_of_proxy_has_a_life(line, name):
    (found,) = read("# mine", "", line)

    assert (found.name, found.site, found.kind) == (name, PROXIES, MirrorClass.PROXY_LIVE)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("198.51.100.7:3128", "socks5://127.0.0.1:1080"),
        ("ftp://proxy.example/{url}", "no web proxy"),
        ("https://proxy.example/{url}{url}", "no web proxy"),
        ("https://me:sesame@proxy.example/{url}", "file of logins"),
        ("me:sesame@198.51.100.7:3128", "file of logins"),
        ("http://me:sesame@198.51.100.7:3128", "file of logins"),
        ("https://[::1/{url}", "Invalid IPv6 URL"),
        ("https://{url}", "line 1"),
        ("x" * 200_000, "one proxy a line"),
    ],
)
def test_a_line_that_is_none_is_told_with_its_number_and_no_secret(line, told):
    fault, good = read(line, "http://198.51.100.7:3128")

    assert fault.startswith("line 1: ")
    assert told in fault
    assert "sesame" not in fault
    assert isinstance(good, Life)


def test_the_home_of_a_web_proxy_is_its_front_page():
    assert home_of("https://proxy.example:8443/browse?u={url}&b=4") == "https://proxy.example:8443/"


@given(st.one_of(st.text(max_size=100), st.text(max_size=60).map(lambda text: "https://" + text + "{url}")))
def test_no_line_breaks_it(line):
    assert len(read(line)) <= 1
