"""The evidence of the live tests of one candidate, as frozen facts; judge.py says what they mean. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from blockprobe.mirrors.offline import Judgement


class Proof(StrEnum):
    """What only the site's operator can make happen; each alone proves who runs a copy."""

    REDIRECT = "redirect"  # the site itself sends its visitors to the candidate
    LISTED = "listed"  # the site's own page or list of mirrors names it
    SHARED_CERTIFICATE = "shared_certificate"  # its certificate holds for the site as well
    SHARED_KEY = "shared_key"  # both have certificates for the same key
    ORIGIN_ADDRESS = "origin_address"  # served from an address that the site's operator has alone


class Echo(StrEnum):
    """What came back where the site answers with a template of its own."""

    UNKNOWN = "unknown"  # not asked, no answer, or the site has no template that could be told from others
    ECHOED = "echoed"  # the nonce, in its place in the site's template
    TEMPLATE = "template"  # the site's template, which shows no nonce: a saved copy would look the same
    OTHER = "other"  # something else


class AnyHost(StrEnum):
    """What the candidate's server says to a random name, beside what it says to its own."""

    UNKNOWN = "unknown"
    DIFFERS = "differs"
    SAME = "same"  # the same page whatever the name


class Fresh(StrEnum):
    """The newest dated item beside the reference's, fetched within a minute of each other."""

    UNKNOWN = "unknown"  # no dates, or nothing new for so long that a copy would have it too
    FRESH = "fresh"
    LAGGING = "lagging"
    STALE = "stale"  # a day behind, and more than the site's own pace


class Artefact(StrEnum):
    """Traces of a relay that an operator's own mirror has no reason to leave."""

    PROXY_LINKS = "proxy_links"
    RESIDUAL_HOST = "residual_host"
    FOREIGN_SCRIPTS = "foreign_scripts"
    IDS_REPLACED = "ids_replaced"
    IDS_STRIPPED = "ids_stripped"


class Asset(StrEnum):
    """One file of the site under the same path; says nothing of liveness (a kept time stamp gives the same ETag)."""

    UNKNOWN = "unknown"
    SAME = "same"
    OTHER = "other"
    MISSING = "missing"


class Threat(StrEnum):
    """What a page does to its visitors beyond showing the site; beside any class."""

    FOREIGN_SCRIPT = "foreign_script"
    OBFUSCATED_SCRIPT = "obfuscated_script"
    MINER = "miner"
    FORCED_DOWNLOAD = "forced_download"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that was found, and the sentence that says it."""

    what: Proof | Artefact | Threat
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFacts:
    """All that is known of one candidate.

    `gone`: why there is nothing to judge (no such name, no connection, the day's requests used up), else empty.
    `parked_at`: the parking service in DNS. `page`: what the page alone says; None when there was no page.
    `no_reference`: why liveness cannot be tested. `echoes_all`: its own page, the same for every path and every name.
    `lag_s`: how far the newest item is behind. `redirects_to`: another registered domain, which is what was judged.
    """

    gone: str = ""
    parked_at: str = ""
    page: Judgement | None = None
    no_reference: str = ""
    proofs: tuple[Said, ...] = ()
    nonce: Echo = Echo.UNKNOWN
    search: Echo = Echo.UNKNOWN
    any_host: AnyHost = AnyHost.UNKNOWN
    echoes_all: bool = False
    fresh: Fresh = Fresh.UNKNOWN
    lag_s: float | None = None
    asset: Asset = Asset.UNKNOWN
    artefacts: tuple[Said, ...] = ()
    threats: tuple[Said, ...] = ()
    redirects_to: str = ""
    cut_short: bool = False
    """Tests were left out because the day's requests were used up."""
    is_site: bool = False
    """The redirect leads to the site itself: nothing of the candidate's own is left to judge."""
