"""The probe's own address leaves in no form."""

import base64

import pytest

from blockprobe.export.scrub import SCRUBBED, Scrubber, scrub_record, scrub_unknown, seen_addresses
from blockprobe.model.codec import dump_record

from .example import example

OWN4, OWN6 = "198.51.100.10", "2001:db8:10::10"
SCRUB = Scrubber([OWN4, OWN6])


@pytest.mark.parametrize(
    "text",
    [
        "your address is 198.51.100.10.",
        "http://portal.example/?ip=198.51.100.10&x=1",
        "198.51.100.10:51234",
        "host-198-51-100-10.isp.example",
        "::ffff:198.51.100.10",
        "id=c633640a",
        "id=C633640A",
        "3139382e35312e3130302e3130",
        base64.b64encode(b"198.51.100.10").decode(),
        base64.b64encode(b"ip=198.51.100.10&t=1").decode(),
        base64.b64encode(b"a=198.51.100.10").decode(),
        base64.b64encode(b"xyz198.51.100.10").decode(),
        "x=xjNkCg==",
        "[2001:db8:10::10]:443",
        "2001:DB8:10::10",
        "2001:0db8:0010:0000:0000:0000:0000:0010",
        "20010db8001000000000000000000010",
    ],
)
def test_every_form_of_the_address_is_replaced(text: str) -> None:
    assert SCRUBBED in SCRUB(text)
    assert not any(form in SCRUB(text).lower() for form in (OWN4, OWN6, "198-51-100-10", "c633640a"))


@pytest.mark.parametrize(
    "text",
    ["198.51.100.1", "198.51.100.100", "1198.51.100.10", "198.51.100.10.5", "2001:db8:10::101", "2001:db8:10::1"],
)
def test_other_addresses_stay(text: str) -> None:
    assert SCRUB(text) == text


def test_without_an_address_nothing_changes_and_loopback_is_nobodys() -> None:
    text = "127.0.0.1 and 198.51.100.10"

    assert Scrubber([])(text) == text
    assert Scrubber(["127.0.0.1", "::1", "no address"])(text) == text


def test_unknown_addresses_go_and_measured_ones_stay() -> None:
    text = "you 192.0.2.9 or 2001:db8::9 asked 203.0.113.5 at 12:30:05, 1.2.3.4.5, a::b::c"

    assert scrub_unknown(text, frozenset({"203.0.113.5"})) == (
        f"you {SCRUBBED} or {SCRUBBED} asked 203.0.113.5 at 12:30:05, 1.2.3.4.5, a::b::c"
    )


def test_a_scrubbed_record_still_is_a_record_and_holds_no_form_of_the_address() -> None:
    record = example()
    assert seen_addresses(record) == {OWN4}
    assert OWN4.encode() in dump_record(record)

    scrubbed = scrub_record(record, [])

    assert OWN4.encode() not in dump_record(scrubbed)
    assert b"c633640a" not in dump_record(scrubbed)
    assert scrubbed.verdict == record.verdict
    assert scrubbed.observations[3:5] == record.observations[3:5]
