"""Every rule about names in TLS and about certificates, seen from the probe."""

import pytest

from .eyes import connect, handshake, split_hello
from .real import RealLab, rule
from .rules import Rule
from .sites import SITES

SITE = SITES["s1.example"]
V4, V6 = SITE.v4[0], SITE.v6[0]
ELSEWHERE = SITES["n1.example"].v4[0]
ON = [
    (rule("sni-rst", "s1.example"), "ECONNRESET"),
    (rule("sni-drop", "s1.example"), "timeout"),
    (rule("sni-tap", "s1.example"), "ECONNRESET"),
    (rule("sni-tap", "s1.example", how="fin"), "eof"),
]


@pytest.mark.parametrize(("filter_", "seen"), ON, ids=["rst", "drop", "tap-rst", "tap-fin"])
def test_a_name_is_filtered_wherever_it_is_sent(lab: RealLab, filter_: Rule, seen: str) -> None:
    see, trust = lab.probe.see, lab.trust()
    with lab.rules(filter_):
        assert [see(handshake, address, "s1.example", trust) for address in (V4, V6, ELSEWHERE)] == [seen] * 3
        assert see(handshake, V4, "s2.example", trust) == "ok", "another name at the same address"
        assert see(connect, V4) == "ok"
        assert lab.control.see(handshake, V4, "s1.example", trust) == "ok"
    assert see(handshake, V4, "s1.example", trust) == "ok"


@pytest.mark.parametrize("kind", ["sni-rst", "sni-drop"])
def test_a_name_is_filtered_at_its_own_address_only(lab: RealLab, kind: str) -> None:
    lab.rule_on(kind, "s1.example", at_site=True)
    seen = [lab.probe.see(handshake, each, "s1.example", lab.trust()) for each in (V4, V6, ELSEWHERE)]
    assert [each == "ok" for each in seen] == [False, False, True]


def test_residual_blocking(lab: RealLab) -> None:
    see, trust = lab.probe.see, lab.trust()
    lab.rule_on("sni-rst", "s1.example", residual=True)
    assert see(handshake, V4, "s2.example", trust) == "ok"
    assert see(handshake, V4, "s1.example", trust) == "ECONNRESET"
    assert see(connect, V4) == "timeout", "the triple is punished, whatever the name"
    assert [see(connect, V4, 80), see(connect, ELSEWHERE)] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("filter_", "reassembles"),
    [
        (rule("sni-rst", "s1.example"), False),
        (rule("sni-tap", "s1.example", reassemble=False), False),
        (rule("sni-tap", "s1.example", reassemble=True), True),
    ],
    ids=["xt-string", "tap", "tap-reassembling"],
)
def test_a_hello_split_within_the_name(lab: RealLab, filter_: Rule, reassembles: bool) -> None:
    lab.switch([filter_])
    seen = lab.probe.see(split_hello, V4, "s1.example", lab.trust())
    assert seen == ("ECONNRESET" if reassembles else "ok")


@pytest.mark.parametrize(("mode", "code"), [("forged", 20), ("cn", 62)])
def test_a_swapped_certificate(lab: RealLab, mode: str, code: int) -> None:
    """20: unable to get local issuer certificate; 62: hostname mismatch."""
    see, trust = lab.probe.see, lab.trust()
    lab.rule_on("tls-mitm", "s1.example", mode=mode)
    assert [see(handshake, each, "s1.example", trust) for each in (V4, V6)] == [f"certificate:{code}"] * 2
    assert see(handshake, SITES["s2.example"].v4[0], "s2.example", trust) == "ok"
    lab.rule_off("tls-mitm", "s1.example")
    assert see(handshake, V4, "s1.example", trust) == "ok"
