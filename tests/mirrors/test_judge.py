"""Every combination of facts: what no class may rest on, and what each must."""

from itertools import product
from pathlib import Path

import pytest

from blockprobe.mirrors.judge import RULES, is_live, judge_live, live_odds, relay_odds
from blockprobe.mirrors.live_facts import AnyHost, Artefact, Asset, Echo, Fresh, LiveFacts, Proof, Said, Threat
from blockprobe.mirrors.offline import Judgement
from blockprobe.model.mirror import Band, MirrorClass

BANDS = {
    MirrorClass.COPY_LIVE_UNKNOWN: Band.COPY,
    MirrorClass.UNDETERMINED: Band.UNDETERMINED,
}
OFFLINE = (
    MirrorClass.COPY_LIVE_UNKNOWN,
    MirrorClass.PARKED,
    MirrorClass.PHISH_LURE,
    MirrorClass.BLOCK_PAGE,
    MirrorClass.UNRELATED,
    MirrorClass.UNDETERMINED,
)
"""What a page alone can be called (offline.py)."""
PROOFS = [(), *(((Said(what=proof, words=f"proof {proof}"),)) for proof in Proof)]
ARTEFACTS = [(), *(((Said(what=one, words=f"trace {one}"),)) for one in Artefact)]


def page(class_: MirrorClass) -> Judgement:
    band = BANDS.get(class_, Band.NOT_COPY)
    return Judgement(class_=class_, p_copy=0.97, band=band, features={}, because="the page")


def everything():
    """The product of all facts that a rule looks at."""
    pages = [None, *map(page, OFFLINE)]
    before = [{}, {"gone": "no such name"}, {"parked_at": "a park"}, {"is_site": True, "redirects_to": "site.example"}]
    for shown, proofs, nonce, search, any_host in product(pages, PROOFS, Echo, Echo, AnyHost):
        for fresh, artefacts, echoes_all, no_reference in product(Fresh, ARTEFACTS, (False, True), ("", "no site")):
            for first in before:
                if first and (proofs or artefacts or echoes_all):
                    continue  # these rows win before anything else is looked at: seen in the rows without
                yield LiveFacts(
                    page=shown,
                    proofs=proofs,
                    nonce=nonce,
                    search=search,
                    any_host=any_host,
                    fresh=fresh,
                    artefacts=artefacts,
                    echoes_all=echoes_all,
                    no_reference=no_reference,
                    **first,
                )


COPIES = {
    MirrorClass.MIRROR_SAME_OP,
    MirrorClass.PROXY_LIVE,
    MirrorClass.COPY_LIVE_UNKNOWN,
    MirrorClass.CLONE_STATIC,
}


def test_no_combination_of_facts_gives_a_class_that_it_does_not_carry():
    count, seen, rules = 0, set(), set()
    for facts in everything():
        count += 1
        verdict = judge_live(facts)
        class_, copy = verdict.class_, facts.page is not None and facts.page.class_ is MirrorClass.COPY_LIVE_UNKNOWN
        told = Echo.ECHOED in (facts.nonce, facts.search) or facts.fresh is Fresh.FRESH
        refuted = Echo.OTHER in (facts.nonce, facts.search) or facts.fresh is Fresh.STALE

        assert (class_ is MirrorClass.MIRROR_SAME_OP) <= bool(facts.proofs), "an operator without a proof"
        assert (class_ in COPIES) <= copy, "a copy whose page is none"
        assert (verdict.live is True) <= (told and not facts.no_reference), "live by likeness"
        assert (verdict.live is False) <= (refuted and not facts.no_reference), "static without a test that says so"
        assert (class_ is MirrorClass.PROXY_LIVE) <= (verdict.live is True and bool(facts.artefacts))
        assert (class_ is MirrorClass.CLONE_STATIC) <= (verdict.live is False)
        assert (class_ is MirrorClass.UNDETERMINED) <= (verdict.band is Band.UNDETERMINED)
        assert verdict.because
        seen.add(class_)
        rules.add(verdict.rule)
    print(f"{count} combinations")

    assert seen == set(MirrorClass)
    assert rules == {rule.id for rule in RULES}


