"""PURE: facts of the live tests to a class, by an ordered table; the first row that holds wins.

Who runs a copy is settled by proofs alone, whether it is live by what came back, never by how like the site it looks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log

from blockprobe.mirrors.live_facts import AnyHost, Artefact, Echo, Fresh, LiveFacts
from blockprobe.model.mirror import Band, MirrorClass

#: Natural logarithms of likelihood ratios, assumed (counts out of 20), to be counted anew by whoever reviews cases.
ECHO_WEIGHTS = {Echo.ECHOED: log(18), Echo.TEMPLATE: 0.5, Echo.OTHER: -log(15), Echo.UNKNOWN: 0.0}
FRESH_WEIGHTS = {Fresh.FRESH: log(14 / 3), Fresh.LAGGING: 0.0, Fresh.STALE: -log(16), Fresh.UNKNOWN: 0.0}
ARTEFACT_WEIGHTS = {
    Artefact.PROXY_LINKS: log(15),
    Artefact.RESIDUAL_HOST: log(4),
    Artefact.FOREIGN_SCRIPTS: log(4),
    Artefact.IDS_REPLACED: log(4.5),
    Artefact.IDS_STRIPPED: log(7 / 3),
}
#: A server that shows every name the same page could be made to echo: one echo alone then weighs no more than this.
UNGUARDED = 1.0
GROUP_CAP = 3.0
#: Live from here, not live from its negative: four to one.
DECIDED = 1.4
#: A relay from here: an artefact that is twice as common at relays as elsewhere says too little.
RELAY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveVerdict:
    """What a candidate is. `live` is None where the tests did not settle it; `odds` are logarithms, by group."""

    class_: MirrorClass
    band: Band
    live: bool | None
    rule: str
    because: str
    odds: dict[str, float]


def live_odds(facts: LiveFacts) -> float:
    """The logarithm of the odds that a copy is live: the weightiest test counts, because they go together.

    One answer that is not the site's beside news of this hour cancel out: a relay may have an error page of its own, a
    copy may be taken every hour.
    """
    told = {facts.nonce, facts.search}
    if facts.fresh is Fresh.FRESH and told == {Echo.OTHER, Echo.UNKNOWN}:
        return 0.0
    echoes = [_echo_weight(facts, facts.nonce), _echo_weight(facts, facts.search)]
    return max([*echoes, FRESH_WEIGHTS[facts.fresh]], key=lambda weight: (abs(weight), weight))


def relay_odds(facts: LiveFacts) -> float:
    """The logarithm of the odds that a live copy is a relay; likewise by the weightiest trace."""
    weights = [ARTEFACT_WEIGHTS[one.what] for one in facts.artefacts if isinstance(one.what, Artefact)]
    return min(GROUP_CAP, max(weights, default=0.0))


def is_live(facts: LiveFacts) -> bool | None:
    """Whether it follows the site; None where that is not settled."""
    if facts.no_reference:
        return None
    odds = live_odds(facts)
    return True if odds >= DECIDED else False if odds <= -DECIDED else None


def judge_live(facts: LiveFacts) -> LiveVerdict:
    """The class of one candidate."""
    page = facts.page
    for rule in RULES:
        if rule.holds(facts):
            class_ = rule.gives or (page.class_ if page else MirrorClass.UNDETERMINED)
            unjudged = class_ is MirrorClass.UNDETERMINED or page is None
            return LiveVerdict(
                class_=class_,
                band=Band.UNDETERMINED if unjudged or page is None else page.band,
                live=is_live(facts) if is_copy(facts) else None,
                rule=rule.id,
                because=rule.says(facts),
                odds={"live": round(live_odds(facts), 2), "relay": round(relay_odds(facts), 2)},
            )
    raise AssertionError("the last rule holds for everything")


def is_copy(facts: LiveFacts) -> bool:
    """Whether the page shows what only the site shows."""
    return facts.page is not None and facts.page.class_ is MirrorClass.COPY_LIVE_UNKNOWN


def chance(odds: float) -> float:
    """The probability that a logarithm of odds stands for."""
    return 1 / (1 + exp(-odds))


def _echo_weight(facts: LiveFacts, echo: Echo) -> float:
    weight = min(GROUP_CAP, max(-GROUP_CAP, ECHO_WEIGHTS[echo]))
    both = facts.nonce is Echo.ECHOED and facts.search is Echo.ECHOED
    if echo is Echo.ECHOED and facts.any_host is AnyHost.SAME and not both and facts.fresh is not Fresh.FRESH:
        return UNGUARDED
    return weight


def _why_live(facts: LiveFacts) -> str:
    where = [
        words
        for echo, words in (
            (facts.nonce, "a path made up for the test came back in the site's own error page"),
            (facts.search, "words made up for the test came back in the site's own search page"),
        )
        if echo is Echo.ECHOED
    ]
    if not where and facts.fresh is Fresh.FRESH:
        where = ["its newest item is as new as the site's"]
    return " and ".join(where)


def _why_static(facts: LiveFacts) -> str:
    asked = ((facts.nonce, "a made-up path"), (facts.search, "a search for a made-up word"))
    failed = [words for echo, words in asked if echo is Echo.OTHER]
    if failed:
        return f"{' and '.join(failed)} did not bring the site's own answer"
    return "its newest item is more than a day behind the site's"


def _why_undecided(facts: LiveFacts) -> str:
    if facts.no_reference:
        return facts.no_reference
    if facts.cut_short:
        return "today's requests to it were used up before the tests were done"
    return "no test told whether it follows the site"


def _proofs(facts: LiveFacts) -> str:
    words = "; ".join(one.words for one in facts.proofs)
    follows = is_live(facts)
    return words + ("; it does not follow the site, though" if follows is False else "")


def _traces(facts: LiveFacts) -> str:
    return f"{_why_live(facts)}, and {'; '.join(one.words for one in facts.artefacts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: what must hold, the class (None: what the page says), and the sentence."""

    id: str
    holds: Callable[[LiveFacts], bool]
    gives: MirrorClass | None
    says: Callable[[LiveFacts], str]


