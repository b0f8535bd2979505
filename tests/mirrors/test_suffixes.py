import pytest

from blockprobe.mirrors.suffixes import host_in, registrable, split_registrable, top_level_suffixes


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("A.Example", "a.example"),
        ("*.a.example.", "a.example"),
        (" a.example\r\n", "a.example"),
        ("_dmarc.a.example", "_dmarc.a.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("example", None),
        ("a..example", None),
        ("a.example/path", None),
        ("-a.example", None),
        ("a" * 64 + ".example", None),
        ("a." * 127 + "example", None),
        ("", None),
        ("\x00.example", None),
    ],
)
def test_a_host_name_is_lower_case_punycode_and_nothing_else_is_one(text, host):
    assert host_in(text) == host


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.a.co.uk", "a.co.uk"),
        ("co.uk", None),
        ("x.y.pages.dev", "y.pages.dev"),  # the private section: another owner than z.pages.dev
        ("pages.dev", None),
        ("www.a.example", "a.example"),
        ("a.xn--p1ai", "a.xn--p1ai"),
    ],
)
def test_what_somebody_registered(host, domain):
    assert registrable(host) == domain
    assert split_registrable(host) == (None if domain is None else tuple(domain.split(".", 1)))


def test_top_level_suffixes_are_single_labels_in_punycode_without_doubles():
    suffixes = top_level_suffixes()

    assert {"com", "to", "xn--p1ai", "uk"} <= set(suffixes)
    assert len(suffixes) > 1200
    assert len(set(suffixes)) == len(suffixes)
    assert [suffix for suffix in suffixes if "." in suffix or not suffix.isascii()] == []
