"""Every combination of evidence about the line's own resolvers: what may be called a lie, and what may not."""

import itertools
from collections import Counter
from typing import Any

from blockprobe.model.observation import DnsReply, Observation, Test
from blockprobe.verdict.dns_facts import dns_finding
from blockprobe.verdict.facts import DnsFact
from tests.verdict import build as b

ANSWERS: dict[str, DnsReply | None] = {
    "real": b.reply(b.SITE),
    "bogon": b.reply(b.BOGON),
    "block page": b.reply(b.BLOCK_PAGE),
    "another site": b.reply("198.18.40.4"),
    "unconfirmed": b.reply(b.CDN),
    "nxdomain bare": b.reply(rcode="NXDOMAIN"),
    "nxdomain genuine": b.reply(rcode="NXDOMAIN", authority=[b.soa()]),
    "nxdomain of another zone": b.reply(rcode="NXDOMAIN", authority=[b.soa("rpz.isp.example")]),
    "nxdomain of former servers": b.reply(rcode="NXDOMAIN", authority=[b.soa(primary="ns.former.example.")]),
    "nxdomain of its own making": b.reply(rcode="NXDOMAIN", authority=[b.soa(primary="localhost.")], aa=True),
    "nodata": b.reply(),
    "refused": b.reply(rcode="REFUSED"),
    "servfail": b.reply(rcode="SERVFAIL"),
    "formerr": b.reply(rcode="FORMERR"),
    "silence": None,
}
LIES = {"bogon", "block page", "another site", "nxdomain bare", "nxdomain of another zone",
        "nxdomain of its own making", "nodata"}  # fmt: skip
SHARES = ("all", "real over TCP and with CD", "real twice of five", "once")
NEUTRALS = ("works", "before only", "none", "same answer")
LABELS = ("reached", "fails", "fails without recursion", "no SOA for others")
EDES = ((), (16,), (6,))
CONTROLS = ("alive", "witnessed", "resolved, no chain", "dead", "disputed", "none")


def answered(answer: DnsReply | None, ede: tuple[int, ...]) -> DnsReply | None:
    if answer is None or not ede:
        return answer
    return b.reply(*(r.value for r in answer.answers), rcode=answer.rcode, authority=answer.authority, ede=ede,
                   aa=answer.aa)  # fmt: skip


def asked(kind: str, share: str, ede: tuple[int, ...]) -> list[Observation]:
    answer = answered(ANSWERS[kind], ede)
    if share == "once":
        return [b.ask(answer), *(b.ask(b.reply(b.SITE), test=Test.REPEAT, t=float(n)) for n in (1, 2))]
    found: list[Observation] = [*b.asked_often(answer)]
    if share == "real over TCP and with CD":
        forms = (Test.FORM_CD, Test.FORM_TCP)
        good = [b.ask(b.reply(b.SITE), test=t, url=f"{'tcp' if t is Test.FORM_TCP else 'udp'}://{b.OWN}:53")
                for t in forms]  # fmt: skip
        found = [o for o in found if o.why.test not in forms] + list(good)
    if share == "real twice of five":
        found = found[:3] + [b.ask(b.reply(b.SITE), test=Test.REPEAT, t=3.0 + n) for n in range(2)]
    return found


def around(kind: str, neutral: str, labels: str) -> list[Observation]:
    found: list[Observation] = []
    same = {"bogon": b.BOGON, "block page": b.BLOCK_PAGE}.get(kind, "198.18.77.1")
    if neutral in ("works", "same answer"):
        found.append(b.neutral_name(answer=same if neutral == "same answer" else "198.18.77.1"))
    if neutral == "before only":
        found.append(b.neutral_name(t=-1.0))
    found.append(b.beside(with_soa=labels != "no SOA for others"))
    found.append(b.below(b.reply(rcode="NXDOMAIN", authority=[b.soa()]) if labels == "reached" else
                         b.reply(rcode="SERVFAIL")))  # fmt: skip
    if labels == "fails without recursion":
        for name, listed, rcode in ((b.HOST, True, "SERVFAIL"), (b.NEUTRAL, False, "NOERROR")):
            found.append(b.ask(b.reply(rcode=rcode), test=Test.FORM_NO_RD, qname=f"bp1.{name}", listed=listed))
    # what the answered addresses are: a known notice; somebody else's server
    found.append(b.get(b.NOTICE, address=b.BLOCK_PAGE))
    found.append(b.shake("198.18.40.4", b.Failure.SSL_INVALID_HOSTNAME, shown=b.leaf("x", names=("isp.example",))))
    return found


