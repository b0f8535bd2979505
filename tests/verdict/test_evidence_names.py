"""Every combination of evidence about a name on the wire: handshakes, the square, certificates, clocks."""

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from blockprobe.model.failure import Failure
from blockprobe.model.line import LedgerEntry
from blockprobe.model.observation import Observation, PathReply, Place, Test
from blockprobe.verdict.facts import TlsFact
from blockprobe.verdict.tls_facts import tls_finding
from tests.verdict import build as b

_CUT = {"reset": b.RESET, "silence": b.TIMEOUT, "eof": Failure.EOF_ERROR, "alert": Failure.SSL_FAILED_HANDSHAKE}
_CHAINS = {
    "another leaf": (Failure.SSL_UNKNOWN_AUTHORITY, b.leaf("filter", issuer="CN=Box", names=(b.HOST,))),
    "the site's leaf": (Failure.SSL_UNKNOWN_AUTHORITY, b.leaf("site")),
    "the site's key": (Failure.SSL_UNKNOWN_AUTHORITY, b.leaf("site")),
    "same authority": (Failure.SSL_UNKNOWN_AUTHORITY, b.leaf("renewed")),
    "other name": (Failure.SSL_INVALID_HOSTNAME, b.leaf("other", names=("isp.example",))),
    "known filter": (Failure.SSL_UNKNOWN_AUTHORITY, b.leaf("filter", issuer="O=Laboratory Filter")),
    "only dates": (Failure.SSL_INVALID_CERTIFICATE, b.leaf("filter", issuer="CN=Box")),
}
LOOKS = ("valid", "stuck", *_CUT, *_CHAINS)
#: (listed at our echo, neutral around it); where others share the echo, how many neutral names were answered beside it.
ECHOES = (
    ("not asked", "-"),
    *itertools.product(("all cut", "some cut", "works", "stuck"), ("around", "away", "before", "elsewhere", "none")),
    *itertools.product(("shared, all cut",), ("around, 0", "around, 1", "around, 2", "around, 2 of 3", "before, 2")),
)
NEAR_TESTS = ("nothing", "fast", "reset on path", "reset where the server stands", "fast only by a slow first packet")
CONTROLS = ("works", "works, leaf unknown", "fails", "not tried", "disputed", "no helper")


def look(kind: str, times: int) -> list[Observation]:
    made: list[Observation] = [b.connect()]
    for n in range(times):
        test = Test.REPEAT if n else Test.LOOK
        if kind == "valid":
            made.append(b.shake(test=test))
        elif kind == "stuck":
            made.append(b.shake(failure=b.TIMEOUT, received=100, test=test, t=0.3 + n))
        elif kind in _CUT:
            made.append(b.shake(failure=_CUT[kind], test=test, t=0.3 + n, took=0.2))
        else:
            failure, shown = _CHAINS[kind]
            detail = "certificate has expired" if kind == "only dates" else None
            made.append(b.shake(failure=failure, shown=shown, detail=detail, test=test, t=0.3 + n))
    return made


def echo(listed: str, neutral: str, failure: Failure) -> list[Observation]:
    if listed == "not asked":
        return []
    if listed == "shared, all cut":
        return shared_echo(neutral, failure)
    common: dict[str, Any] = {"test": Test.SQUARE, "place": Place.ECHO}
    cut = {"all cut": 3, "some cut": 3, "works": 0, "stuck": 0}[listed]
    made: list[Observation] = [b.shake(b.ECHO, failure, t=11.0 + n, **common) for n in range(cut)]
    if listed in ("some cut", "works"):
        made += [b.shake(b.ECHO, t=15.0 + n, **common) for n in range(2)]
    if listed == "stuck":
        made += [b.shake(b.ECHO, b.TIMEOUT, received=100, t=11.0 + n, **common) for n in range(3)]
    if neutral == "away":  # a neutral name works before and much later; two in a row fail in between
        made += [b.shake(b.ECHO, listed=False, t=t, **common) for t in (10.0, 60.0)]
        made += [b.shake(b.ECHO, b.TIMEOUT, listed=False, t=t, **common) for t in (20.0, 25.0)]
    if neutral in ("around", "before"):
        made.append(b.shake(b.ECHO, listed=False, t=10.0, **common))
    if neutral in ("around", "elsewhere"):
        address = b.ECHO if neutral == "around" else b.ECHO2
        made.append(b.shake(address, listed=False, t=20.0, **common))
    return made


