"""Tries become outcomes: of one way, of a technique, of a battery. PURE."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from blockprobe.model.bypass import (
    Bypass,
    BypassSeen,
    Outcome,
    ParityGap,
    ParityKind,
    Shown,
    TechniqueId,
    Trial,
    Try,
    WayTrial,
)
from blockprobe.model.words import State

#: Tries that must agree before a way is settled.
AGREEING = 3
#: Silences that settle a way: each is three overlapping attempts, so that six in a row failed.
SILENCES = 2
#: Where tries disagree, more are made, at most as many as this: for each stray one, four of the others and four more.
MOST_TRIES = 20
_FOR_A_STRAY = 4
#: Tries that settle a way which shows neither the site nor a block, or both and something else.
_OTHERWISE = 7
#: The plain path may open in this share of its tries before the sandwich counts as broken.
_PLAIN_SHARE = 0.2

_REAL_SITE = "the real site"
_BAD = (Shown.OTHER, Shown.SILENCE)
_PARITY = {
    TechniqueId.HTTPS: (ParityKind.SCHEME, "https", "http"),
    TechniqueId.HTTP: (ParityKind.SCHEME, "http", "https"),
    TechniqueId.WWW: (ParityKind.NAME, "www", "apex"),
    TechniqueId.APEX: (ParityKind.NAME, "apex", "www"),
    TechniqueId.HTTP3: (ParityKind.QUIC, "quic", "tcp"),
    TechniqueId.RESOLVER_UDP: (ParityKind.RESOLVER_UDP, "another resolver over UDP", "the line's own resolvers"),
    TechniqueId.RESOLVER_TCP: (ParityKind.RESOLVER_TCP, "another resolver over TCP", "the line's own resolvers"),
    TechniqueId.RESOLVER_DOT: (ParityKind.RESOLVER_DOT, "DNS over TLS", "the line's own resolvers"),
    TechniqueId.RESOLVER_DOH: (ParityKind.RESOLVER_DOH, "DNS over HTTPS", "the line's own resolvers"),
}


def is_settled(tries: Sequence[Try]) -> bool:
    """Whether more tries of a way could add nothing."""
    shown = [one.shown for one in tries if one.listed]
    real, bad = shown.count(Shown.REAL), sum(one in _BAD for one in shown)
    if len(shown) >= MOST_TRIES:
        return True
    if real + bad < len(shown):
        return len(shown) >= (SILENCES if not real and not bad else _OTHERWISE)
    if not real and shown.count(Shown.SILENCE) == len(shown) >= SILENCES:
        return True
    return _agree(real, bad) or _agree(bad, real)


def _agree(many: int, strays: int) -> bool:
    """Whether so many tries outweigh those that differ."""
    return many >= AGREEING and (not strays or many + strays >= _FOR_A_STRAY * (strays + 1))


def judge_way(
    means: str, tries: Sequence[Try], *, open_outside: bool | None = None, shows: str = "the real site"
) -> WayTrial:
    """What the tries of one way say; see docs/bypass.md. `shows`: what it is that opens."""
    listed = [one for one in tries if one.listed]
    neutral = [one for one in tries if not one.listed]
    opened = sum(one.shown in (Shown.REAL, Shown.REFUSED) for one in neutral)
    outcome, because = _outcome(listed, (opened, len(neutral)), open_outside=open_outside)
    because = because.replace(_REAL_SITE, shows, 1)
    return WayTrial(
        means=means,
        outcome=outcome,
        because=because,
        k=sum(one.shown is Shown.REAL for one in listed),
        n=len(listed),
        neutral_k=opened,
        neutral_n=len(neutral),
        tries=tuple(tries),
    )


def _outcome(listed: Sequence[Try], neutral: tuple[int, int], *, open_outside: bool | None) -> tuple[Outcome, str]:
    total = len(listed)
    if not total:
        return Outcome.INCONCLUSIVE, "it was not tried to the end"
    real = [one for one in listed if one.shown is Shown.REAL]
    bad = [one for one in listed if one.shown in _BAD]
    if _agree(len(real), total - len(real)):
        return Outcome.WORKS, f"{_REAL_SITE} opened in {len(real)} of {total} tries ({_commonest(real)})"
    if not is_settled(listed):
        return Outcome.INCONCLUSIVE, f"only {total} of the tries that are needed were made"
    if len(real) + len(bad) < total:
        return Outcome.INCONCLUSIVE, _commonest([one for one in listed if one not in real and one not in bad])
    if real and not _agree(len(bad), len(real)):
        return Outcome.INCONCLUSIVE, f"{_REAL_SITE} opened in {len(real)} of {total} tries only"
    why = _commonest(bad)
    if open_outside is False:
        return Outcome.INCONCLUSIVE, f"{why}; the control could not open it either"
    if neutral[0] < SILENCES or not _mostly(*neutral):
        return (
            Outcome.INCONCLUSIVE,
            f"{why}; but neutral sites open this way in {neutral[0]} of {neutral[1]} tries only",
        )
    return Outcome.FAILS, f"{why}, in {len(bad)} of {total} tries; a neutral site opens this way"


def _mostly(opened: int, tried: int) -> bool:
    """Whether neutral sites open but for a loss now and then."""
    return tried - opened <= 1 + tried // 5


def _commonest(tries: Sequence[Try]) -> str:
    """The reason given most often."""
    return Counter(one.because for one in tries).most_common(1)[0][0] if tries else "nothing came of it"


def judge_technique(technique: TechniqueId, effort: int, ways: Sequence[WayTrial]) -> Trial:
    """The technique of which these ways were tried: one that works suffices, and a failure needs that none is open.

    A way whose means are unusable says nothing of the others.
    """
    best = min(ways, key=_rank)
    what = f"{best.means}: {best.because}"
    return Trial(
        technique=technique,
        effort=effort,
        outcome=best.outcome,
        because=what,
        k=best.k,
        n=best.n,
        ways=tuple(ways),
        evidence=tuple(sorted({ref for way in ways for one in way.tries for ref in one.refs})),
    )


def _rank(way: WayTrial) -> int:
    """Which way speaks for the technique: one that works, one that might, one that fails, one without usable means."""
    if way.outcome is Outcome.WORKS:
        return 0
    if way.outcome is Outcome.FAILS:
        return 2
    useless = all(one.shown is Shown.MEANS for one in way.tries if one.listed) or not way.neutral_k
    return 3 if useless and way.k == 0 else 1


def hold_in_sandwich(
    trials: Iterable[Trial], before: State, after: State | None, plain: tuple[int, int]
) -> tuple[Trial, ...]:
    """The trials as far as the plain path lets them stand: `plain` are its openings and tries in between.

    What works counts only while the plain path is shut; a battery that was forced on an open site has no sandwich.
    """
    broken = _break(before, after, plain)
    if broken is None:
        return tuple(trials)
    return tuple(
        replace(trial, outcome=Outcome.INCONCLUSIVE, because=f"{trial.because}; but {broken}")
        if trial.outcome is Outcome.WORKS
        else trial
        for trial in trials
    )


def _break(before: State, after: State | None, plain: tuple[int, int]) -> str | None:
    if before is not State.BLOCKED:
        return None
    if after is State.ACCESSIBLE:
        return "the plain path was open afterwards"
    opened, tried = plain
    if opened > max(1, _PLAIN_SHARE * tried):
        return f"the plain path opened as well, in {opened} of {tried} tries"
    return None


def lowest_effort(trials: Iterable[Trial], counting: frozenset[TechniqueId]) -> int | None:
    """The least effort of what works, of the techniques that count; None: nothing does."""
    return min((t.effort for t in trials if t.outcome is Outcome.WORKS and t.technique in counting), default=None)


def parity_of(trials: Sequence[Trial]) -> tuple[ParityGap, ...]:
    """Where of two alike ways one is open."""
    gaps = []
    for trial in trials:
        if trial.technique is TechniqueId.OTHER_FAMILY:
            gaps += _family_gap(trial)
        elif trial.outcome is Outcome.WORKS and trial.technique in _PARITY:
            kind, is_open, closed = _PARITY[trial.technique]
            gaps.append(ParityGap(kind=kind, open=is_open, closed=closed))
    return tuple(gaps)


def _family_gap(trial: Trial) -> list[ParityGap]:
    works = [way.means.split()[0] for way in trial.ways if way.outcome is Outcome.WORKS]
    fails = [way.means.split()[0] for way in trial.ways if way.outcome is Outcome.FAILS]
    return [ParityGap(kind=ParityKind.FAMILY, open=o, closed=c) for o in works for c in fails]


def seen_of_bypass(bypass: Bypass, target: str, network: str | None) -> BypassSeen | None:
    """What figures are made of; None where nothing was tried, because nothing was blocked. `target`: its history's."""
    if not bypass.trials:
        return None
    return BypassSeen(
        target=target,
        at=bypass.measured_at,
        network=network,
        lowest_effort=bypass.lowest_effort,
        outcomes=tuple((trial.technique, trial.outcome) for trial in bypass.trials),
        parity=tuple(sorted({gap.kind for gap in bypass.parity})),
    )
