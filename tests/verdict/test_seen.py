"""What a record says of its target, as far as orders are concerned."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from blockprobe.model.line import Line
from blockprobe.model.observation import (
    DnsObservation,
    DnsReply,
    ExtendedError,
    Place,
    ResolverGroup,
    Test,
    Why,
)
from blockprobe.model.order import Network
from blockprobe.model.record import Attribution, Interference, Record, Target, Vantage, Verdict, Versions
from blockprobe.model.words import (
    AttributionBy,
    AttributionCause,
    LineState,
    Mechanism,
    Reason,
    SiteState,
    State,
)
from blockprobe.verdict.seen import seen_of

OWN, THIRD, ROUTER, PUBLIC = "198.51.100.53", "203.0.113.8", "192.168.1.1", ("198.51.100.0/24", "203.0.113.0/24")
HOME = Network(id="dk/example", name="Example", country="dk", asns=(64500,), resolvers=(OWN,))
NX, BOGON, SNI, V4 = Mechanism.DNS_NXDOMAIN, Mechanism.DNS_BOGON, Mechanism.TLS_RESET_SNI, Mechanism.IP_TIMEOUT


def lie(resolver: str = OWN, mechanism: Mechanism = NX, **fields) -> Interference:
    """A resolver's false answer."""
    fields = {"family": 4, "port": 53} | fields
    return Interference(mechanism=mechanism, host="a.example", resolver=f"udp://{resolver}:53", **fields)


def record(state: State = State.BLOCKED, *interference: Interference, asks=(OWN,), line=None, **verdict) -> Record:
    """A record with that verdict; a block is by what interferes unless said."""
    by = tuple(dict.fromkeys(one.mechanism for one in interference)) if state is State.BLOCKED else ()
    said = Verdict(
        state=state, line_state=LineState.UNKNOWN, site_state=SiteState.UNKNOWN, rule="test", because="test",
        interference=interference, **({"mechanisms": by} | verdict),
    )  # fmt: skip
    return Record(
        id="01J", measured_at=datetime(2026, 11, 21, tzinfo=UTC), runtime_s=0.4, verdict=said,
        target=Target(input="a.example", url="https://a.example/", host="a.example", bare=True),
        vantage=Vantage(families=(4,), resolvers=asks), line=line or Line(public=PUBLIC), observations=(), control=(),
        versions=Versions(blockprobe="0", rules=1),
    )  # fmt: skip


def filtered(code: int) -> DnsObservation:
    """The own resolver's answer with an extended error."""
    return DnsObservation(
        why=Why(test=Test.LOOK, place=Place.RESOLVER), t0_s=0, t_s=0.01, failure=None, resolver=f"udp://{OWN}:53",
        group=ResolverGroup.ISP, qname="a.example", qtype="A",
        reply=DnsReply(t_s=0.01, rcode="NXDOMAIN", ede=(ExtendedError(code=code),)),
    )  # fmt: skip


IMPLEMENTED = {
    "the own resolver's lie": (record(State.BLOCKED, lie()), (NX,)),
    "a filter on the path": (record(State.BLOCKED, mechanisms=(SNI,)), (SNI,)),
    "both": (record(State.BLOCKED, lie(), mechanisms=(NX, SNI)), (NX, SNI)),
    "a lie of the router at home, which asks the provider": (record(State.BLOCKED, lie(ROUTER), asks=(ROUTER,)), (NX,)),
    "a third party's lie alone": (record(State.BLOCKED, lie(THIRD), asks=(OWN, THIRD)), ()),
    "a third party's lie beside the own one's": (
        record(State.BLOCKED, lie(THIRD, BOGON), lie(), asks=(OWN, THIRD)),
        (NX,),
    ),
    "an answer made up on the path, whoever was asked": (
        record(State.BLOCKED, lie(THIRD, Mechanism.DNS_INJECTION)),
        (Mechanism.DNS_INJECTION,),
    ),
    "interception is no block": (record(State.BLOCKED, mechanisms=(Mechanism.DNS_INTERCEPTED, SNI)), (SNI,)),
    "a block behind a redirect": (record(State.BLOCKED, lie(hop=1), via_redirect=True), ()),
    "a lie although the browser opened the site": (record(State.ACCESSIBLE, lie()), (NX,)),
    "a third party's lie although the site opened": (record(State.ACCESSIBLE, lie(THIRD), asks=(OWN, THIRD)), ()),
    "a lie told now and then": (record(State.ACCESSIBLE, lie(k=1, n=3)), ()),
    "a lie about the other family": (record(State.ACCESSIBLE, lie(family=6)), ()),
    "a family that is dropped while the other works": (
        record(State.ACCESSIBLE, Interference(mechanism=V4, host="a.example", family=4, port=443)),
        (),
    ),
    "an inconclusive look": (record(State.INCONCLUSIVE, lie()), ()),
}