RULES: tuple[Rule, ...] = (
    Rule(
        id="parking_service",
        holds=lambda facts: bool(facts.parked_at),
        gives=MirrorClass.PARKED,
        says=lambda facts: f"its name servers or alias are those of {facts.parked_at}",
    ),
    Rule(
        id="nothing_there",
        holds=lambda facts: bool(facts.gone),
        gives=MirrorClass.UNDETERMINED,
        says=lambda facts: facts.gone,
    ),
    Rule(
        id="leads_to_the_site",
        holds=lambda facts: facts.is_site,
        gives=MirrorClass.UNDETERMINED,
        says=lambda facts: "it only sends its visitors to the site itself",
    ),
    Rule(
        id="no_page",
        holds=lambda facts: facts.page is None,
        gives=MirrorClass.UNDETERMINED,
        says=lambda facts: facts.no_reference or "no page came",
    ),
    Rule(
        id="echoes_everything",
        holds=lambda facts: facts.echoes_all and not is_copy(facts) and not _is_plain(facts, MirrorClass.BLOCK_PAGE),
        gives=MirrorClass.PARKED,
        says=lambda facts: "the same page of its own for every path and every name",
    ),
    Rule(
        id="page",
        holds=lambda facts: not is_copy(facts),
        gives=None,
        says=lambda facts: facts.page.because if facts.page else "",
    ),
    Rule(
        id="proven_operator",
        holds=lambda facts: bool(facts.proofs),
        gives=MirrorClass.MIRROR_SAME_OP,
        says=_proofs,
    ),
    Rule(
        id="live_relay",
        holds=lambda facts: is_live(facts) is True and relay_odds(facts) >= RELAY,
        gives=MirrorClass.PROXY_LIVE,
        says=_traces,
    ),
    Rule(
        id="live_unknown_operator",
        holds=lambda facts: is_live(facts) is True,
        gives=MirrorClass.COPY_LIVE_UNKNOWN,
        says=lambda facts: f"{_why_live(facts)}; nothing proves who runs it",
    ),
    Rule(
        id="not_live",
        holds=lambda facts: is_live(facts) is False,
        gives=MirrorClass.CLONE_STATIC,
        says=_why_static,
    ),
    Rule(
        id="liveness_unknown",
        holds=lambda facts: True,
        gives=MirrorClass.COPY_LIVE_UNKNOWN,
        says=lambda facts: f"a copy; whether it is live is undetermined: {_why_undecided(facts)}",
    ),
)


def _is_plain(facts: LiveFacts, class_: MirrorClass) -> bool:
    return facts.page is not None and facts.page.class_ is class_
