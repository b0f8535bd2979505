"""Every combination of evidence about QUIC: what may be listed, and that no verdict's state ever rests on it."""

import itertools
import os
from collections import Counter
from dataclasses import replace

import pytest

from blockprobe.model.control import Control, ControlTls
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Observation, Place, QuicObservation, Test
from blockprobe.model.record import Verdict
from blockprobe.model.words import LineState, Mechanism, Scope, State
from blockprobe.verdict.facts import QuicFact
from blockprobe.verdict.judge import judge
from blockprobe.verdict.quic_facts import advertised, quic_finding
from blockprobe.verdict.quic_path import path_withholds_quic
from tests.verdict import build as b

FULL = "BLOCKPROBE_ACCEPTANCE" in os.environ
ALT_SVC = (("Alt-Svc", 'h2="x.example:443"; ma=1, h3=":443"; ma=86400, h3-29=":443"'),)


def quic(
    address: str = b.SITE,
    failure: Failure | None = None,
    *,
    test: Test = Test.LOOK,
    place: Place = Place.ORIGIN,
    listed: bool = True,
    t: float = 30.0,
    packets: int = 5,
    received: int | None = None,
    authentic: bool | None = None,
) -> QuicObservation:
    """A handshake over QUIC; a valid chain without `failure`."""
    good = failure is None
    name = b.HOST if listed else "qwerty.example"
    return QuicObservation(
        why=b.why(test, place, listed=listed), t0_s=t, t_s=t + (0.1 if good else 4.0), failure=failure,
        address=address, port=443, server_name=name, verify_name=name, chain=(b.leaf(),) if good else (),
        valid=True if good and listed and place is Place.ORIGIN else None, packets=packets,
        bytes_received=(3000 if good else 0) if received is None else received, authentic=authentic,
    )  # fmt: skip


def tells_of_quic(ok: bool, address: str = b.SITE) -> Control:
    shaken = ControlTls(endpoint=b.endpoint(address, 443), server_name=b.HOST, ok=ok)
    return Control(
        helper="https://ctl.example/", url=b.URL, t0_s=50, t_s=51, failure=None, extended=True, quic=(shaken,)
    )


LOOKS = ("opens", "silent", "silent twice", "few packets", "answered and stuck", "refused", "closed", "bad chain")
ECHOES = (
    "not asked", "works for both", "listed silent", "listed silent twice", "some silent", "listed refused",
    "neutral silent", "neutral before only", "neutral forged", "not asked for the listed name",
)  # fmt: skip
ORIGINS = ("not asked", "neutral answered", "neutral silent", "neutral answered before")
CONTROLS = ("works", "fails", "unknown")
PATHS = ("not traced", "withheld", "withheld, few", "passes", "all withheld", "TCP withheld too")
PLAIN = ("open", "TLS blocked", "silent")


def look(kind: str) -> list[Observation]:
    silent = [quic(failure=b.TIMEOUT, test=Test.REPEAT if n else Test.LOOK, t=30.0 + n) for n in range(3)]
    if kind == "opens":
        return [quic()]
    if kind == "silent":
        return list(silent)
    if kind == "silent twice":
        return list(silent[:2])
    if kind == "few packets":
        return [replace(one, packets=3) for one in silent]
    if kind == "answered and stuck":
        return [replace(one, bytes_received=1200) for one in silent]
    if kind == "refused":
        return [replace(one, failure=Failure.CONNECTION_REFUSED) for one in silent]
    if kind == "closed":
        return [replace(one, failure=Failure.QUIC_PROTOCOL_ERROR, bytes_received=50) for one in silent]
    return [replace(quic(), failure=Failure.SSL_UNKNOWN_AUTHORITY, valid=False)]


