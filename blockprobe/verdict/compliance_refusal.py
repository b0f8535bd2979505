"""When no figure may be given, and the sentence that says so."""

from collections.abc import Iterable

from blockprobe.model.history import History
from blockprobe.model.order import Order, Respondent, Technique
from blockprobe.verdict.compliance_standing import Survey
from blockprobe.verdict.compliance_types import Refused

BECAUSE = {
    Refused.NETWORK_UNKNOWN: "it is not known on whose network this line is; state [vantage] isp, a network of the "
    "catalogue",
    Refused.OTHER_NETWORK: "this line is on the network {network}, which says nothing about {respondent}",
    Refused.CONTROL_VANTAGE: "this vantage is a control, outside the reach of the order",
    Refused.NO_SUBSCRIBER_LINE: "this vantage is a {access}, and the order speaks of subscribers' lines",
    Refused.THIRD_PARTY_RESOLVER: "the answers on this line come from a third party's resolver, not from the "
    "provider's",
    Refused.RESOLVER_UNKNOWN: "the order speaks of the provider's own resolvers, and it cannot be told whether they "
    "answer on this line",
    Refused.FILTERS_ON: "a parental filter is on; it hides what the order does",
    Refused.LINE_PROBLEM: "{problem}",
    Refused.NOTHING_IN_FORCE: "no entry is in force now, or all that are have a flag",
    Refused.STALE: "no entry has been looked at for longer than {stale_after_s:.0f} s, two intervals of the plan",
}


def refusal(
    order: Order, respondent: Respondent, histories: list[History | None], survey: Survey
) -> tuple[Refused | None, str | None]:
    """The first reason that holds, and its sentence; `histories` are those of the entries that count."""
    reason = _of_network(respondent, survey) or _of_resolver(order, survey) or _of_data(histories, survey)
    if reason is None:
        return None, None
    line = survey.line
    return reason, BECAUSE[reason].format(
        network=line.network,
        respondent=respondent.network,
        access=line.access,
        problem=line.problem,
        stale_after_s=line.stale_after_s,
    )


def _of_network(respondent: Respondent, survey: Survey) -> Refused | None:
    line = survey.line
    if line.access == "control":
        return Refused.CONTROL_VANTAGE
    if line.network is None:
        return Refused.NETWORK_UNKNOWN
    if line.network != respondent.network:
        return Refused.OTHER_NETWORK
    return Refused.NO_SUBSCRIBER_LINE if line.access in ("vps", "vpn") else None


def _of_resolver(order: Order, survey: Survey) -> Refused | None:
    """Where only resolvers can carry an order out, it must be known whose resolver answers here."""
    line = survey.line
    if line.own_resolver is False:
        return Refused.THIRD_PARTY_RESOLVER
    needs_own = order.own_resolver_only or set(order.techniques) == {Technique.DNS}
    if line.own_resolver is None and needs_own:
        return Refused.RESOLVER_UNKNOWN
    return Refused.FILTERS_ON if line.filters == "on" else None


def _of_data(histories: Iterable[History | None], survey: Survey) -> Refused | None:
    if survey.line.problem is not None:
        return Refused.LINE_PROBLEM
    counted = list(histories)
    if not counted:
        return Refused.NOTHING_IN_FORCE
    return None if any(one is not None and survey.is_fresh(one) for one in counted) else Refused.STALE