def shared_echo(neutral: str, failure: Failure) -> list[Observation]:
    where, _, beside = neutral.partition(", ")
    common: dict[str, Any] = {"test": Test.SHARED, "place": Place.ECHO}
    made: list[Observation] = [b.shake(b.ECHO, failure, t=11.0, took=4.0, **common) for _ in range(3)]
    made += [b.shake(b.ECHO, listed=False, t=t, **common) for t in ((10.0, 20.0) if where == "around" else (10.0,))]
    made += [b.shake(b.ECHO, listed=False, t=11.5 + n, **common) for n in range(int(beside[0]))]
    if beside.endswith("of 3"):
        made.append(b.shake(b.ECHO, b.TIMEOUT, listed=False, t=13.5, took=4.0, **common))
    return made


def near(kind: str, failure: Failure) -> list[Observation]:
    """Tests at the origin itself: small segments cut as well, a neutral name works, and something on the way."""
    made: list[Observation] = [
        b.shake(failure=failure, test=Test.SMALL_MSS, t=25.0),
        b.shake(listed=False, test=Test.SQUARE, t=26.0),
    ]
    if kind.startswith("fast"):
        slow = 2.0 if kind == "fast" else 0.5
        made += [b.shake(failure=failure, test=Test.REPEAT, t=30.0 + n, took=0.005, rtt=slow) for n in range(2)]
    if "path" in kind or "stands" in kind:
        theirs = b.EXPIRED if "path" in kind else (PathReply.CONNECTED,) * 3
        made.append(b.trace(b.SITE, b.EXPIRED, theirs, carrying="client_hello", listed=False))
        made.append(b.trace(b.SITE, b.EXPIRED, (PathReply.RESET,) * 3, carrying="client_hello"))
    return made


def control(kind: str) -> list[Any]:
    if kind == "no helper":
        return []
    if kind == "not tried":
        return [b.helper(b.SITE, tcp={b.SITE: True})]
    keys = {"works": ["site"], "works, leaf unknown": ["site"], "fails": [None], "disputed": ["site", None]}[kind]
    return [
        b.helper(b.SITE, tcp={b.SITE: True}, tls={b.SITE: key}, name=f"h{n}", extended="unknown" not in kind)
        for n, key in enumerate(keys)
    ]


def test_every_combination_of_evidence_about_a_name_in_tls(capsys: Any) -> None:
    looked: Counter[TlsFact] = Counter()
    left_out = Counter[str]()
    for case in itertools.product(LOOKS, (1, 3), ECHOES, NEAR_TESTS, CONTROLS, (0.0, 9e7)):
        kind, times, (listed, neutral), nearer, helper, clock = case
        failure = _CUT.get(kind)
        if clock and kind != "only dates":
            left_out["the clock matters to dates only"] += 1
            continue
        if failure is None and (listed != "not asked" or nearer != "nothing") and (kind, nearer) != ("stuck", "fast"):
            left_out["the square is asked only where a name was cut off"] += 1
            continue
        if listed not in ("works", "not asked") and nearer != "nothing":
            left_out["the origin is tested only where our echo lets the name through"] += 1
            continue
        cut = failure or b.TIMEOUT
        found = [*b.resolves(), *look(kind, times), *echo(listed, neutral, cut)]
        found += near(nearer, cut) if nearer != "nothing" else []
        if nearer == "fast only by a slow first packet":
            found.append(b.connect(took=0.005, t=0.1))
        elif nearer == "fast":
            found = [o for o in found if o.kind != "tcp"]
            found = [b.connect(took=0.5), *found]
        view, leg = b.seen(found, control=control(helper), on=b.line(clock=clock))
        fact = TlsFact(tls_finding(view, leg).fact)
        looked[fact] += 1
        check(case, fact)
    with capsys.disabled():
        print(f"\n  tls: {sum(looked.values())} combinations of evidence, left out {dict(left_out)}")
    assert set(looked) == set(TlsFact) - {TlsFact.NOT_TRIED}


