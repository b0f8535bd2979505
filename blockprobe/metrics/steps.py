"""What became of each step of a measurement, for counting. A verdict is not made here: its findings are read."""

from collections.abc import Mapping
from enum import StrEnum

from blockprobe.model.failure import Failure
from blockprobe.model.observation import (
    DnsObservation,
    HttpObservation,
    Observation,
    PathObservation,
    Place,
    QuicObservation,
    ResolverGroup,
    TcpObservation,
    Test,
    TlsObservation,
    TransferObservation,
)
from blockprobe.model.record import Interference, Record
from blockprobe.model.words import Layer, State
from blockprobe.verdict.speed_facts import FREEZES, THROTTLES


class Step(StrEnum):
    """A part of a measurement. `ip` are packets with a hop limit and neighbours of an address, not connections."""

    DNS = "dns"
    DNS_ENCRYPTED = "dns_encrypted"
    TCP = "tcp"
    TLS = "tls"
    QUIC = "quic"
    HTTP = "http"
    IP = "ip"
    CONTROL = "control"


class Outcome(StrEnum):
    """What became of a step.

    `blocked`: the verdict lists interference there, also where the site opened in spite of it, unless slowly. `ok`: an
    operation succeeded. `site_down`: all failed, and the site works for nobody. `error`: all failed on this machine's
    side, or no helper answered. `inconclusive`: all failed, and nothing proven explains it. `skipped`: there was none.
    """

    OK = "ok"
    BLOCKED = "blocked"
    SITE_DOWN = "site_down"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"


#: Failures that say something of this machine and nothing of the network.
_OURS = frozenset(
    {
        Failure.INTERRUPTED,
        Failure.UNKNOWN_FAILURE,
        Failure.CONNECTION_ABORTED,
        Failure.ADDRESS_NOT_AVAILABLE,
        Failure.MESSAGE_SIZE,
        Failure.NETWORK_DOWN,
        Failure.HELPER_BAD_ANSWER,
    }
)
_AS_A_BROWSER = frozenset({Test.LOOK, Test.REPEAT})
_ENCRYPTED = ("https://", "tls://")


class _Tally:
    """The operations of one step: when they began and ended, whether one succeeded, whether all failures are ours."""

    __slots__ = ("began_s", "ended_s", "ok", "ours")

    def __init__(self) -> None:
        self.began_s: float | None = None
        self.ended_s = 0.0
        self.ok = False
        self.ours = True

    def add(self, t0_s: float, t_s: float, failure: Failure | None) -> None:
        """One operation."""
        self.began_s = t0_s if self.began_s is None else min(self.began_s, t0_s)
        self.ended_s = max(self.ended_s, t_s)
        self.ok = self.ok or failure is None
        self.ours = self.ours and failure in _OURS

    @property
    def took_s(self) -> float | None:
        """From the first beginning to the last end; None when there was no operation."""
        return None if self.began_s is None else max(0.0, self.ended_s - self.began_s)


def outcomes(record: Record) -> Mapping[Step, tuple[Outcome, float | None]]:
    """For every step, what became of it and how long it took (seconds; None: there was none)."""
    tallies = {step: _Tally() for step in Step}
    for one in record.observations:
        if (step := _step_of(one)) is not None:
            tallies[step].add(one.t0_s, one.t_s, one.failure)
    for answer in record.control:
        tallies[Step.CONTROL].add(answer.t0_s, answer.t_s, answer.failure)
    stopped = [one for one in record.verdict.interference if one.mechanism not in THROTTLES | FREEZES]
    blocked = {step for found in stopped for step in _steps_of(found)}
    return {
        step: (_outcome(step, tally, blocked, record.verdict.state), tally.took_s) for step, tally in tallies.items()
    }


def _outcome(step: Step, tally: _Tally, blocked: set[Step], state: State) -> Outcome:
    if step in blocked:
        return Outcome.BLOCKED
    if tally.began_s is None:
        return Outcome.SKIPPED
    if tally.ok:
        return Outcome.OK
    if tally.ours or step is Step.CONTROL:
        return Outcome.ERROR
    return Outcome.SITE_DOWN if state is State.DOWN else Outcome.INCONCLUSIVE


def _step_of(one: Observation) -> Step | None:
    """The step that an operation is part of; None for the tests that change one thing."""
    if isinstance(one, PathObservation) or one.why.place is Place.NEIGHBOUR:
        return Step.IP
    if one.why.test not in _AS_A_BROWSER or one.why.place not in (Place.RESOLVER, Place.ORIGIN):
        return None
    match one:
        case DnsObservation():
            return Step.DNS_ENCRYPTED if one.group is ResolverGroup.ENCRYPTED else Step.DNS
        case TcpObservation():
            return Step.TCP
        case TlsObservation():
            return Step.TLS
        case HttpObservation():
            return Step.QUIC if one.quic else Step.HTTP
        case QuicObservation():
            return Step.QUIC
        case TransferObservation():
            return None


def _steps_of(found: Interference) -> tuple[Step, ...]:
    """Where interference was met. A blocked address is met by connecting and by packets with a hop limit."""
    match found.mechanism.layer:
        case Layer.DNS:
            encrypted = found.resolver is not None and found.resolver.startswith(_ENCRYPTED)
            return (Step.DNS_ENCRYPTED,) if encrypted else (Step.DNS,)
        case Layer.IP:
            return (Step.TCP, Step.IP)
        case Layer.TLS:
            return (Step.TLS,)
        case Layer.HTTP:
            return (Step.HTTP,)
        case Layer.QUIC:
            return (Step.QUIC,)
