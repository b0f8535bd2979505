"""What a helper outside the censor's reach saw: the control of a measurement.

A helper that speaks only OONI's test-helper API leaves `extended` false; then everything that its answer has no
place for (rcode, EDE, chain, sketch, hops) is unknown and stays so.
"""

from dataclasses import dataclass

from blockprobe.model.failure import Failure
from blockprobe.model.observation import ResourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDns:
    """The helper's own resolution. `failure` is OONI's word; `rcode`, `soa` and `ede` only from an extended helper."""

    failure: str | None
    addresses: tuple[str, ...] = ()
    rcode: str | None = None
    ede: tuple[int, ...] = ()
    soa: ResourceRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTcp:
    """The helper's connection to one endpoint ("203.0.113.5:443")."""

    endpoint: str
    ok: bool
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTls:
    """The helper's handshake with one endpoint. `ok` means a chain valid for `server_name`."""

    endpoint: str
    server_name: str
    ok: bool
    failure: str | None = None
    leaf_sha256: str | None = None
    spki_sha256: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlHttp:
    """One hop of the helper's own fetch of `url`; `sketch` summarises the text (see `verdict.sketch`)."""

    url: str
    failure: str | None
    status: int | None = None
    title: str | None = None
    location: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body_bytes: int = 0
    body_sha256: str | None = None
    sketch: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One helper's answer about one URL; `failure` is ours, about reaching the helper itself.

    `hops` are in order, the last being where the redirects ended. `clock_offset_s` is the helper's clock minus ours.
    `quic` are its QUIC handshakes, which it is asked for apart from the rest: then nothing else is in the answer.
    """

    helper: str
    url: str
    t0_s: float
    t_s: float
    failure: Failure | None
    extended: bool = False
    dns: ControlDns | None = None
    tcp: tuple[ControlTcp, ...] = ()
    tls: tuple[ControlTls, ...] = ()
    hops: tuple[ControlHttp, ...] = ()
    clock_offset_s: float | None = None
    detail: str | None = None
    quic: tuple[ControlTls, ...] = ()