def check(case: tuple[Any, ...], fact: TlsFact) -> None:
    kind, times, (listed, neutral), nearer, helper, clock = case
    assert (fact is TlsFact.VALID) == (kind == "valid"), case
    if fact in (TlsFact.NAME_PROVEN, TlsFact.NAME_PARTIAL):
        if listed == "shared, all cut":
            assert (kind, neutral, fact) == ("silence", "around, 2", TlsFact.NAME_PROVEN), case
        else:
            assert (kind in _CUT, neutral) == (True, "around"), case
            assert listed == ("all cut" if fact is TlsFact.NAME_PROVEN else "some cut"), case
    if fact is TlsFact.ADDRESS_AND_NAME_PROVEN:
        assert kind in _CUT, case
        if helper == "no helper":  # then the path itself must say it, and the echo may be out of reach as well
            assert (nearer, listed in ("works", "not asked")) == ("reset on path", True), case
        else:
            assert helper in ("works", "works, leaf unknown", "disputed"), case
            assert (nearer in ("fast", "reset on path"), listed) == (True, "works"), case
    if fact in (TlsFact.MITM_PROVEN, TlsFact.MITM_ARTEFACT):
        assert kind in ("another leaf", "other name", "known filter"), case
        assert times >= 2, case
        assert helper == "works" or (helper == "works, leaf unknown" and kind == "other name"), case
        assert (fact is TlsFact.MITM_ARTEFACT) == (kind == "known filter"), case
    if fact is TlsFact.CLOCK:
        assert (kind, clock > 0) == ("only dates", True), case
    if kind in ("the site's leaf", "the site's key", "same authority", "stuck"):
        assert fact in (TlsFact.UNPROVEN, TlsFact.SAME_FAILURE, TlsFact.NO_CONTROL), (case, fact)


def test_a_punished_echo_counts_where_two_fell_and_the_line_stayed_up() -> None:
    square = {"test": Test.SQUARE, "place": Place.ECHO}
    fell: list[Observation] = []
    for n, address in enumerate((b.ECHO, b.ECHO2)):
        fell.append(b.shake(address, listed=False, t=10.0 + 5 * n, **square))
        fell.append(b.shake(address, b.RESET, t=11.0 + 5 * n, **square))
        fell.append(b.shake(address, b.RESET, listed=False, t=12.0 + 5 * n, **square))
    ledger = [LedgerEntry(address=a, port=443, triggered_t_s=11.0) for a in (b.ECHO, b.ECHO2)]
    looks = [*b.resolves(), *look("reset", 2)]

    def fact(*more: Observation, on: Any) -> str:
        view, leg = b.seen(looks, fell, list(more), control=control("works"), on=on)
        return tls_finding(view, leg).fact

    assert fact(b.line_is_up(), on=b.line(ledger=ledger)) == TlsFact.NAME_PROVEN
    assert fact(on=b.line(ledger=ledger)) == TlsFact.UNPROVEN, "the line may have been down"
    assert fact(b.line_is_up(), on=b.line()) == TlsFact.UNPROVEN, "nothing says that the places were punished"
    assert fact(b.line_is_up(), on=b.line(ledger=ledger[:1])) == TlsFact.UNPROVEN, "one echo may have died"


_ALONE: dict[str, Any] = {"test": Test.SQUARE, "place": Place.ECHO}
_SHARED: dict[str, Any] = {"test": Test.SHARED, "place": Place.ECHO}


def _neutral(failure: Failure | None = None, *, t: float, took: float = 0.1, address: str = b.ECHO) -> Observation:
    return b.shake(address, failure, listed=False, t=t, took=took, **_SHARED)


def _unconnected(address: str) -> Observation:
    failed = b.connect(address, b.TIMEOUT, t=13.0, took=4.0, **_SHARED)
    return replace(failed, why=replace(failed.why, listed=False))


_BOTH = [_neutral(t=11.5), _neutral(t=13.0)]
#: What was sent to an echo beside a listed name that met silence there from 11.0 to 15.0 s, and what that proves.
BESIDE: dict[str, tuple[list[Observation], TlsFact]] = {
    "nothing": ([], TlsFact.UNPROVEN),
    "one, answered": (_BOTH[:1], TlsFact.UNPROVEN),
    "two, answered": (_BOTH, TlsFact.NAME_PROVEN),
    "two, answered at another echo": (
        [_neutral(t=t, address=b.ECHO2) for t in (11.5, 13.0)], TlsFact.UNPROVEN,
    ),
    "one answered, one silent": ([_BOTH[0], _neutral(b.TIMEOUT, t=13.0, took=4.0)], TlsFact.UNPROVEN),
    "two answered, one silent": ([*_BOTH, _neutral(b.TIMEOUT, t=13.0, took=4.0)], TlsFact.UNPROVEN),
    "one answered, one reset": ([_BOTH[0], _neutral(b.RESET, t=13.0)], TlsFact.UNPROVEN),
    "one answered when the silence was over": ([_BOTH[0], _neutral(t=13.0, took=2.1)], TlsFact.UNPROVEN),
    "two answered, one not even connected": ([*_BOTH, _unconnected(b.ECHO)], TlsFact.UNPROVEN),
    "two answered, one not even connected at another echo": ([*_BOTH, _unconnected(b.ECHO2)], TlsFact.NAME_PROVEN),
}  # fmt: skip


