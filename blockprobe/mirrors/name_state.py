"""From DNS answers about a candidate's name to a state. Pure.

A resolver of the line never decides that a name is dead: NXDOMAIN there may be the block itself. Where nobody else
answered, the state is `unknown`, unless even the line's resolver gives addresses.
"""

from collections.abc import Callable
from dataclasses import dataclass

from blockprobe.model.mirror import NameAnswer, NameLook, NameState
from blockprobe.model.name_service import NameService, ServiceKind

NXDOMAIN, NO_ANSWER, SERVFAIL = "dns_nxdomain_error", "dns_no_answer", "dns_servfail_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFacts:
    """All that was asked about one name.

    `outside` is the answer of a resolver that is not the line's, `encrypted` whether nobody could have touched it;
    `sibling` are the addresses of a random name under the same public suffix, `below` of a random label below the name
    (None: not asked, or no clear answer); `service` holds its name servers or alias.
    """

    name: str
    outside: NameAnswer | None
    encrypted: bool = False
    line: NameAnswer | None = None
    sibling: tuple[str, ...] | None = None
    below: tuple[str, ...] | None = None
    service: NameService | None = None


def look_of(facts: NameFacts, is_bogon: Callable[[str], bool]) -> NameLook:
    """The state of a name and the sentence that says why; `is_bogon` knows where no public site can be."""
    state, because = _state(facts, is_bogon)
    return NameLook(
        name=facts.name,
        state=state,
        because=because,
        sure=facts.encrypted and state is not NameState.UNKNOWN,
        outside=facts.outside,
        line=facts.line,
        line_differs=_differs(facts.outside, facts.line),
        any_label=None if facts.below is None else bool(facts.below),
        service=facts.service.id if facts.service else None,
    )


def _state(facts: NameFacts, is_bogon: Callable[[str], bool]) -> tuple[NameState, str]:
    answer = facts.outside
    if answer is None or answer.failure not in (None, NXDOMAIN, NO_ANSWER, SERVFAIL):
        return _without_outside(facts, is_bogon)
    if answer.failure == NXDOMAIN:
        return NameState.NXDOMAIN, _said("there is no such name", facts)
    if facts.service is not None:
        kind = NameState.SEIZED if facts.service.kind is ServiceKind.SEIZURE else NameState.PARKED
        return kind, f"its name servers or alias are those of {facts.service.title}"
    if answer.failure == SERVFAIL:
        return NameState.SERVFAIL, "its own name servers fail, or their signatures; that is neither alive nor dead"
    if not answer.addresses:
        return NameState.NO_ADDRESS, _said("the name has no address", facts)
    if all(is_bogon(address) for address in answer.addresses):
        return NameState.SINKHOLE, "all its addresses are where no public site can be"
    if facts.sibling and set(answer.addresses) <= set(facts.sibling):
        return NameState.WILDCARD, "a random name under the same suffix has the same addresses"
    return NameState.RESOLVES, _said("the name has addresses", facts)


def _without_outside(facts: NameFacts, is_bogon: Callable[[str], bool]) -> tuple[NameState, str]:
    line = facts.line
    if line is not None and any(not is_bogon(address) for address in line.addresses):
        return NameState.RESOLVES, "only the line's own resolver answered; its addresses may be a block page's"
    asked = "no other resolver is configured" if facts.outside is None else "no other resolver answered"
    return NameState.UNKNOWN, f"{asked}, and what the line's own resolver says may be a block"


def _said(what: str, facts: NameFacts) -> str:
    return what if facts.encrypted else f"{what}; asked in the clear, so somebody on the path may have said so"


def _differs(outside: NameAnswer | None, line: NameAnswer | None) -> bool | None:
    """Whether the line's resolver says something else: another outcome, or no address in common."""
    if outside is None or line is None:
        return None
    if outside.failure != line.failure:
        return True
    return bool(outside.addresses) and not set(outside.addresses) & set(line.addresses)
