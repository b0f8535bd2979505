"""The delegated zone: signed for the holder of a key, useless for anybody's amplification."""

import asyncio
from collections import Counter

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.helper.budget import RequestBudget
from blockprobe.helper.keys import KeyTable
from blockprobe.helper.zone import DelegatedZone
from blockprobe.model.observation import Place, ResolverGroup, Test, Why
from blockprobe.net import echo, egress
from blockprobe.net.dns import DnsClient, Question
from blockprobe.net.resolver import parse_resolver
from blockprobe.net.tls import TlsContexts

from .small_world import ECHO, Files, OwnTime, run, small_world

ZONE, PROBE, RESOLVER = "w.ctl.example", "198.51.100.10", "198.51.100.153"
NONCE = "00112233445566ff"


class Setting:
    """A zone with one live key, and what it counted."""

    def __init__(self, *, per_minute: int = 600) -> None:
        self.clock = OwnTime()
        self.keys = KeyTable(self.clock)
        self.key = self.keys.issue(PROBE)
        self.counted: Counter[tuple[str, str]] = Counter()
        self.zone = DelegatedZone(
            zone=ZONE,
            addresses=(ECHO, "2001:db8::9"),
            keys=self.keys,
            budget=RequestBudget(self.clock, per_minute),
            clock=self.clock,
            count=lambda part, code: self.counted.update([(part, code)]),
        )

    @property
    def name(self) -> str:
        return f"{egress.label_of(self.key, NONCE)}.{ZONE}"

    def sighting(self, message: dns.message.Message) -> egress.Sighting | None:
        return egress.read_sighting(self.key, self.name, NONCE, message.answer[0][0].to_text())


def query(name: str, qtype: str = "TXT", **edns: object) -> bytes:
    return dns.message.make_query(name, qtype, **({"use_edns": 0, "payload": 1232} | edns)).to_wire()  # type: ignore[arg-type]


def read(wire: bytes | None) -> dns.message.Message:
    assert wire is not None
    return dns.message.from_wire(wire)


def test_over_udp_it_says_come_back_over_tcp_and_then_tells_who_asked_both_times() -> None:
    here = Setting()
    ecs = dns.edns.ECSOption("198.51.100.0", 24)
    first = read(here.zone.over_udp(query(here.name, options=[ecs]), RESOLVER))
    answer = read(here.zone.over_tcp(query(here.name.upper(), use_edns=-1), "198.51.100.154"))

    assert first.flags & dns.flags.TC
    assert not first.answer
    assert answer.flags & dns.flags.AA
    assert answer.answer[0].ttl == 0
    assert here.sighting(answer) == egress.Sighting(
        at_s=1_800_000_000,
        askers=(
            egress.Asker(transport="udp", address=RESOLVER, edns_bytes=1232, ecs="198.51.100.0/24"),
            egress.Asker(transport="tcp", address="198.51.100.154"),
        ),
    )
    assert here.counted == {("zone_udp", "NOERROR"): 1, ("zone_tcp", "NOERROR"): 1}


def test_whoever_comes_last_is_always_named() -> None:
    here = Setting()
    for number in range(9):
        here.zone.over_udp(query(here.name), f"198.51.100.{number}")
    found = here.sighting(read(here.zone.over_tcp(query(here.name), RESOLVER)))

    assert found is not None
    assert len(found.askers) == egress.MAX_ASKERS
    assert found.askers[-1] == egress.Asker(transport="tcp", address=RESOLVER, edns_bytes=1232)


def test_a_name_without_a_live_key_does_not_exist() -> None:
    here = Setting()
    names = (f"{'0' * 16}-{NONCE}.{ZONE}", f"www.{ZONE}", f"a.{here.name}", f"_.{ZONE}")
    answers = [read(here.zone.over_tcp(query(name), RESOLVER)) for name in names]
    here.clock.at += 601
    answers.append(read(here.zone.over_tcp(query(here.name), RESOLVER)))

    assert [(answer.rcode(), len(answer.authority)) for answer in answers] == [(dns.rcode.NXDOMAIN, 1)] * 5