def fell(
    where: dict[str, Any], more: list[Observation], *, cut: Failure = b.TIMEOUT, after: Failure | None = None,
    address: str = b.ECHO, start: float = 10.0,
) -> list[Observation]:  # fmt: skip
    """A neutral name, the listed one cut three times, `more` beside it, a neutral name afterwards."""
    took = 4.0 if cut is b.TIMEOUT else 0.05
    listed = [b.shake(address, cut, t=start + 1.0, took=took, **where) for _ in range(3)]
    around = [b.shake(address, failure, listed=False, t=start + late, **where)
              for late, failure in ((0.0, None), (6.0, after))]  # fmt: skip
    return [*listed, *around, *more]


def fact_of(kind: str, found: list[Observation], **on: Any) -> TlsFact:
    found = [*found, b.line_is_up()]
    view, leg = b.seen(b.resolves(), look(kind, 3), found, control=control("works"), on=b.line(**on))
    return TlsFact(tls_finding(view, leg).fact)


@pytest.mark.parametrize("beside", BESIDE)
def test_at_a_shared_echo_silence_counts_only_beside_two_neutral_names_that_were_answered(beside: str) -> None:
    more, true = BESIDE[beside]
    assert fact_of("silence", fell(_SHARED, more)) == true
    alone = [replace(one, why=replace(one.why, test=Test.SQUARE)) for one in more]
    assert fact_of("silence", fell(_ALONE, alone)) == TlsFact.NAME_PROVEN, "nobody else can have brought it upon it"


def test_at_a_shared_echo_a_reset_counts_for_nothing() -> None:
    assert fact_of("reset", fell(_SHARED, _BOTH, cut=b.RESET)) == TlsFact.UNPROVEN
    assert fact_of("reset", fell(_ALONE, [], cut=b.RESET)) == TlsFact.NAME_PROVEN


def test_what_was_cut_at_a_shared_echo_does_not_make_a_partial_block_of_one_proven_alone() -> None:
    alone = fell(_ALONE, [], address=b.ECHO2, start=20.0)
    assert fact_of("silence", [*fell(_SHARED, []), *alone]) == TlsFact.NAME_PROVEN


def test_shared_echoes_that_are_punished_afterwards_prove_nothing_even_if_they_are_two() -> None:
    ledger = [LedgerEntry(address=a, port=443, triggered_t_s=11.0) for a in (b.ECHO, b.ECHO2)]

    def both(where: dict[str, Any]) -> list[Observation]:
        found: list[Observation] = []
        for start, address in ((10.0, b.ECHO), (20.0, b.ECHO2)):
            beside = [_neutral(t=start + late, address=address) for late in (1.5, 3.0)] if where is _SHARED else []
            found += fell(where, beside, after=b.TIMEOUT, address=address, start=start)
        return found

    assert fact_of("silence", both(_ALONE), ledger=ledger) == TlsFact.NAME_PROVEN
    assert fact_of("silence", both(_SHARED), ledger=ledger) == TlsFact.UNPROVEN


def test_an_echo_that_was_away_for_longer_than_two_neutral_names_does_not_surround_what_was_cut() -> None:
    """The line, or our server, may have been down for just that time; one loss is no outage."""
    cut = fell(_ALONE, [], after=b.TIMEOUT)
    once_more = b.shake(b.ECHO, b.TIMEOUT, listed=False, t=20.5, **_ALONE)
    back = b.shake(b.ECHO, listed=False, t=60.0, **_ALONE)
    assert fact_of("silence", [*cut, back]) == TlsFact.NAME_PROVEN, "one loss"
    assert fact_of("silence", [*cut, once_more, back]) == TlsFact.UNPROVEN


def test_a_second_round_at_an_echo_that_was_away_does_not_make_the_first_one_sound() -> None:
    away = [*fell(_ALONE, [], after=b.TIMEOUT), b.shake(b.ECHO, b.TIMEOUT, listed=False, t=20.5, **_ALONE)]
    answered = [b.shake(b.ECHO, t=61.0 + n, **_ALONE) for n in range(3)]
    around = [b.shake(b.ECHO, listed=False, t=t, **_ALONE) for t in (60.0, 70.0)]
    assert fact_of("silence", [*away, *answered, *around]) == TlsFact.UNPROVEN
    cut = [b.shake(b.ECHO, b.TIMEOUT, t=61.0, took=4.0, **_ALONE) for _ in range(3)]
    assert fact_of("silence", [*away, *cut, *around]) == TlsFact.NAME_PARTIAL, "the second round speaks for itself"
