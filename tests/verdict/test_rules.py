"""Every combination of the layers' outcomes, judged: the rules keep their promises whatever the facts say."""

import itertools
import random
import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from blockprobe.model.words import Grade, Reason, State
from blockprobe.verdict.facts import AddressFact, DnsFact, Facts, HttpFact, LineFact, SiteFact, SpeedFact, TlsFact
from blockprobe.verdict.rules import LAYERS, LOOP, NOTHING, RULES, Rule, first_match

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"
LIMIT, LIMIT_S = 2_000_000, 20.0

DNS_PROOFS = {DnsFact.LIE_ARTEFACT, DnsFact.LIE_PROVEN, DnsFact.LIE_PARTIAL, DnsFact.INJECTED}
ADDRESS_PROOFS = {AddressFact.BLOCKED_ARTEFACT, AddressFact.BLOCKED_PROVEN}
TLS_PROOFS = {
    TlsFact.NAME_PROVEN, TlsFact.NAME_PARTIAL, TlsFact.ADDRESS_AND_NAME_PROVEN, TlsFact.MITM_ARTEFACT,
    TlsFact.MITM_PROVEN,
}  # fmt: skip
HTTP_PROOFS = {
    HttpFact.PAGE_ARTEFACT, HttpFact.PAGE_PROVEN, HttpFact.NAME_PROVEN, HttpFact.NAME_PARTIAL,
    HttpFact.ADDRESS_AND_NAME_PROVEN,
}  # fmt: skip
PROOFS = {"dns": DNS_PROOFS, "address": ADDRESS_PROOFS, "tls": TLS_PROOFS, "http": HTTP_PROOFS}
#: Speed is measured of a site that answers, or whose page alone does not come: elsewhere it is not tried.
SLOWED = {SpeedFact.THROTTLED, SpeedFact.FROZEN}
DEAF_LINES = {LineFact.PORTAL, LineFact.CLOCK_WRONG, LineFact.NO_FAMILY}
#: Evidence that the fault is the zone's own, whatever a helper saw of the page.
ZONE_FAULTS = {DnsFact.STALE}


def every_case() -> itertools.product:  # type: ignore[type-arg]
    """The product of all facts but the speed. What no measurement brings together is judged as well."""
    return itertools.product(LineFact, SiteFact, DnsFact, AddressFact, TlsFact, HttpFact)


def every_case_with_speed() -> itertools.product:  # type: ignore[type-arg]
    """The product of all facts where the way to the page is open. Elsewhere no rule looks at the speed, and that is a
    test of its own."""
    dns, tls = (DnsFact.NOT_NEEDED, DnsFact.REAL), (TlsFact.VALID, TlsFact.NOT_TRIED)
    return itertools.product(LineFact, SiteFact, dns, (AddressFact.OPEN,), tls, HttpFact, SpeedFact)


def proofs_in(facts: Facts) -> set[str]:
    """The layers that prove a block. In cleartext and under a valid chain at once there is no such thing."""
    found = {layer for layer, proofs in PROOFS.items() if getattr(facts, layer) in proofs}
    return found - {"http"} if facts.tls is TlsFact.VALID else found


def faults(facts: Facts, rule: Rule) -> list[str]:
    """The promises that the rule breaks for these facts."""
    proofs = proofs_in(facts)
    named = facts.dns in (DnsFact.NOT_NEEDED, DnsFact.REAL)
    opened = named and facts.address is AddressFact.OPEN and facts.tls in (TlsFact.VALID, TlsFact.NOT_TRIED)
    blocked = rule.state is State.BLOCKED
    broken = {
        "blocked without a proof in the layer that speaks": blocked and rule.layer not in proofs,
        "a block without a grade, or a grade without a block": blocked != (rule.grade is not None),
        "accessible without the real site": rule.state is State.ACCESSIBLE
        and not (opened and facts.http is HttpFact.REAL),
        "slowed, and it is not said": facts.speed in SLOWED
        and rule.state is State.ACCESSIBLE
        and rule.id not in ("open.throttled", "open.frozen"),
        "said to be slowed, and it is not": rule.id in ("open.throttled", "open.frozen") and facts.speed not in SLOWED,
        "refused by somebody else": rule.state is State.REFUSED and not (opened and facts.http is HttpFact.REFUSED),
        "a deaf line proves a block": blocked and facts.line in DEAF_LINES,
        "a proven block is not said": bool(proofs) and not blocked and facts.line not in DEAF_LINES,
        "down, and a helper saw it alive": rule.state is State.DOWN
        and facts.site is SiteFact.ALIVE
        and facts.dns not in ZONE_FAULTS,
        "down without anything that failed alike": rule.state is State.DOWN
        and facts.dns not in ZONE_FAULTS
        and "same_failure" not in (facts.dns, facts.address, facts.tls, facts.http),
        "inconclusive without a reason": rule.state is State.INCONCLUSIVE and rule.reason is None,
        "a reason beside a conclusion": rule.state is not State.INCONCLUSIVE and rule.reason is not None,
    }
    return [name for name, is_broken in broken.items() if is_broken]