def control(kind: str) -> tuple[list[Observation], list[Any]]:
    alive = b.helper(b.SITE, tls={b.SITE: "site"}, zone=b.soa())
    dead = b.helper(rcode="NXDOMAIN", body=None, name="h2")
    match kind:
        case "alive":
            return [b.shake(), b.doh(b.reply(b.SITE))], [alive]
        case "witnessed":
            return [b.shake(), b.doh(b.reply(b.SITE))], []
        case "resolved, no chain":
            return [], [b.helper(b.SITE, zone=b.soa())]
        case "dead":
            return [], [dead]
        case "disputed":
            return [], [b.helper(b.SITE, zone=b.soa()), dead]
        case _:
            return [], []


def may_be_proven(case: tuple[Any, ...]) -> bool:
    kind, share, neutral, labels, ede, known = case
    if 16 in ede:
        return kind not in ("real",) and share != "once"
    if share == "once" or known in ("dead", "none") or (known == "disputed" and kind != "block page"):
        return False
    if kind in ("block page", "bogon"):
        return neutral != "same answer"
    if kind in ("real", "unconfirmed") or neutral != "works" or 6 in ede:
        return False
    if kind == "another site":
        return known in ("alive", "witnessed")
    if kind in LIES:
        return labels != "no SOA for others" and not (known == "witnessed" and kind == "nxdomain of its own making")
    if kind in ("refused", "formerr"):
        return share == "all"
    if kind == "silence":
        return share == "all" and labels == "reached"
    if kind == "servfail":
        return share == "all" and known in ("alive", "witnessed") and labels in ("reached", "fails without recursion")
    return False


PROVEN = {DnsFact.LIE_ARTEFACT, DnsFact.LIE_PROVEN, DnsFact.LIE_PARTIAL}


def test_every_combination_of_evidence_about_a_resolver(capsys: Any) -> None:
    looked: Counter[DnsFact] = Counter()
    left_out = Counter[str]()
    for case in itertools.product(ANSWERS, SHARES, NEUTRALS, LABELS, EDES, CONTROLS):
        kind, share, neutral, labels, ede, known = case
        if kind == "real" and (share, ede) != ("all", ()):
            left_out["a share of real answers among real ones is all of them"] += 1
            continue
        if ANSWERS[kind] is None and ede:
            left_out["silence carries no extended error"] += 1
            continue
        if neutral == "same answer" and kind not in ("bogon", "block page"):
            left_out["a neutral name shares a false address only"] += 1
            continue
        extra, helpers = control(known)
        view, leg = b.seen(asked(kind, share, ede), around(kind, neutral, labels), extra, control=helpers)
        fact = DnsFact(dns_finding(view, leg).fact)
        looked[fact] += 1
        if known == "none" and neutral == "before only" and kind == "real":
            continue
        if fact in PROVEN:
            assert may_be_proven(case), (case, fact)
            assert (fact is DnsFact.LIE_PARTIAL) == (share != "all"), (case, fact)
        else:
            assert not may_be_proven(case), ("a proof was not seen", case, fact)
        if fact is DnsFact.REAL:
            assert kind == "real" or share in ("once", "real twice of five"), (case, fact)
        if kind == "nxdomain genuine" and share == "all" and not ede:
            assert fact not in PROVEN, case
    with capsys.disabled():
        print(f"\n  dns: {sum(looked.values())} combinations of evidence, left out {dict(left_out)}")
    never = {DnsFact.NOT_NEEDED, DnsFact.INJECTED}
    assert set(looked) == set(DnsFact) - never


def test_an_address_that_was_typed_needs_no_resolver() -> None:
    view, leg = b.seen(b.connect(b.SITE), url=f"https://{b.SITE}/")

    assert dns_finding(view, leg).fact is DnsFact.NOT_NEEDED
