"""Every combination of evidence about one address: what may be called a block, and what may not."""

import itertools
from collections import Counter
from typing import Any

from blockprobe.model.failure import Failure
from blockprobe.model.line import LedgerEntry, SilentListed
from blockprobe.model.observation import Icmp, Observation, PathReply, Place
from blockprobe.verdict.address_facts import address_finding
from blockprobe.verdict.facts import AddressFact
from tests.verdict import build as b

OUTCOMES: dict[str, tuple[Failure | None, Icmp | None]] = {
    "open": (None, None),
    "silent": (b.TIMEOUT, None),
    "refused": (b.REFUSED, None),
    "prohibited near": (Failure.HOST_UNREACHABLE, b.router_says()),
    "prohibited far": (Failure.HOST_UNREACHABLE, b.router_says(sender="198.18.99.1")),
    "unreachable near": (Failure.HOST_UNREACHABLE, b.router_says(code=1)),
}
CONTROLS = {"works": (True,), "dead": (False,), "disputed": (True, False), "not tried": ()}
NEIGHBOURS = {"none": None, "same prefix": b.NEAR, "next prefix": b.FAR, "somebody else's": "198.18.44.4"}
_RST, _UNREACHABLE = (PathReply.RESET,) * 3, (PathReply.UNREACHABLE,) * 3
_CONNECTED = (PathReply.CONNECTED,) * 3
#: What the target's packets meet at the two hop limits of the common path, per round, and what the neighbour's meet.
PATHS: dict[str, tuple[list[tuple[Any, Any]], tuple[Any, Any]]] = {
    "not traced": ([], (b.EXPIRED, b.EXPIRED)),
    "passes": ([(b.EXPIRED, b.EXPIRED)] * 2, (b.EXPIRED, b.EXPIRED)),
    "withheld": ([(b.EXPIRED, b.NO_REPLY)] * 2, (b.EXPIRED, b.EXPIRED)),
    "withheld once": ([(b.EXPIRED, b.NO_REPLY)], (b.EXPIRED, b.EXPIRED)),
    "reset early": ([(b.EXPIRED, _RST)], (b.EXPIRED, b.EXPIRED)),
    "unreachable early": ([(b.EXPIRED, _UNREACHABLE)], (b.EXPIRED, b.EXPIRED)),
    "target stands near": ([(b.EXPIRED, _RST)], (b.EXPIRED, _CONNECTED)),
    "silent target stands near": ([(b.EXPIRED, b.NO_REPLY)] * 2, (b.EXPIRED, _CONNECTED)),
}
LEDGERS = {"clean": (), "hot": (LedgerEntry(address=b.SITE, port=443, triggered_t_s=-5.0),),
           "recovered": (LedgerEntry(address=b.SITE, port=443, triggered_t_s=-50.0, residual_s=30.0),)}  # fmt: skip
CROWD = tuple(
    SilentListed(address=address, host=f"l{n}.example", leaf_spki_sha256=f"key-{n}")
    for n, address in enumerate((b.SITE, "198.18.5.5", "198.19.6.6"))
)
CROWDS = {"alone": (), "three unrelated": CROWD, "three unrelated among many": CROWD,
          "one operator": tuple(SilentListed(address=f"203.0.113.{n}", host="", leaf_spki_sha256=f"key-{n}")
                                for n in range(10, 13))}  # fmt: skip
OPENED = {"three unrelated among many": 27}
ADDRESS_KNOWN = ("by nobody", "by encrypted DNS")


