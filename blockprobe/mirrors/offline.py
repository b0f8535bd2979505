"""What the page alone can say of a candidate: its class, and in words why. Pure.

A copy is `copy_live_unknown` here: nothing on a saved page tells who runs it or whether it is live.
"""

from dataclasses import dataclass

from blockprobe.mirrors.background import Reference
from blockprobe.mirrors.features import Facts, Features
from blockprobe.mirrors.score import Score, band_of, score
from blockprobe.mirrors.weights import SHARE_OF_COPIES
from blockprobe.model.mirror import Band, MirrorClass

LEAST_MARKS = 5
"""A reference with fewer distinctive marks can be told from nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The class of a candidate as far as its page tells, P(copy) with its band, the inputs, and a clause saying why."""

    class_: MirrorClass
    p_copy: float
    band: Band
    features: dict[str, float]
    because: str


def judge_page(
    reference: Reference, candidate: Features | None, *, prior: float = SHARE_OF_COPIES, notice: str = ""
) -> Judgement:
    """The class of one page; None is a page that could not be read within the limits (reader.py).

    `notice` names a known block page that was recognised in the page (a fingerprint's id), if any.
    """
    if candidate is None:
        return Judgement(
            class_=MirrorClass.UNDETERMINED, p_copy=prior, band=Band.UNDETERMINED, features={}, because="parse_limit"
        )
    found = score(reference, candidate, prior=prior)
    class_, because = _class(reference, candidate.facts, found, notice)
    undetermined = class_ is MirrorClass.UNDETERMINED
    return Judgement(
        class_=class_,
        p_copy=found.p_copy,
        band=Band.UNDETERMINED if undetermined else band_of(found.p_copy),
        features=found.features(),
        because=because,
    )


def no_page(prior: float) -> Judgement:
    """What is said of bytes that are no text: a picture, an archive, a program."""
    because = "no_page: bytes that are no text"
    return Judgement(
        class_=MirrorClass.UNDETERMINED, p_copy=prior, band=Band.UNDETERMINED, features={}, because=because
    )


def _class(reference: Reference, facts: Facts, found: Score, notice: str) -> tuple[MirrorClass, str]:
    empty = "" if notice else nothing_to_judge(facts)
    if empty:
        return MirrorClass.UNDETERMINED, empty
    if reference.strength < LEAST_MARKS:
        return MirrorClass.UNDETERMINED, f"reference_too_plain: {reference.strength} distinctive marks"
    if found.p_copy >= 0.5:
        return MirrorClass.COPY_LIVE_UNKNOWN, _why_copy(found)
    if notice or is_block_page(facts):
        return (
            MirrorClass.BLOCK_PAGE,
            f"known block page {notice}" if notice else "says that an authority bars the site",
        )
    if is_parked(facts):
        return MirrorClass.PARKED, "no content of its own: parked, expired or for sale"
    if found.shares.named and (lure := _lure(reference, facts)):
        return MirrorClass.PHISH_LURE, f"the brand without the content, and {lure}"
    return MirrorClass.UNRELATED, _why_not(found)


def nothing_to_judge(facts: Facts) -> str:
    """Why a page says nothing about its site, or an empty text: challenge, error page, nothing on it."""
    if "challenge" in facts.signs and facts.passwords == 0:
        return "challenge: the server wants proof of a person first"
    if "refused" in facts.signs:
        return "error_page: an error or a default page of a server"
    if facts.words < 3 and facts.links == facts.scripts == facts.passwords == 0:
        return "empty: nothing to read"
    return ""


def is_block_page(facts: Facts) -> bool:
    """Says that something is barred and who ordered it, and is no list of ways round it."""
    return {"barred", "authority"} <= facts.signs and "ways_round" not in facts.signs


def is_parked(facts: Facts) -> bool:
    """An offer to sell the name, advertisements in place of content, or a registrar's page."""
    return bool({"for_sale", "parked", "parking_script"} & facts.signs)


def _lure(reference: Reference, facts: Facts) -> str:
    if facts.passwords > reference.passwords:
        return "a password field that the site does not have"
    if facts.downloads:
        return "a program to download"
    if "lure" in facts.signs:
        return "something to install, to pay or to allow"
    return "it sends its visitors elsewhere" if "sends_away" in facts.signs else ""


def _why_copy(found: Score) -> str:
    whole = found.shares.content + found.shares.links > 1.0
    shown = "shows the site's own text and links" if whole else "shows part of the site's own text and links"
    return f"{shown} ({_counted(found)}); a page never tells who runs it or whether it is live"


def _why_not(found: Score) -> str:
    if found.p_copy >= 0.1:
        return f"too little of the site's own ({_counted(found)}) to call it a copy"
    if found.shares.named:
        return "names the site and shows hardly anything of it"
    return "shows hardly anything of the site's own"


def _counted(found: Score) -> str:
    return f"{found.shares.hits} of {found.shares.strength} distinctive marks"