@pytest.mark.parametrize(
    ("name", "qtype", "found"),
    [
        (ZONE, "SOA", "ns.w.ctl.example."),
        (ZONE, "NS", "ns.w.ctl.example."),
        (f"ns.{ZONE}", "A", ECHO),
        (f"NS.{ZONE}", "AAAA", "2001:db8::9"),
    ],
)
def test_resolvers_find_what_a_delegation_needs(name: str, qtype: str, found: str) -> None:
    answer = read(Setting().zone.over_tcp(query(name, qtype), RESOLVER))

    assert answer.answer[0][0].to_text().startswith(found)


def test_a_name_that_is_there_has_no_other_records() -> None:
    here = Setting()
    for name, qtype in ((here.name, "A"), (ZONE, "TXT"), (f"ns.{ZONE}", "TXT")):
        answer = read(here.zone.over_tcp(query(name, qtype), RESOLVER))
        assert (answer.rcode(), answer.answer, len(answer.authority)) == (dns.rcode.NOERROR, [], 1)


def test_questions_elsewhere_and_questions_to_the_echo_are_not_the_zones() -> None:
    here = Setting()
    option = dns.edns.GenericOption(echo.DNS_OPTION, echo.dns_option(here.key, NONCE))
    for wire in (query("w.example"), query("xw.ctl.example"), query(here.name, options=[option]), b"", b"x" * 40):
        assert here.zone.over_udp(wire, RESOLVER) is None
        assert here.zone.over_tcp(wire, RESOLVER) is None


def test_beyond_its_budget_a_resolver_hears_nothing_until_time_has_passed() -> None:
    here = Setting(per_minute=2)
    said = [here.zone.over_udp(query(here.name), RESOLVER) for _ in range(3)]
    other = here.zone.over_udp(query(here.name), "198.51.100.200")
    here.clock.at += 30

    assert [one is None for one in said] == [False, False, True]
    assert other is not None
    assert here.zone.over_udp(query(here.name), RESOLVER) is not None


@given(
    labels=st.lists(st.text("abcdef0123456789-_", min_size=1, max_size=63), max_size=3),
    qtype=st.sampled_from(["TXT", "A", "AAAA", "NS", "SOA", "ANY", "HTTPS"]),
    edns=st.integers(-1, 0),
    live=st.booleans(),
)
def test_never_more_bytes_than_asked(labels: list[str], qtype: str, edns: int, live: bool) -> None:
    here = Setting()
    name = here.name if live else ".".join([*labels, ZONE])
    wire = query(name, qtype, use_edns=edns)
    answer = here.zone.over_udp(wire, RESOLVER)

    assert answer is not None
    assert len(answer) <= len(wire)
    assert read(answer).question == dns.message.from_wire(wire).question


@given(st.binary(max_size=300))
def test_garbage_is_nothing_worse(data: bytes) -> None:
    here = Setting()
    good = query(here.name)
    for wire in (data, data + good, good + data, bytes(a ^ b for a, b in zip(good, data, strict=False))):
        answer = here.zone.over_udp(wire, RESOLVER)
        assert answer is None or len(answer) <= len(wire)
        here.zone.over_tcp(wire, RESOLVER)


@pytest.mark.usefixtures("trusted")
def test_a_helper_serves_its_zone_beside_the_echo(files: Files) -> None:
    why = Why(test=Test.ECHO, place=Place.RESOLVER)

    async def main() -> None:
        async with small_world(files, zone=ZONE) as world:
            api = world.client()
            key = await api.echo_key(world.session())
            assert key is not None
            client = DnsClient(world.session().dialer, world.clock, TlsContexts())
            resolver = parse_resolver(f"udp://{ECHO}:{world.helper.listening.echoes[0].dns}", ResolverGroup.ISP)
            name = f"{egress.label_of(key, NONCE)}.{ZONE}"
            asked = [Question(qname=name, qtype="TXT"), Question(qname=name, qtype="TXT", echo_key=key)]
            seen, echoed = await asyncio.gather(*(client.query(world.session(), why, resolver, one) for one in asked))
            assert seen.reply is not None
            found = egress.read_sighting(key, name, NONCE, seen.reply.answers[0].value)
            assert found is not None
            assert [(one.transport, one.address) for one in found.askers] == [
                ("udp", "127.0.0.1"),
                ("tcp", "127.0.0.1"),
            ]
            assert echoed.authentic
            await client.aclose()
            await api.aclose()

    run(main)
