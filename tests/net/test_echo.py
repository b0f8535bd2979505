from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.net import echo

KEY = echo.EchoKey(id="0123456789abcdef", secret="00" * 31 + "ff", expires=0.0, client="198.51.100.10")
SAID = echo.Statement(kind="dns", subject="a.example/A", nonce="1f", client="198.51.100.10")


def test_the_code_is_the_contracts_hmac():
    # printf 'v1|…|198.51.100.10' | openssl dgst -sha256 -mac HMAC -macopt hexkey:00…ff
    assert echo.mac(KEY, SAID) == "e63e22b92374ef9c837e8540de90cd1c8f92b96e6ccaa92c46deb7a0d83c89e0"


@pytest.mark.parametrize("change", [{"kind": "tls"}, {"subject": "b.example/A"}, {"nonce": "1e"}, {"client": "::1"}])
def test_a_code_holds_for_one_statement_and_one_key_only(change):
    code = echo.mac(KEY, SAID)
    assert echo.check(KEY, SAID, code)
    assert not echo.check(KEY, replace(SAID, **change), code)
    assert not echo.check(replace(KEY, secret="11" * 32), SAID, code)
    assert not echo.check(KEY, SAID, code[:-1] + "é")


def test_what_the_echo_writes_the_client_believes():
    strings = echo.dns_strings(KEY, SAID)
    assert echo.seen_by_dns_echo(KEY, "a.example/A", "1f", strings) == "198.51.100.10"
    assert echo.seen_by_dns_echo(KEY, "b.example/A", "1f", strings) is None
    assert echo.seen_by_dns_echo(KEY, "a.example/A", "2f", strings) is None
    assert echo.seen_by_dns_echo(KEY, "a.example/A", "1f", strings[:2]) is None


def test_the_option_tells_the_helper_key_and_nonce():
    assert echo.read_dns_option(echo.dns_option(KEY, "1f")) == (KEY.id, "1f")


@given(st.binary(max_size=200))
def test_no_option_makes_the_helper_stumble(data):
    found = echo.read_dns_option(data)
    assert found is None or data.startswith(b"v1 ")


def test_the_subject_is_the_canonical_question():
    assert echo.dns_subject("A.Example.", "AAAA") == "a.example/AAAA"


def test_a_key_of_another_form_is_refused_and_a_secret_is_not_printed():
    for wrong in ({"id": "xyz"}, {"secret": "00"}, {"secret": "g" * 64}):
        with pytest.raises(ValueError, match="echo key"):
            replace(KEY, **wrong)
    assert KEY.secret not in repr(KEY)