def echo(kind: str) -> list[Observation]:
    if kind == "not asked":
        return []
    square = {"test": Test.SQUARE, "place": Place.ECHO}
    neutral = [quic(b.ECHO, listed=False, t=t, authentic=True, **square) for t in (40.0, 49.0)]  # type: ignore[arg-type]
    cut = [quic(b.ECHO, b.TIMEOUT, t=41.0 + n, **square) for n in range(3)]  # type: ignore[arg-type]
    fine = [quic(b.ECHO, t=46.0 + n, authentic=True, **square) for n in range(2)]  # type: ignore[arg-type]
    if kind == "neutral silent":
        neutral = [replace(one, failure=b.TIMEOUT, bytes_received=0, chain=()) for one in neutral]
    if kind == "neutral forged":
        neutral = [replace(one, authentic=False) for one in neutral]
    if kind == "neutral before only":
        neutral = neutral[:1]
    if kind == "not asked for the listed name":
        return [*neutral]
    if kind == "works for both":
        return [*neutral, *fine]
    if kind == "some silent":
        return [*neutral, *cut, *fine]
    if kind == "listed silent twice":
        return [*neutral, *cut[:2]]
    if kind == "listed refused":
        return [*neutral, *(replace(one, failure=Failure.CONNECTION_REFUSED) for one in cut)]
    return [*neutral, *cut]


def origin(kind: str) -> list[Observation]:
    if kind == "not asked":
        return []
    answered = quic(listed=False, test=Test.SQUARE, t=41.0)
    if kind == "neutral answered":
        return [answered]
    if kind == "neutral answered before":
        return [replace(answered, t0_s=1.0, t_s=1.1)]
    return [quic(failure=b.TIMEOUT, listed=False, test=Test.SQUARE, t=41.0) for _ in range(2)]


def path(kind: str) -> list[Observation]:
    if kind == "not traced":
        return []
    initial = {"carrying": "quic_initial", "name": "qwerty.example", "listed": False}
    beyond = (b.EXPIRED, b.EXPIRED)
    dropped = (b.EXPIRED, b.NO_REPLY)
    ours = beyond if kind == "passes" else dropped
    theirs = dropped if kind == "all withheld" else beyond
    syn = dropped if kind == "TCP withheld too" else beyond
    found: list[Observation] = [
        b.trace(b.SITE, *ours, **initial),  # type: ignore[arg-type]
        b.trace(b.ECHO, *theirs, place=Place.ECHO, **initial),  # type: ignore[arg-type]
        b.trace(b.SITE, *syn),
    ]
    return found if kind == "withheld, few" else [*found, *found]


def plain(kind: str) -> list[Observation]:
    """What was seen over TCP."""
    told = b.resolves()
    if kind == "open":
        return [*told, *b.opens_https()]
    if kind == "silent":
        return [*told, *(b.connect(failure=b.TIMEOUT, test=Test.REPEAT if n else Test.LOOK) for n in range(3))]
    cut = [b.shake(failure=b.RESET, test=Test.REPEAT if n else Test.LOOK, t=0.3 + n) for n in range(3)]
    return [*told, b.connect(), *cut, *b.at_echo(listed=b.RESET), b.line_is_up()]


def controls(kind: str) -> list[Control]:
    told = {"works": [tells_of_quic(True)], "fails": [tells_of_quic(False)], "unknown": []}[kind]
    return [b.healthy_helper(), *told]


def listed(verdict: Verdict) -> set[Mechanism]:
    return {one.mechanism for one in verdict.interference if one.mechanism.value.startswith("quic.")}


def test_what_is_listed_follows_from_the_evidence_and_no_state_does():
    """In full with BLOCKPROBE_ACCEPTANCE=1; otherwise every sixth case, and all in which something is to be listed."""
    counted: Counter[str] = Counter()
    turn = itertools.count()
    for over_tcp, control in itertools.product(PLAIN, CONTROLS):
        before = judge(b.measured(plain(over_tcp), control=controls("unknown")), b.PRINTS)
        for kinds in itertools.product(LOOKS, ECHOES, ORIGINS, PATHS):
            seen, asked, there, along = kinds
            by_name = seen == "silent" and asked in ("listed silent", "some silent")
            by_address = (
                seen == "silent" and over_tcp != "silent" and asked == "works for both" and control == "works"
                and there == "neutral silent" and along == "withheld"
            )  # fmt: skip
            if next(turn) % 6 and not by_address and not FULL:
                continue
            parts = (look(seen), echo(asked), origin(there), path(along))
            verdict = judge(b.measured(plain(over_tcp), *parts, control=controls(control)), b.PRINTS)
            found = listed(verdict)
            expected = {Mechanism.QUIC_TIMEOUT_SNI} if by_name else {Mechanism.QUIC_TIMEOUT_IP} if by_address else set()
            assert found == expected, (over_tcp, control, *kinds)
            same = ("state", "site_state", "grade", "mechanisms", "rule", "because", "reasons", "suspected", "partial")
            assert all(getattr(verdict, key) == getattr(before, key) for key in same), (over_tcp, control, *kinds)
            counted[",".join(sorted(found)) or "nothing"] += 1

    assert counted["quic.timeout.ip"] == 2
    assert counted["quic.timeout.sni"] > 50
    every = len(PLAIN) * len(CONTROLS) * len(LOOKS) * len(ECHOES) * len(ORIGINS) * len(PATHS)
    assert sum(counted.values()) == every if FULL else every / 6 <= sum(counted.values()) <= every / 6 + 2