@pytest.mark.parametrize("proof", Proof)
def test_each_proof_alone_settles_who_runs_a_copy_and_nothing_else_does(proof):
    copy = page(MirrorClass.COPY_LIVE_UNKNOWN)
    proven = LiveFacts(page=copy, proofs=(Said(what=proof, words="so it is"),))

    assert judge_live(proven).class_ is MirrorClass.MIRROR_SAME_OP
    assert judge_live(LiveFacts(page=copy, asset=Asset.SAME)).class_ is MirrorClass.COPY_LIVE_UNKNOWN
    assert judge_live(LiveFacts(page=page(MirrorClass.UNRELATED), proofs=proven.proofs)).class_ is MirrorClass.UNRELATED


def test_a_likeness_leaves_both_questions_open():
    verdict = judge_live(LiveFacts(page=page(MirrorClass.COPY_LIVE_UNKNOWN), no_reference="the site was not reached"))

    assert (verdict.class_, verdict.live) == (MirrorClass.COPY_LIVE_UNKNOWN, None)
    assert verdict.because == "a copy; whether it is live is undetermined: the site was not reached"


def copy_with(**facts: object) -> LiveFacts:
    return LiveFacts(page=page(MirrorClass.COPY_LIVE_UNKNOWN), **facts)


@pytest.mark.parametrize(
    ("facts", "live"),
    [
        ({"nonce": Echo.ECHOED}, True),
        ({"nonce": Echo.ECHOED, "fresh": Fresh.STALE}, True),  # a cache in front of the page, none of nonces
        ({"nonce": Echo.ECHOED, "any_host": AnyHost.DIFFERS}, True),
        ({"nonce": Echo.ECHOED, "any_host": AnyHost.SAME}, None),  # it could echo anything
        ({"nonce": Echo.ECHOED, "search": Echo.ECHOED, "any_host": AnyHost.SAME}, True),
        ({"nonce": Echo.ECHOED, "search": Echo.OTHER, "any_host": AnyHost.SAME}, False),
        ({"nonce": Echo.OTHER, "search": Echo.ECHOED}, True),  # a relay with an error page of its own
        ({"nonce": Echo.TEMPLATE}, None),  # a saved error page looks the same
        ({"nonce": Echo.TEMPLATE, "fresh": Fresh.FRESH}, True),
        ({"nonce": Echo.OTHER}, False),
        ({"nonce": Echo.OTHER, "fresh": Fresh.FRESH}, None),  # a relay, or a copy taken every hour
        ({"nonce": Echo.OTHER, "search": Echo.OTHER, "fresh": Fresh.FRESH}, False),
        ({"fresh": Fresh.LAGGING}, None),
        ({"fresh": Fresh.STALE}, False),
        ({}, None),
    ],
)
def test_the_weightiest_test_says_whether_a_copy_is_live(facts, live):
    assert is_live(copy_with(**facts)) is live


def test_odds_are_capped_and_traces_are_not_added_up():
    many = tuple(Said(what=one, words="x") for one in Artefact)

    assert abs(live_odds(copy_with(nonce=Echo.ECHOED, search=Echo.ECHOED, fresh=Fresh.FRESH))) <= 3
    assert relay_odds(copy_with(artefacts=many)) == relay_odds(copy_with(artefacts=many[:1])) <= 3
    weak = copy_with(nonce=Echo.ECHOED, artefacts=(Said(what=Artefact.IDS_STRIPPED, words="x"),))
    assert judge_live(weak).class_ is MirrorClass.COPY_LIVE_UNKNOWN


def test_a_threat_is_no_class():
    threat = (Said(what=Threat.MINER, words="x"),)

    assert judge_live(copy_with(threats=threat)) == judge_live(copy_with())


def test_the_manual_has_every_rule_and_every_word():
    manual = (Path(__file__).parents[2] / "docs" / "mirrors.md").read_text()
    words = [rule.id for rule in RULES] + [*Proof, *Artefact, "echoed", "other", "template", *Fresh, *Threat]

    assert [word for word in words if f"`{word}`" not in manual] == []
