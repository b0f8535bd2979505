"""What the helper signs of a resolver's machine, the probe reads; nothing else."""

from dataclasses import replace

import dns.rdataclass
import dns.rdatatype
import pytest
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.net import echo, egress

KEY = echo.EchoKey(id="0123456789abcdef", secret="00" * 31 + "ff", expires=0.0, client="198.51.100.10")
NONCE = "00112233445566ff"
QNAME = f"{egress.label_of(KEY, NONCE)}.w.ctl.example"
SEEN = egress.Sighting(
    at_s=1_800_000_000,
    askers=(
        egress.Asker(transport="udp", address="198.51.100.153", edns_bytes=1232, ecs="198.51.100.0/24"),
        egress.Asker(transport="tcp", address="2001:db8:11::53"),
    ),
)


def value_of(*strings: str) -> str:
    """The text of a TXT record, as the DNS reader gives it."""
    data = TXT(dns.rdataclass.IN, dns.rdatatype.TXT, [string.encode() for string in strings])
    return data.to_text()


VALUE = value_of(*egress.zone_strings(KEY, QNAME, NONCE, SEEN))


def test_what_the_helper_writes_the_probe_believes_in_whatever_case_the_resolver_asked():
    assert egress.read_sighting(KEY, QNAME, NONCE, VALUE) == SEEN
    mixed = value_of(*egress.zone_strings(KEY, QNAME.upper() + ".", NONCE, SEEN))
    assert egress.read_sighting(KEY, QNAME, NONCE, mixed) == SEEN


def test_an_answer_for_another_name_nonce_or_key_is_not_believed():
    assert egress.read_sighting(KEY, "x" + QNAME, NONCE, VALUE) is None
    assert egress.read_sighting(KEY, QNAME, "f" * 16, VALUE) is None
    assert egress.read_sighting(replace(KEY, secret="11" * 32), QNAME, NONCE, VALUE) is None
    assert egress.read_sighting(replace(KEY, id="f" * 16), QNAME, NONCE, VALUE) is None


@pytest.mark.parametrize(("before", "after"), [("198.51.100.153", "198.51.100.154"), ("udp", "tcp"), ("1232", "512")])
def test_a_changed_word_breaks_the_code(before, after):
    assert egress.read_sighting(KEY, QNAME, NONCE, VALUE.replace(before, after, 1)) is None


@given(st.lists(st.text(max_size=80), max_size=9).map(lambda parts: " ".join(f'"{part}"' for part in parts)))
def test_no_value_makes_the_probe_stumble(value):
    assert egress.read_sighting(KEY, QNAME, NONCE, value) is None


@given(st.text(max_size=80))
def test_a_label_is_ours_or_nothing(text):
    found = egress.read_label(text)
    assert found is None or text.lower() == "-".join(found)


def test_a_label_tells_key_and_nonce_and_fits_into_a_name():
    label = egress.label_of(KEY, NONCE)
    assert egress.read_label(label.upper()) == (KEY.id, NONCE)
    assert len(label) <= 63
