"""Has this respondent done what this order demands, as far as this line can see? Two figures, never merged.

*Implemented* is what the order demands: the kind of target, with subdomains where a domain is named, by a technique
that the order allows, for users of the provider's own resolvers. *Reach* is what a default browser meets on this line.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from blockprobe.model.history import History
from blockprobe.model.order import Order, OrderFlag, OrderTarget, Respondent, TargetKind
from blockprobe.model.words import AttributionCause, Mechanism, State
from blockprobe.verdict.compliance_refusal import refusal
from blockprobe.verdict.compliance_standing import (
    Standing,
    Survey,
    current,
    end_of,
    is_in_force,
    standing_of,
    survey_of,
)
from blockprobe.verdict.compliance_times import time_to_block, unblock_lag
from blockprobe.verdict.compliance_types import (
    FEWEST,
    SCHEMA,
    Abstained,
    Collateral,
    Compliance,
    Count,
    Ended,
    LineClaim,
    Met,
    Refused,
    Stale,
    StaleEntry,
    TargetLag,
    TargetTime,
)
from blockprobe.verdict.counting import median_span, worst_case

__all__ = [
    "FEWEST", "SCHEMA", "Abstained", "Collateral", "Compliance", "Count", "Ended", "LineClaim", "Met", "Refused",
    "Stale", "StaleEntry", "TargetLag", "TargetTime", "compliance", "compliances",
]  # fmt: skip

_STALE_FLAGS = {OrderFlag.PARKED: Stale.PARKED, OrderFlag.EXPIRED: Stale.EXPIRED}


def compliances(
    orders: Iterable[Order], histories: Mapping[str, History], line: LineClaim, now: datetime
) -> tuple[Compliance, ...]:
    """One for each order and respondent."""
    surveys: dict[str, Survey] = {}
    found = []
    for order in orders:
        for respondent in order.respondents:
            network = respondent.network
            if network not in surveys:
                surveys[network] = survey_of(histories, network, line, now)
            found.append(_compliance(order, respondent, surveys[network]))
    return tuple(found)


def compliance(
    order: Order, respondent: Respondent, histories: Mapping[str, History], line: LineClaim, now: datetime
) -> Compliance:
    """The figures of one order and respondent at `now`, from histories by target; a pure function."""
    return _compliance(order, respondent, survey_of(histories, respondent.network, line, now))


def _compliance(order: Order, respondent: Respondent, survey: Survey) -> Compliance:
    line, now = survey.line, survey.now
    targets = _entries(order)
    standings = _standings(order, [one for one in targets if is_in_force(order, one, line, now)], survey)
    counted = [one for one in standings if not one.target.flags]
    refused, because = refusal(order, respondent, [one.history for one in counted], survey)
    times = tuple(time_to_block(order, respondent, one.target, one.history) for one in counted)
    lags = tuple(_lags(order, targets, survey))
    return Compliance(
        order=order.id,
        network=respondent.network,
        at=now,
        refused=refused,
        refused_because=because,
        implemented=_count(standings, lambda one: one.implemented, given=refused is None),
        reach=_count(standings, lambda one: one.reach, given=refused is None),
        last_conclusive_at=_last_conclusive(counted),
        deadline=respondent.deadline,
        time_to_block=times,
        median_time_to_block=median_span(one.seconds for one in times if one.seconds is not None),
        late=tuple(one.target for one in times if one.deadline_met is Met.NO),
        unblock_lag=lags,
        median_unblock_lag=median_span(one.seconds for one in lags),
        mechanisms=_mechanisms(counted),
        causes=_causes(counted, survey),
        partial=_names(counted, lambda one: bool(one.reach and one.history and one.history.partial)),
        parity_gaps=_names(counted, lambda one: _has_gap(one, survey)),
        scope_gaps=_names(counted, lambda one: one.scope_gap),
        other_means=_names(counted, lambda one: bool(one.reach) and one.implemented is False and not one.scope_gap),
        reopened=_names(counted, lambda one: one.reach is False and bool(one.history and one.history.first_blocked)),
        flags=dict(Counter(flag for one in standings for flag in one.target.flags)),
        flagged_blocked=_names(standings, lambda one: bool(one.target.flags and one.reach)),
        stale=tuple(_stale(order, targets, standings, survey)),
        collateral=tuple(_collateral(targets, survey)),
    )


def _entries(order: Order) -> list[OrderTarget]:
    """The order's entries, the same kind and value once: the later one, as catalogues are read."""
    return list({(target.kind, target.value): target for target in order.targets}.values())


