"""Every DNS rule, seen from the probe: on, what it leaves alone, and off again."""

import pytest

from . import plan
from .eyes import Answer, ask, overhear
from .real import RealLab, rule
from .rules import ORDER_TEXT, Rule
from .sites import SITES

TRUE = Answer(rcode="NOERROR", addresses=SITES["s1.example"].v4)


def _court(rcode: str, *addresses: str, truncated: bool = False) -> Answer:
    return Answer(rcode=rcode, addresses=addresses, ede=16, text=ORDER_TEXT, truncated=truncated)


ON = [
    (rule("dns-nxdomain", "s1.example"), _court("NXDOMAIN")),
    (rule("dns-nxdomain", "s1.example", ede=None), Answer(rcode="NXDOMAIN")),
    (
        rule("dns-nxdomain", "s1.example", ede=17),
        Answer(rcode="NXDOMAIN", ede=17, text="filtered at the customer's wish"),
    ),
    (rule("dns-nodata", "s1.example"), _court("NOERROR")),
    (rule("dns-drop", "s1.example"), Answer(rcode="timeout")),
    (rule("dns-tcponly", "s1.example"), _court("NOERROR", truncated=True)),
    (rule("dns-garden", "s1.example"), _court("NOERROR", plan.BLOCK_PAGE)),
    (
        rule("dns-garden", "s1.example", address="100.120.7.10", ede=None),
        Answer(rcode="NOERROR", addresses=("100.120.7.10",)),
    ),
    (rule("dns-loopback", "s1.example"), _court("NOERROR", "127.0.0.1")),
    (rule("dns-refused", "s1.example"), Answer(rcode="REFUSED", ede=15, text=ORDER_TEXT)),
    (rule("dns-refused", "s1.example", ede=None), Answer(rcode="REFUSED")),
    (rule("dns-servfail", "s1.example"), Answer(rcode="SERVFAIL", ede=17, text=ORDER_TEXT)),
]


@pytest.mark.parametrize(("lie", "seen"), ON, ids=[f"{each.kind}-{n}" for n, (each, _) in enumerate(ON)])
def test_the_isp_resolver_lies_about_one_name(lab: RealLab, lie: Rule, seen: Answer) -> None:
    ask_probe = lab.probe.see
    assert ask_probe(ask, "s1.example", plan.RESOLVER) == TRUE
    with lab.rules(lie):
        assert ask_probe(ask, "s1.example", plan.RESOLVER) == seen
        assert ask_probe(ask, "www.s1.example", plan.RESOLVER) == seen, "names below it too"
        assert ask_probe(ask, "s2.example", plan.RESOLVER).addresses == SITES["s2.example"].v4
        assert ask_probe(ask, "s1.example", plan.PUBLIC_RESOLVER) == TRUE
    assert ask_probe(ask, "s1.example", plan.RESOLVER) == TRUE


def test_tcp_only_answers_over_tcp(lab: RealLab) -> None:
    lab.rule_on("dns-tcponly", "s1.example")
    assert lab.probe.see(ask, "s1.example", plan.RESOLVER, how="tcp").addresses == TRUE.addresses


@pytest.mark.parametrize("kind", ["dns-nxdomain", "dns-refused"])
def test_one_of_three_resolvers_lies(lab: RealLab, kind: str) -> None:
    lab.rule_on(kind, "s1.example", resolvers=(plan.RESOLVERS[1],))
    seen = [lab.probe.see(ask, "s1.example", each).rcode for each in plan.RESOLVERS]
    assert [each == "NOERROR" for each in seen] == [True, False, True, True]


@pytest.mark.parametrize("kind", ["dns-nxdomain", "dns-servfail"])
def test_some_answers_are_lies(lab: RealLab, kind: str) -> None:
    lab.rule_on(kind, "s1.example", share=0.4)
    lies = sum(lab.probe.see(ask, "s1.example", plan.RESOLVER).rcode != "NOERROR" for _ in range(100))
    assert 15 <= lies <= 65


@pytest.mark.parametrize("server", [plan.RESOLVER, plan.PUBLIC_RESOLVER, plan.SILENT[0]])
def test_an_injected_answer_comes_first(lab: RealLab, server: str) -> None:
    lab.rule_on("dns-inject", "s1.example")
    heard = [each.addresses for each in lab.probe.see(overhear, "s1.example", server)]
    resolves = server not in plan.SILENT
    assert heard == [(plan.BLOCK_PAGE,), *([TRUE.addresses] if resolves else [])]


def test_injection_spares_other_names_and_other_transports(lab: RealLab) -> None:
    lab.rule_on("dns-inject", "s1.example", rcode="NXDOMAIN")
    see, trust = lab.probe.see, lab.trust()
    assert see(ask, "s1.example", plan.PUBLIC_RESOLVER).rcode == "NXDOMAIN"
    assert see(ask, "s1.example", plan.RESOLVERS[-1], kind="AAAA").rcode == "NXDOMAIN", "over IPv6 too"
    assert [len(see(overhear, "s2.example", plan.PUBLIC_RESOLVER)), see(overhear, "s2.example", plan.SILENT[0])] == [
        1,
        [],
    ]
    for how in ("tcp", "tls", "https"):
        assert see(ask, "s1.example", plan.PUBLIC_RESOLVER, how=how, context=trust) == TRUE
    lab.rule_off("dns-inject", "s1.example")
    assert see(ask, "s1.example", plan.PUBLIC_RESOLVER) == TRUE


def test_interception_of_everything(lab: RealLab) -> None:
    see = lab.probe.see
    nowhere = "203.0.113.19"  # alive, but no resolver
    assert see(ask, "s2.example", nowhere).rcode == "refused"
    lab.switch([rule("dns-intercept"), rule("dns-nxdomain", "s1.example")])
    for how in ("udp", "tcp"):
        assert see(ask, "s2.example", nowhere, how=how).addresses == SITES["s2.example"].v4
        assert see(ask, "s1.example", plan.PUBLIC_RESOLVER, how=how).rcode == "NXDOMAIN"
    assert see(ask, "s1.example", plan.PUBLIC_RESOLVER_V6).rcode == "NXDOMAIN"
    assert see(ask, "s1.example", plan.PUBLIC_RESOLVER, how="tls", context=lab.trust()) == TRUE
    lab.switch([])
    assert see(ask, "s2.example", nowhere).rcode == "refused"


def test_interception_of_one_name(lab: RealLab) -> None:
    see = lab.probe.see
    lab.switch([rule("dns-intercept-name", "s1.example"), rule("dns-nxdomain", "s1.example")])
    assert see(ask, "s1.example", plan.PUBLIC_RESOLVER).rcode == "NXDOMAIN"
    assert see(ask, "S1.Example", plan.PUBLIC_RESOLVER_V6).rcode == "NXDOMAIN"
    assert see(ask, "s1.example", plan.PUBLIC_RESOLVER, how="tcp") == TRUE
    assert see(ask, "s2.example", "203.0.113.19").rcode == "refused"


def test_dot_block(lab: RealLab) -> None:
    lab.rule_on("dot-block")
    assert lab.probe.see(ask, "s1.example", plan.PUBLIC_RESOLVER, how="tls", context=lab.trust()).rcode == "refused"
    assert lab.probe.see(ask, "s1.example", plan.PUBLIC_RESOLVER, how="https", context=lab.trust()) == TRUE
