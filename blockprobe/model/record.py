"""The archived unit: one target, measured once from one vantage, with control, verdict and versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from blockprobe.model.control import Control
from blockprobe.model.line import Line
from blockprobe.model.observation import Observation
from blockprobe.model.words import (
    AttributionBasis,
    AttributionBy,
    AttributionCause,
    Grade,
    Layer,
    LineState,
    Mechanism,
    Reason,
    Refusal,
    Scope,
    SiteState,
    State,
)

BROWSER_MODEL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the user typed and what was made of it.

    `url` is where the measurement began; a bare domain (`bare`) is measured over https and http. `host` is lower-case
    punycode or an IP literal; `port` is explicit only where the user gave one. `ip`, `sni` and `header_host` are the
    operator's overrides (`--ip`, `--sni`, `--host`). `mirror_of`: it was only looked at as a possible mirror of that
    site; such a record is published on request alone.
    """

    input: str
    url: str
    host: str
    bare: bool = False
    port: int | None = None
    order: str | None = None
    ip: str | None = None
    sni: str | None = None
    header_host: str | None = None
    mirror_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantage:
    """Where from. `resolvers` are the line's own; `filters` is the state of its parental filter."""

    name: str | None = None
    isp: str | None = None
    asn: int | None = None
    country: str | None = None
    access: Literal["fixed", "mobile", "vps", "vpn", "control"] = "fixed"
    families: tuple[int, ...] = ()
    nat64: str | None = None
    filters: Literal["on", "off", "unknown"] = "unknown"
    resolvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interference:
    """One thing the network did: `k` of `n` attempts, at redirect `hop`, to `host`. None: not applicable or unknown."""

    mechanism: Mechanism
    hop: int = 0
    host: str
    family: int | None = None
    port: int | None = None
    resolver: str | None = None
    scope: Scope | None = None
    k: int = 1
    n: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Who interferes, at whose wish, and what that rests on; unknown is the default."""

    by: AttributionBy = AttributionBy.UNKNOWN
    cause: AttributionCause = AttributionCause.UNKNOWN
    basis: AttributionBasis = AttributionBasis.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a measurement means. `rule` is the id of the rule that decided; `because` one plain sentence.

    `partial` says that proven interference came in k of n attempts or resolvers only; `via_redirect` that it was met
    at a later hop; `parity_gap` that families, schemes or resolvers differ.
    """

    state: State
    line_state: LineState
    site_state: SiteState
    grade: Grade | None = None
    mechanisms: tuple[Mechanism, ...] = ()
    layer: Layer | None = None
    rule: str
    because: str
    reasons: tuple[Reason, ...] = ()
    suspected: tuple[Mechanism, ...] = ()
    refusal: Refusal | None = None
    partial: bool = False
    via_redirect: bool = False
    parity_gap: bool = False
    interference: tuple[Interference, ...] = ()
    attribution: Attribution = Attribution()
    artefacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What made and judged the record; `tls` is the library that made the ClientHellos."""

    blockprobe: str
    rules: int
    browser_model: int = BROWSER_MODEL
    catalogue: str | None = None
    tls: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All that was observed of one target, before anything is concluded from it."""

    id: str
    measured_at: datetime
    runtime_s: float
    target: Target
    vantage: Vantage
    line: Line
    observations: tuple[Observation, ...]
    control: tuple[Control, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A measurement, its verdict and the versions of everything that had a part in it."""

    schema: Literal["blockprobe.record/1"] = "blockprobe.record/1"
    id: str
    measured_at: datetime
    runtime_s: float
    target: Target
    vantage: Vantage
    verdict: Verdict
    line: Line
    observations: tuple[Observation, ...]
    control: tuple[Control, ...]
    versions: Versions

    def measurement(self) -> Measurement:
        """The evidence without the conclusion, to judge again."""
        return Measurement(
            id=self.id,
            measured_at=self.measured_at,
            runtime_s=self.runtime_s,
            target=self.target,
            vantage=self.vantage,
            line=self.line,
            observations=self.observations,
            control=self.control,
        )