def _standings(order: Order, targets: list[OrderTarget], survey: Survey) -> list[Standing]:
    return [
        standing_of(order, one, survey, survey.below.get(one.value, ()) if one.kind is TargetKind.DOMAIN else ())
        for one in targets
    ]


def _count(standings: list[Standing], says: Callable[[Standing], bool | None], *, given: bool) -> Count:
    """The census; without bounds and ratio where a figure is refused (`given` is false)."""
    plain = [one for one in standings if not one.target.flags]
    answers = Counter(says(one) for one in plain)
    blocked, open_, unknown = answers[True], answers[False], answers[None]
    bounds = worst_case(blocked, unknown, len(plain)) if given else None
    ratio = blocked / (blocked + open_) if given and blocked + open_ >= FEWEST else None
    return Count(
        blocked=blocked,
        open=open_,
        abstained=unknown,
        flagged=len(standings) - len(plain),
        total=len(standings),
        abstained_why=dict(Counter(one.why for one in plain if says(one) is None and one.why is not None)),
        lower=None if bounds is None else bounds.lower,
        upper=None if bounds is None else bounds.upper,
        ratio=ratio,
    )


def _last_conclusive(standings: list[Standing]) -> datetime | None:
    times = [one.history.last_conclusive_at for one in standings if one.history is not None]
    return max((at for at in times if at is not None), default=None)


def _mechanisms(standings: list[Standing]) -> dict[Mechanism, int]:
    """How many entries each mechanism keeps users from now."""
    blocked = [one.history for one in standings if one.reach and one.history is not None]
    return dict(Counter(mechanism for history in blocked for mechanism in history.mechanisms))


def _causes(standings: list[Standing], survey: Survey) -> dict[AttributionCause, int]:
    """The causes stated of what is blocked now; those that never count for an order are shown here too."""
    known = [one.history for one in standings if one.history is not None and survey.is_fresh(one.history)]
    return dict(Counter(one.cause for one in known if one.last is State.BLOCKED))


def _names(standings: list[Standing], holds: Callable[[Standing], bool]) -> tuple[str, ...]:
    return tuple(one.target.value for one in standings if holds(one))


def _has_gap(one: Standing, survey: Survey) -> bool:
    """Something is blocked and something beside it is open, on the latest look."""
    history = one.history
    if history is None or not survey.is_fresh(history) or history.last is State.INCONCLUSIVE:
        return False
    return history.parity_gap and not history.not_by_order


def _lags(order: Order, targets: list[OrderTarget], survey: Survey) -> Iterable[TargetLag]:
    for target in targets:
        lag = unblock_lag(order, target, survey.histories.get(target.value), (survey.line, survey.now))
        if lag is not None:
            yield lag


def _stale(order: Order, targets: list[OrderTarget], standings: list[Standing], survey: Survey) -> Iterable[StaleEntry]:
    """Entries for a person to look at: blocked although over, down, or flagged as nothing any more."""
    for target in targets:
        end = end_of(order, target)
        if end is not None and end <= survey.now and standing_of(order, target, survey).reach:
            yield StaleEntry(target=target.value, why=Stale.BLOCKED_AFTER_END)
    for one in standings:
        if one.why is Abstained.DOWN:
            yield StaleEntry(target=one.target.value, why=Stale.DOWN)
        yield from (
            StaleEntry(target=one.target.value, why=why) for f, why in _STALE_FLAGS.items() if f in one.target.flags
        )


def _collateral(targets: list[OrderTarget], survey: Survey) -> Iterable[Collateral]:
    """Names that the operator called neighbours, that this order does not list, and that are blocked now."""
    listed = {target.value for target in targets}
    domains = {target.value for target in targets if target.kind is TargetKind.DOMAIN}
    for name in dict.fromkeys(survey.line.neighbours):
        history = survey.histories.get(name)
        covered = name in listed or any(name.endswith(f".{domain}") for domain in domains)
        if history is None or covered or not survey.is_fresh(history) or history.last is not State.BLOCKED:
            continue
        if not current(history).not_by_order:
            yield Collateral(target=name, since=history.since, mechanisms=history.mechanisms)