def story(case: tuple[Any, ...]) -> tuple[list[Observation], dict[str, Any]]:
    outcome, control, attempts, sandwich, near, path, ledger, crowd, known = case
    failure, icmp = OUTCOMES[outcome]
    found: list[Observation] = [*b.resolves()]
    if failure is None:
        found.append(b.connect())
    else:
        found += b.fails_to_connect(failure=failure, icmp=icmp, times=attempts)
    if sandwich:
        found.append(b.line_is_up())
    if NEIGHBOURS[near]:
        found.append(b.neighbour(NEIGHBOURS[near] or ""))
    rounds, theirs = PATHS[path]
    for mine in rounds:
        found.append(b.trace(b.SITE, *mine))
        found.append(b.trace(NEIGHBOURS[near] or b.NEAR, *theirs, place=Place.NEIGHBOUR))
    if known == "by encrypted DNS":
        found.append(b.doh(b.reply(b.SITE)))
    helpers = [b.helper(b.SITE, tcp={b.SITE: ok}, name=f"h{n}") for n, ok in enumerate(CONTROLS[control])]
    return found, {
        "control": helpers,
        "on": b.line(ledger=LEDGERS[ledger], silent=CROWDS[crowd], opened=OPENED.get(crowd, 0)),
    }


def may_be_proven(case: tuple[Any, ...]) -> bool:
    outcome, control, attempts, sandwich, near, path, ledger, crowd, known = case
    enough = attempts >= (3 if outcome == "silent" else 2)
    neighbours = near in ("same prefix", "next prefix")
    if not (enough and sandwich and neighbours) or ledger == "hot":
        return False
    if path in ("withheld", "reset early") or (path == "unreachable early" and near == "same prefix"):
        if control == "dead":  # a dead site's prefix must be in use, and any router may drop it or say "unreachable"
            return near == "same prefix" and path == "reset early"
        return control != "not tried" or known == "by encrypted DNS"
    crowded = crowd == "three unrelated" and outcome == "silent" and control == "works"
    return crowded and path not in ("passes", "not traced")  # untraced, no silence outlasts the neighbour's answer


def test_every_combination_of_evidence_about_an_address(capsys: Any) -> None:
    cases = list(itertools.product(
        OUTCOMES, CONTROLS, (1, 2, 3), (True, False), NEIGHBOURS, PATHS, LEDGERS, CROWDS, ADDRESS_KNOWN
    ))  # fmt: skip
    looked: Counter[AddressFact] = Counter()
    left_out = Counter[str]()
    for case in cases:
        outcome, control, attempts, sandwich, near, path, ledger, crowd, known = case
        if outcome == "open" and (attempts, near, path, crowd) != (1, "none", "not traced", "alone"):
            left_out["an open address is tested no further"] += 1
            continue
        if near == "none" and path != "not traced":
            left_out["without a neighbour nothing is traced"] += 1
            continue
        if known == "by encrypted DNS" and control != "not tried":
            left_out["encrypted DNS matters only where no helper tried the address"] += 1
            continue
        if crowd == "one operator" and path != "not traced":
            left_out["a crowd of one operator counts for nothing; one path shows that"] += 1
            continue
        if ledger == "recovered" and path != "withheld":
            left_out["a place that recovered is like a clean one; one path shows that"] += 1
            continue
        found, more = story(case)
        view, leg = b.seen(found, **more)
        fact = AddressFact(address_finding(view, leg).fact)
        looked[fact] += 1

        assert (fact is AddressFact.OPEN) == (outcome == "open"), case
        if fact is AddressFact.BLOCKED_ARTEFACT:
            assert all((outcome == "prohibited near", attempts >= 2, sandwich, ledger != "hot")), case
        if fact is AddressFact.BLOCKED_PROVEN:
            assert may_be_proven(case), case
        elif fact is not AddressFact.BLOCKED_ARTEFACT and outcome != "open":
            assert not may_be_proven(case), ("a proof was not seen", case, fact)
        if control == "dead" and fact not in (AddressFact.BLOCKED_PROVEN, AddressFact.BLOCKED_ARTEFACT):
            assert fact in (AddressFact.SAME_FAILURE, AddressFact.PUNISHED, AddressFact.OPEN), case
    with capsys.disabled():
        print(f"\n  address: {sum(looked.values())} combinations of evidence, left out {dict(left_out)}")
    assert set(looked) == set(AddressFact) - {AddressFact.NOT_TRIED}


def test_nothing_tried_is_said_to_be_so() -> None:
    view, leg = b.seen(b.resolves(), control=[b.healthy_helper()])

    assert address_finding(view, leg).fact is AddressFact.NOT_TRIED
