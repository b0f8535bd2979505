"""No network is told apart from a site that is silent."""

from dataclasses import replace

import pytest

from blockprobe.cli.network import nothing_reached
from blockprobe.model.failure import Failure
from blockprobe.model.line import Line
from blockprobe.model.observation import DnsObservation, DnsReply, Place, ResolverGroup, TcpObservation, Why
from blockprobe.model.observation import Test as Purpose
from blockprobe.model.record import Record
from tests.export.example import example

LOOK = Why(test=Purpose.LOOK, place=Place.ORIGIN)


def tcp(failure: Failure | None) -> TcpObservation:
    """A connection that went so."""
    return TcpObservation(why=LOOK, t0_s=0.0, t_s=0.0, failure=failure, address="203.0.113.5", port=443)


def dns(resolver: str, failure: Failure, rcode: str | None = None) -> DnsObservation:
    """A question that went so."""
    reply = None if rcode is None else DnsReply(t_s=0.0, rcode=rcode)
    return DnsObservation(
        why=LOOK,
        t0_s=0.0,
        t_s=0.0,
        failure=failure,
        resolver=resolver,
        group=ResolverGroup.ISP,
        qname="a.example",
        qtype="A",
        reply=reply,
    )


def record(*observations: TcpObservation | DnsObservation, line: Line | None = None) -> Record:
    """A record with these observations and no control."""
    return replace(example(), observations=observations, control=(), line=line or Line())


def test_a_kernel_without_a_route_is_no_network() -> None:
    assert nothing_reached(record(dns("udp://198.51.100.153:53", Failure.NETWORK_UNREACHABLE)))
    assert nothing_reached(record(tcp(Failure.NETWORK_DOWN), tcp(Failure.GENERIC_TIMEOUT_ERROR)))


def test_a_stub_on_this_machine_that_answers_is_still_no_network() -> None:
    stub = dns("udp://127.0.0.53:53", Failure.DNS_SERVFAIL_ERROR, "SERVFAIL")

    assert nothing_reached(record(stub, tcp(Failure.NETWORK_UNREACHABLE)))
    assert nothing_reached(record(stub, line=Line(families={"4": False, "6": False})))


@pytest.mark.parametrize(
    "observation",
    [
        tcp(None),
        tcp(Failure.CONNECTION_REFUSED),
        dns("udp://198.51.100.153:53", Failure.DNS_NXDOMAIN_ERROR, "NXDOMAIN"),
    ],
)
def test_any_answer_from_elsewhere_is_a_network(observation: TcpObservation | DnsObservation) -> None:
    assert not nothing_reached(record(observation, tcp(Failure.NETWORK_UNREACHABLE)))


def test_silence_alone_and_a_missing_family_are_no_missing_network() -> None:
    assert not nothing_reached(record(tcp(Failure.GENERIC_TIMEOUT_ERROR)))
    assert not nothing_reached(record(tcp(Failure.NETWORK_UNREACHABLE), line=Line(families={"4": True, "6": False})))
    assert not nothing_reached(replace(record(tcp(Failure.NETWORK_UNREACHABLE)), control=example().control))
