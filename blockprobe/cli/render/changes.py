"""The counterfactuals of a record for people: what was changed, and what came of it each time."""

from collections import Counter
from collections.abc import Iterable, Iterator

from blockprobe.model.failure import CERTIFICATE_FAILURES
from blockprobe.model.observation import DnsObservation, Observation, PathObservation, QuicObservation, TcpObservation
from blockprobe.model.observation import Test as Purpose

#: What each test changed, in words; looks, repetitions and housekeeping change nothing.
CHANGES = {
    Purpose.NEUTRAL: "a name or site on no list",
    Purpose.SQUARE: "the name, the server, or both",
    Purpose.SHARED: "the name, at a shared echo",
    Purpose.FORM_TCP: "the question over TCP",
    Purpose.FORM_CD: "the question with checking disabled",
    Purpose.FORM_PLAIN: "the question without EDNS",
    Purpose.FORM_NO_RD: "the question without recursion",
    Purpose.NONCE_LABEL: "a label that nobody has cached",
    Purpose.ZONE: "the zone's own SOA",
    Purpose.SILENT: "an address that runs no resolver",
    Purpose.ECHO: "our own echo, which signs",
    Purpose.NEIGHBOUR: "a neighbouring address",
    Purpose.PATH: "the hop limit",
    Purpose.SMALL_MSS: "small segments",
    Purpose.LARGE_HELLO: "a ClientHello in two segments",
    Purpose.PROOF: "is it the real site?",
    Purpose.SPEED: "many bytes",
}

Change = tuple[str, str, str, str]


def changes(observations: Iterable[Observation]) -> Iterator[Change]:
    """(what was changed, where, with which name, what came of it), the same ones counted, in the order of the work."""
    counted: Counter[Change] = Counter()
    for one in observations:
        if one.why.test in CHANGES and not _is_carrier(one):
            name = "the listed name" if one.why.listed else "a neutral name"
            where = one.why.place.value + (" over QUIC" if isinstance(one, QuicObservation) else "")
            counted[CHANGES[one.why.test], where, name, _result(one)] += 1
    for (what, where, name, result), times in counted.items():
        yield what, where, name, result if times == 1 else f"{result} ({times} times)"


def _is_carrier(one: Observation) -> bool:
    """A connection that only carried what was tested; it counts where it is the test itself or where it failed."""
    itself = one.why.test in (Purpose.NEIGHBOUR, Purpose.NEUTRAL)
    return isinstance(one, TcpObservation) and not itself and one.failure is None


def _result(one: Observation) -> str:
    if isinstance(one, PathObservation):
        return "; ".join(f"{hop.ttl}: {'/'.join(dict.fromkeys(r.value for r in hop.replies))}" for hop in one.hops)
    if isinstance(one, DnsObservation) and one.authentic is not None:
        return "signed" if one.authentic else "not signed"
    if one.failure is None:
        return "answered"
    return "another certificate" if one.failure in CERTIFICATE_FAILURES else one.failure.value
