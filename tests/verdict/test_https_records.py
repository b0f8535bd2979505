import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.model.failure import Failure
from blockprobe.model.observation import DnsObservation, DnsReply, Place, ResolverGroup, ResourceRecord, Test, Why
from blockprobe.verdict.https_records import Offer, offers_in, published, read_offer

KEYS = '1 . alpn="h2,h3" ipv4hint="203.0.113.5" ech="AEX+DQBB"'
OTHER_KEYS = KEYS.replace("BB", "CC")
PLAIN = '1 . alpn="h2,h3" ipv4hint="203.0.113.5"'
OWN, DOH = "udp://198.51.100.153:53", "https://dns.example/dns-query"


def asked(*values: str, of: str = DOH, rcode: str | None = "NOERROR") -> DnsObservation:
    group = ResolverGroup.ENCRYPTED if of == DOH else ResolverGroup.ISP
    records = tuple(ResourceRecord(name="a.example", type="HTTPS", value=value, ttl=300) for value in values)
    return DnsObservation(
        why=Why(test=Test.PROOF, place=Place.RESOLVER),
        t0_s=0.0,
        t_s=0.1,
        failure=None if rcode == "NOERROR" and values else Failure.DNS_NO_ANSWER,
        resolver=of,
        group=group,
        qname="a.example",
        qtype="HTTPS",
        reply=DnsReply(t_s=0.1, rcode=rcode, answers=records) if rcode else None,
    )


@pytest.mark.parametrize(
    ("value", "offer"),
    [
        (KEYS, Offer(priority=1, target=".", alpn=("h2", "h3"), keys="AEX+DQBB")),
        ("0 cdn.example.", Offer(priority=0, target="cdn.example.")),
        ("2 b.example. no-default-alpn port=8443", Offer(priority=2, target="b.example.")),
        ('1 . alpn="h2" key65280="ech=x"', Offer(priority=1, target=".", alpn=("h2",))),
        ("\\# 3 000100", None),
        ("", None),
    ],
)
def test_records_are_read_as_zone_files_write_them(value: str, offer: Offer | None) -> None:
    assert read_offer(value) == offer


def test_no_record_no_answer_and_records_are_told_apart() -> None:
    assert offers_in(asked()) == ()
    assert offers_in(asked(rcode="NXDOMAIN")) == ()
    assert offers_in(asked(rcode="SERVFAIL")) is None
    assert offers_in(asked(rcode=None)) is None
    both = offers_in(asked("2 b.example.", PLAIN))
    assert both is not None
    assert [one.priority for one in both] == [1, 2]


@pytest.mark.parametrize(
    ("own", "doh", "words"),
    [
        (asked(KEYS, of=OWN), asked(KEYS), "the site publishes keys for ECH (https://dns.example/dns-query)"),
        (asked(PLAIN, of=OWN), asked(KEYS), "keys for ECH (" + DOH + "); " + OWN + " gives them without"),
        (asked(OTHER_KEYS, of=OWN), asked(KEYS), OWN + " gives them with other keys"),
        (asked(of=OWN), asked(KEYS), OWN + " gives no HTTPS record"),
        (asked(of=OWN, rcode=None), asked(KEYS), OWN + " gave no answer to that (dns_no_answer)"),
        (asked('1 . alpn="h2"', of=OWN), asked(PLAIN), OWN + " gives them with other protocols"),
        (asked(PLAIN, of=OWN), asked(PLAIN), "publishes HTTPS records without keys for ECH (https://dns.example/dns-query)"),
        (asked(KEYS, of=OWN), asked(PLAIN), OWN + " gives them with keys"),
        (asked(of=OWN), asked(), "the site publishes no HTTPS record (https://dns.example/dns-query)"),
        (asked(PLAIN, of=OWN), asked(), OWN + " gives one"),
        (asked(KEYS, of=OWN), asked(rcode="SERVFAIL"), "is not known, as no encrypted resolver gave"),
    ],
)  # fmt: skip
def test_what_is_published_is_what_encrypted_resolvers_give_and_others_are_held_against_it(
    own: DnsObservation, doh: DnsObservation, words: str
) -> None:
    told = published([own, doh])
    assert told.endswith(words) or words in told
    assert "block" not in told


def test_agreeing_resolvers_are_not_mentioned() -> None:
    assert OWN not in published([asked(KEYS, of=OWN), asked(KEYS)])
    assert OWN not in published([asked(of=OWN), asked()])


@given(st.text(max_size=200))
def test_no_text_confuses_the_reader(text: str) -> None:
    for value in (text, "1 . " + text, '1 . alpn="' + text):
        offer = read_offer(value)
        assert offer is None or 0 <= offer.priority <= 99_999
