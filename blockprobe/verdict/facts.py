"""The small enums, one per layer, that rules are written over.

A leg is one scheme, host and port at one redirect hop. Each layer's fact says what is known of that layer for that leg,
proof included; how a fact is won from observations is in the module of its layer.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Refusal


class LineFact(StrEnum):
    """Whether the line can prove anything at all."""

    USABLE = "usable"
    PORTAL = "portal"
    CLOCK_WRONG = "clock_wrong"
    NO_FAMILY = "no_family"
    LOSSY = "lossy"


class SiteFact(StrEnum):
    """What the control saw of the same URL in the same seconds."""

    ALIVE = "alive"
    REFUSES = "refuses"
    DOWN = "down"
    NO_CONTROL = "no_control"
    HELPER_INTERFERED = "helper_interfered"


class DnsFact(StrEnum):
    """How the line's own resolvers answered for the host of the leg."""

    NOT_NEEDED = "not_needed"  # an IP literal
    REAL = "real"  # an answered address is proven or confirmed to be the site's
    UNCONFIRMED = "unconfirmed"  # addresses came; nothing proves them real or false
    SAME_FAILURE = "same_failure"  # the control's resolver fails alike
    STALE = "stale"  # broken DNSSEC or an old negative answer: the zone's fault or the cache's
    LIE_ARTEFACT = "lie_artefact"  # a thing that settles it alone
    LIE_PROVEN = "lie_proven"  # one variable changed, the lie went
    LIE_PARTIAL = "lie_partial"  # proven, but only in k of n attempts or resolvers
    INJECTED = "injected"  # proven on the path, not by the resolver; the user is kept from the site
    DIFFERENCE = "difference"  # fails or differs here, fine for the control, no proof
    SILENT = "silent"  # no answer, and nothing that excludes chance
    NO_CONTROL = "no_control"  # fails here; nothing to compare with


class AddressFact(StrEnum):
    """Whether the site's addresses can be connected to."""

    NOT_TRIED = "not_tried"
    OPEN = "open"
    SAME_FAILURE = "same_failure"
    BLOCKED_ARTEFACT = "blocked_artefact"
    BLOCKED_PROVEN = "blocked_proven"
    UNPROVEN = "unproven"  # fails here, works for the control, no proof
    NO_CONTROL = "no_control"
    PUNISHED = "punished"  # it worked before a trigger: residual blocking, nothing about the address
    LOSSY = "lossy"  # silences that disagree, or no neutral success around them


class TlsFact(StrEnum):
    """What became of handshakes with the real name."""

    NOT_TRIED = "not_tried"
    VALID = "valid"
    SAME_FAILURE = "same_failure"
    NAME_PROVEN = "name_proven"
    NAME_PARTIAL = "name_partial"
    ADDRESS_AND_NAME_PROVEN = "address_and_name_proven"
    MITM_ARTEFACT = "mitm_artefact"  # the certificate of a known filter
    MITM_PROVEN = "mitm_proven"
    UNPROVEN = "unproven"
    NO_CONTROL = "no_control"
    CLOCK = "clock"  # only the certificate's dates were wrong


class HttpFact(StrEnum):
    """What became of the request for the page."""

    NOT_TRIED = "not_tried"
    REAL = "real"  # under a valid chain, or cleartext that matches the control
    REFUSED = "refused"  # origin or CDN turned this client away
    SERVER_ERROR = "server_error"  # 5xx or a broken redirect from the origin itself
    REDIRECT = "redirect"  # the site's own; the next leg decides
    SAME_FAILURE = "same_failure"
    PAGE_ARTEFACT = "page_artefact"
    PAGE_PROVEN = "page_proven"
    NAME_PROVEN = "name_proven"
    NAME_PARTIAL = "name_partial"
    ADDRESS_AND_NAME_PROVEN = "address_and_name_proven"
    CONTENT_UNPROVEN = "content_unproven"
    REDIRECT_UNEXPECTED = "redirect_unexpected"
    UNPROVEN = "unproven"
    NO_CONTROL = "no_control"


class SpeedFact(StrEnum):
    """How fast connections are that carry the name, where that was measured (`check --throttling`)."""

    NOT_TRIED = "not_tried"
    EVEN = "even"  # not slower than half of a neutral name's goodput at the same server
    THROTTLED = "throttled"  # slower than that, with the name alone changed
    FROZEN = "frozen"  # dead after about as many bytes each time, with the name alone changed
    STARVED = "starved"  # one of the two, and the page did not come for it
    UNPROVEN = "unproven"  # slow at the site's own address only
    UNCLEAR = "unclear"  # too noisy, or too few transfers


class QuicFact(StrEnum):
    """What became of QUIC, where the site advertises it. No rule looks at this: HTTP/3 is not in the browser model."""

    NOT_TRIED = "not_tried"
    OPEN = "open"  # a handshake with a chain valid for the name
    BLOCKED = "blocked"  # proven: it follows the name, or the address
    LINE = "line"  # neutral names do not get through either
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A layer's fact with what goes into the verdict beside it.

    `mechanisms` deny the site; `interference` lists everything that was proven, harmless things included; `suspected`
    names what an unproven difference looked like; `gap` says that another form of the same thing passes; `detail` is a
    clause for the sentence.
    """

    fact: str
    mechanisms: tuple[Mechanism, ...] = ()
    interference: tuple[Interference, ...] = ()
    suspected: tuple[Mechanism, ...] = ()
    grade: Grade | None = None
    reason: Reason | None = None
    refusal: Refusal | None = None
    artefacts: tuple[str, ...] = ()
    fingerprint: str | None = None
    gap: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One leg, one value a layer: all that a rule may look at."""

    line: LineFact = LineFact.USABLE
    site: SiteFact = SiteFact.ALIVE
    dns: DnsFact = DnsFact.REAL
    address: AddressFact = AddressFact.OPEN
    tls: TlsFact = TlsFact.NOT_TRIED
    http: HttpFact = HttpFact.NOT_TRIED
    speed: SpeedFact = SpeedFact.NOT_TRIED


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFindings:
    """A leg's facts together with the findings they came from."""

    facts: Facts
    dns: Finding
    address: Finding
    tls: Finding
    http: Finding
    speed: Finding
    quic: Finding = Finding(fact=QuicFact.NOT_TRIED)
    extra: tuple[Interference, ...] = field(default=())