@pytest.mark.parametrize(("case", "mechanisms"), IMPLEMENTED.values(), ids=IMPLEMENTED)
def test_what_keeps_the_providers_users_from_the_target_carries_an_order_out(case, mechanisms):
    assert seen_of(case, HOME).implemented_by == mechanisms


def test_without_published_resolvers_those_of_the_line_count():
    assert seen_of(record(State.BLOCKED, lie(THIRD), asks=(THIRD,))).implemented_by == (NX,)


@pytest.mark.parametrize(
    "said",
    [
        {"cause": AttributionCause.PARENTAL},
        {"cause": AttributionCause.MALWARE},
        {"by": AttributionBy.LOCAL},
        {"by": AttributionBy.CPE},
    ],
    ids=str,
)
def test_filters_of_the_customers_never_carry_an_order_out(said):
    seen = seen_of(record(State.BLOCKED, lie(), attribution=Attribution(**said)), HOME)

    assert (seen.not_by_order, seen.implemented_by) == (True, ())


@pytest.mark.parametrize(("code", "customers"), [(15, False), (16, False), (17, True)])
def test_filtered_at_the_customers_wish_is_not_by_order_whatever_the_text(code, customers):
    court = Attribution(by=AttributionBy.ISP, cause=AttributionCause.COURT)
    made = replace(record(State.BLOCKED, lie(), attribution=court), observations=(filtered(code),))

    assert seen_of(made, HOME).not_by_order is customers


def test_filtered_by_the_resolver_says_nothing_about_a_block_further_on():
    made = replace(record(State.BLOCKED, mechanisms=(SNI,)), observations=(filtered(17),))

    assert seen_of(made, HOME).implemented_by == (SNI,)


OWN_RESOLVER = [
    ((OWN,), HOME, None, True),
    ((OWN, THIRD), HOME, None, True),
    ((THIRD,), HOME, None, False),
    ((ROUTER,), HOME, None, None),
    ((ROUTER, THIRD), HOME, None, None),
    ((), HOME, None, None),
    ((THIRD,), None, None, None),
    ((THIRD,), replace(HOME, resolvers=()), None, None),
    ((THIRD,), HOME, Line(public=PUBLIC, intercepted=True), None),
    (("resolver.example",), HOME, None, None),
    (("2001:DB8::0:53",), replace(HOME, resolvers=("2001:db8::53",)), None, True),
]


@pytest.mark.parametrize(("asks", "network", "line", "own"), OWN_RESOLVER, ids=lambda value: str(value)[:30])
def test_whose_resolver_answered_is_said_only_where_it_can_be_told(asks, network, line, own):
    assert seen_of(record(State.ACCESSIBLE, asks=asks, line=line), network).own_resolver is own


def test_the_rest_is_what_the_verdict_says():
    made = record(
        State.INCONCLUSIVE, suspected=(SNI,), reasons=(Reason.SERVER_OR_NETWORK,), parity_gap=True, partial=True
    )
    seen = seen_of(made)

    assert (seen.record, seen.at, seen.state) == (made.id, made.measured_at, State.INCONCLUSIVE)
    assert (seen.suspected, seen.reasons, seen.mechanisms) == ((SNI,), (Reason.SERVER_OR_NETWORK,), ())
    assert (seen.parity_gap, seen.partial) == (True, True)
