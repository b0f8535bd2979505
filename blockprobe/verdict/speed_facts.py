"""How fast the name is allowed to be: from transfers to the fact of a leg, with figures in words."""

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, Test, TransferObservation
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Scope
from blockprobe.verdict.facts import Finding, SpeedFact
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.throttle import MAX_PAIRS, MIN_PAIRS, Comparison, Interval, Pace, Pair, compare, pairs_of
from blockprobe.verdict.view import View

#: An origin that sends this many times slower than our echo is worth a word; why it does nobody can tell from here.
SLOW_ORIGIN = 4.0

THROTTLES = frozenset({Mechanism.TLS_THROTTLE_SNI, Mechanism.HTTP_THROTTLE_HOST, Mechanism.IP_THROTTLE})
FREEZES = frozenset({Mechanism.TLS_FREEZE_SNI, Mechanism.HTTP_FREEZE_HOST})


def speed_finding(view: View, leg: Leg) -> Finding:
    """The fact of the leg's speed; NOT_TRIED where no transfer was made for it."""
    mine = [one for one in view.transfer if one.why.hop == leg.hop and one.tls == leg.tls]
    if not mine:
        return Finding(fact=SpeedFact.NOT_TRIED)
    pairs = pairs_at(view, leg, Place.ECHO)
    shown = compare(pairs)
    match shown.pace:
        case Pace.SLOWER:
            return _proven(view, leg, pairs, shown, SpeedFact.THROTTLED)
        case Pace.FROZEN:
            return _proven(view, leg, pairs, shown, SpeedFact.FROZEN)
        case Pace.EVEN:
            return _at_origin(view, leg, shown)
        case Pace.OPEN:
            return Finding(fact=SpeedFact.UNCLEAR, detail=_unclear(mine, pairs, shown))


def pairs_at(view: View, leg: Leg, place: Place) -> list[Pair]:
    """The pairs of transfers made for the leg at the echo or at the origin; only those at one address are a pair."""
    mine = [
        one
        for one in view.transfer
        if one.why.hop == leg.hop and one.tls == leg.tls and one.why.place is place and one.why.test is Test.SPEED
    ]
    return [pair for pair in pairs_of(mine) if pair.listed.address == pair.neutral.address]


def _proven(view: View, leg: Leg, pairs: list[Pair], shown: Comparison, fact: SpeedFact) -> Finding:
    frozen = fact is SpeedFact.FROZEN
    mechanism = Mechanism.HTTP_FREEZE_HOST if frozen else Mechanism.HTTP_THROTTLE_HOST
    if leg.tls:
        mechanism = Mechanism.TLS_FREEZE_SNI if frozen else Mechanism.TLS_THROTTLE_SNI
    found = Interference(
        mechanism=mechanism, hop=leg.hop, host=leg.host, family=family_of(pairs[0].listed.address), port=leg.port,
        scope=Scope.NAME, k=shown.k, n=shown.n,
    )  # fmt: skip
    starved = _starves(view, leg, shown)
    return Finding(
        fact=SpeedFact.STARVED if starved else fact,
        mechanisms=(mechanism,) if starved else (),
        interference=(found,),
        grade=Grade.COUNTERFACTUAL,
        detail=_death(shown) if frozen else _figures(shown),
    )


def _starves(view: View, leg: Leg, shown: Comparison) -> bool:
    """Whether no look at the page brought what it would have taken: an answer at all, or where connections are frozen
    the whole of it; and each failed as connections with the name do at the echo."""
    looks = view.pages(leg)
    whole = shown.pace is Pace.FROZEN
    expected = shown.failure if whole else Failure.GENERIC_TIMEOUT_ERROR
    return bool(looks) and all(page.failure is expected and (whole or page.status is None) for page in looks)


def _at_origin(view: View, leg: Leg, echo: Comparison) -> Finding:
    """The name alone passes; at its own address it may be slow, and the server could be doing that."""
    words = f"its name is not slowed: {_figures(echo)}"
    origin = compare(pairs_at(view, leg, Place.ORIGIN))
    if origin.pace in (Pace.SLOWER, Pace.FROZEN):
        figures = _death(origin) if origin.pace is Pace.FROZEN else _figures(origin)
        return Finding(
            fact=SpeedFact.UNPROVEN,
            detail=f"{words}; at its own address it is, against another name there ({figures}): its server may do that",
        )
    if origin.n and echo.neutral_bps > SLOW_ORIGIN * max(origin.listed_bps, origin.neutral_bps):
        slow = (
            f"its own address sends {_rate(origin.listed_bps)} whatever the name; whether its server or a network "
            "in between is that slow is unknown"
        )
        return Finding(fact=SpeedFact.UNPROVEN, detail=f"{words}; {slow}")
    return Finding(fact=SpeedFact.EVEN, detail=words)


# -- in words ------------------------------------------------------------------------------------------------------


def _figures(shown: Comparison) -> str:
    assert shown.interval is not None
    confidence = "95 %" if shown.pace is Pace.EVEN else "99.9 %"
    return (
        f"{_rate(shown.listed_bps)} against {_rate(shown.neutral_bps)} with neutral names, ratio "
        f"{_ratio(shown.interval, confidence)}, below half in {shown.k} of {shown.n} pairs"
    )


def _ratio(interval: Interval, confidence: str) -> str:
    return f"{interval.middle:.2g}, {confidence} interval {interval.low:.2g} to {interval.high:.2g}"


def _death(shown: Comparison) -> str:
    how = "falls silent" if shown.failure is Failure.GENERIC_TIMEOUT_ERROR else "is cut off"
    return (
        f"the connection {how} after about {shown.wire_bytes / 1000:.0f} kB in {shown.k} of {shown.n} pairs, never "
        "with neutral names"
    )


def _unclear(mine: list[TransferObservation], pairs: list[Pair], shown: Comparison) -> str:
    words = "whether its name is slowed is unknown: "
    if any(one.status == 429 for one in mine):
        return words + "the helper's budget of bytes is used up"
    if not any(one.status == 200 for one in mine):
        return words + "no transfer from the helper's echo succeeded"
    if shown.n < MIN_PAIRS or shown.interval is None:
        return words + f"only {shown.n} of {max(len(pairs), MIN_PAIRS)} pairs of transfers can be compared"
    why = "the line is too noisy" if shown.n >= MAX_PAIRS else "time or bytes were up before the pairs agreed"
    return words + f"{why} (ratio {_ratio(shown.interval, '99.9 %')}, {shown.n} pairs)"


def _rate(bits_s: float) -> str:
    return f"{bits_s / 1e6:.2g} Mbit/s" if bits_s < 1e7 else f"{bits_s / 1e6:.0f} Mbit/s"