def test_every_combination_of_facts_keeps_the_promises(capsys: object) -> None:
    began = time.process_time()
    decided: Counter[str] = Counter()
    for line, site, dns, address, tls, http in every_case():
        decided[_judged(Facts(line=line, site=site, dns=dns, address=address, tls=tls, http=http))] += 1
    for line, site, dns, address, tls, http, speed in every_case_with_speed():
        facts = Facts(line=line, site=site, dns=dns, address=address, tls=tls, http=http, speed=speed)
        decided[_judged(facts)] += 1
    took = time.process_time() - began
    cases = sum(decided.values())

    with capsys.disabled():  # type: ignore[attr-defined]
        print(
            f"\n  rules: {cases} combinations of facts judged in {took:.1f} s; left out: speeds where no page can come"
        )
    assert cases <= LIMIT
    assert took <= LIMIT_S
    assert set(decided) == {rule.id for rule in RULES}, "a rule that never decides is no rule"


def _judged(facts: Facts) -> str:
    rule = first_match(facts)
    broken = faults(facts, rule)
    assert not broken, (facts, rule.id, broken)
    return rule.id


def test_the_speed_decides_nothing_where_the_way_to_the_page_is_shut() -> None:
    """Each speed, for one in a hundred of the other cases."""
    dice = random.Random(3)
    for line, site, dns, address, tls, http in every_case():
        if dice.random() > 0.01:
            continue
        shut = Facts(line=line, site=site, dns=dns, address=address, tls=tls, http=http)
        opened = dns in (DnsFact.NOT_NEEDED, DnsFact.REAL) and address is AddressFact.OPEN
        if not opened or tls not in (TlsFact.VALID, TlsFact.NOT_TRIED):
            assert {first_match(replace(shut, speed=speed)).id for speed in SpeedFact} == {first_match(shut).id}


def test_the_last_rule_always_holds_and_no_other_does() -> None:
    facts = Facts(line=LineFact.USABLE, site=SiteFact.ALIVE, dns=DnsFact.REAL, address=AddressFact.OPEN,
                  tls=TlsFact.VALID, http=HttpFact.REAL)  # fmt: skip

    assert RULES[-1].holds(facts)
    assert RULES[-1].state is State.INCONCLUSIVE
    assert not [rule.id for rule in RULES[:-1] if rule.state is State.INCONCLUSIVE and rule.holds(facts)]


def test_rule_ids_are_unique_and_of_one_shape() -> None:
    ids = [rule.id for rule in (*RULES, LOOP, NOTHING)]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+){1,2}", one) for one in ids)


def test_every_rule_says_a_plain_sentence() -> None:
    for rule in (*RULES, LOOP, NOTHING):
        text = rule.because.format(host="a.example", url="https://a.example/", detail=" (x)", speed="; x")

        assert text.endswith("."), rule.id
        assert "{" not in text, rule.id
        assert rule.layer in LAYERS, rule.id
        assert len(text) < 260, rule.id


def test_grades_are_those_that_the_ids_promise() -> None:
    for rule in RULES:
        if rule.id.endswith(".artefact"):
            assert rule.grade is Grade.ARTEFACT
        if rule.id.endswith((".counterfactual", ".partial", ".name", ".address_and_name")):
            assert rule.grade is Grade.COUNTERFACTUAL
        assert rule.partial == rule.id.endswith(".partial")


def test_the_document_explains_every_rule_and_no_other() -> None:
    explained = re.findall(r"^### `([a-z_.]+)`$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)

    assert explained == [rule.id for rule in (*RULES, LOOP, NOTHING)], "the same rules in the same order"


def test_every_reason_of_a_rule_is_a_public_word() -> None:
    assert {rule.reason for rule in RULES if rule.reason} <= set(Reason)