def test_a_name_that_only_quic_withholds_leaves_the_site_accessible_with_a_gap():
    observed = (plain("open"), look("silent"), echo("listed silent"), origin("neutral answered"))
    verdict = judge(b.measured(*observed, control=controls("unknown")), b.PRINTS)

    assert (verdict.state, verdict.line_state, verdict.parity_gap) == (State.ACCESSIBLE, LineState.INTERFERED, True)
    [one] = verdict.interference
    assert (one.mechanism, one.scope, one.family, one.port) == (Mechanism.QUIC_TIMEOUT_SNI, Scope.NAME, 4, 443)
    assert (one.k, one.n) == (3, 3)


def test_quic_that_opens_beside_a_tls_block_is_a_gap():
    blocked = b.measured(plain("TLS blocked"), control=controls("unknown"))
    beside = replace(blocked, observations=(*blocked.observations, *look("opens")))

    assert not judge(blocked, b.PRINTS).parity_gap
    assert judge(beside, b.PRINTS).parity_gap
    assert judge(beside, b.PRINTS).mechanisms == (Mechanism.TLS_RESET_SNI,)


def test_a_network_without_quic_proves_nothing_and_says_so():
    view, leg = b.seen(plain("open"), look("silent"), echo("neutral silent"), control=controls("unknown"))

    assert quic_finding(view, leg).fact == QuicFact.LINE


def test_a_router_that_is_silent_to_everybody_proves_nothing():
    measured = b.measured(plain("open"), path("withheld"), on=b.line(common=False), control=controls("works"))
    view, leg = b.seen(path("all withheld"))

    assert not path_withholds_quic(view, leg, b.SITE)
    assert listed(judge(measured, b.PRINTS)) == set()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (ALT_SVC, True),
        ((("alt-svc", 'h3=":443"'),), True),
        ((("Alt-Svc", f'h3="{b.HOST}:443"'),), True),
        ((("Alt-Svc", 'h3="other.example:443"'),), False),
        ((("Alt-Svc", 'h3=":8443"'),), False),
        ((("Alt-Svc", 'h2=":443"'),), False),
        ((("Alt-Svc", "clear"),), False),
        ((("Alt-Svc", "h3=" + '"' * 10_000),), False),
        ((), False),
    ],
)
def test_a_site_advertises_http3_for_its_own_host_and_port(headers, expected):
    page = replace(b.get(tls=True), headers=headers)
    view, leg = b.seen(b.resolves(), b.connect(), b.shake(), page)

    assert advertised(view, leg) is expected


@pytest.mark.parametrize(("value", "expected"), [('1 . alpn="h2,h3"', True), ('1 . alpn="h2"', False), ("0 x.", False)])
def test_an_https_record_advertises_http3(value, expected):
    record = b.record(value, kind="HTTPS")
    answer = replace(b.reply(), answers=(record,))
    view, leg = b.seen(b.resolves(), replace(b.ask(answer), qtype="HTTPS"))

    assert advertised(view, leg) is expected


def test_what_a_helper_was_told_counts_where_the_page_does_not_come():
    control = b.healthy_helper()
    told = replace(control, hops=tuple(replace(hop, headers=ALT_SVC) for hop in control.hops))

    for known, expected in ((control, False), (told, True)):
        view, leg = b.seen(plain("TLS blocked"), control=[known])
        assert advertised(view, leg) is expected


def test_cleartext_and_addresses_advertise_nothing():
    for url in (b.CLEAR_URL, f"https://{b.SITE}/"):
        page = replace(b.get(tls=url.startswith("https"), host=b.SITE), headers=ALT_SVC)
        view, leg = b.seen(page, url=url)
        assert not advertised(view, leg)
