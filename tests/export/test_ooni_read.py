"""OONI measurements become evidence, or a fault with its place."""

import base64
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.export.ooni_read import read_ooni
from blockprobe.model.errors import RecordError
from blockprobe.model.failure import Failure
from blockprobe.model.observation import (
    DnsObservation,
    HttpObservation,
    Observation,
    ResolverGroup,
    TcpObservation,
    TlsObservation,
)

from .example import example, example_ooni

#: As the tests before 0.5 wrote it: no tags, no transactions, no endpoint of a request, `blocked` in a status.
OLD: dict[str, Any] = {
    "test_name": "web_connectivity",
    "test_version": "0.4.3",
    "input": "http://a.example/",
    "measurement_start_time": "2023-05-04 10:11:12",
    "probe_asn": "AS64500",
    "probe_cc": "GB",
    "report_id": "20230504T101112Z_webconnectivity_GB_64500_n1_x",
    "resolver_ip": "198.51.100.153",
    "test_helpers": {"backend": {"address": "https://0.th.example/", "type": "https"}},
    "test_runtime": 1.5,
    "test_keys": {
        "client_resolver": "198.51.100.153",
        "control_failure": None,
        "control": {
            "dns": {"failure": None, "addrs": ["203.0.113.5"]},
            "tcp_connect": {"203.0.113.5:80": {"status": True, "failure": None}},
            "http_request": {
                "body_length": 1200,
                "failure": None,
                "title": "A page",
                "headers": {"Server": "x"},
                "status_code": 200,
            },
        },
        "queries": [
            {
                "answers": [{"answer_type": "A", "ipv4": "203.0.113.5", "ttl": None}],
                "engine": "system",
                "failure": None,
                "hostname": "a.example",
                "query_type": "A",
                "resolver_address": "",
                "t": 0.02,
            },
            {"answers": None, "engine": "doh", "failure": None, "hostname": "dns.example", "query_type": "A", "t": 0},
        ],
        "tcp_connect": [
            {"ip": "203.0.113.5", "port": 80, "status": {"blocked": False, "failure": None, "success": True}, "t": 0.1}
        ],
        "requests": [
            {
                "failure": None,
                "request": {"url": "https://www.a.example/", "method": "GET"},
                "response": {
                    "code": 200,
                    "headers": {"Server": "x"},
                    "body": {"format": "base64", "data": base64.b64encode(b"<title>caf\xe9</title>").decode()},
                },
                "t": 0.9,
            },
            {
                "failure": None,
                "request": {"url": "http://a.example/", "method": "GET"},
                "response": {"code": 301, "headers": {"Location": "https://www.a.example/"}, "body": ""},
                "t": 0.4,
            },
        ],
    },
}


def of_kind(observations: tuple[Observation, ...], kind: type[Any]) -> list[Any]:
    """The observations of one kind."""
    return [one for one in observations if isinstance(one, kind)]


def test_our_own_export_reads_back_as_the_looks_that_it_came_from() -> None:
    record = example()

    again = read_ooni(example_ooni())

    ours = sorted((one.t0_s, one.kind, one.failure or "") for one in record.observations if one.why.listed)
    assert sorted((one.t0_s, one.kind, one.failure or "") for one in again.observations) == ours
    assert again.target.host == "a.example"
    assert again.vantage.asn == 64500
    assert again.measured_at == record.measured_at.replace(microsecond=0)
    assert again.control[0].dns == record.control[0].dns
    assert again.control[0].extended is False
    assert {one.group for one in of_kind(again.observations, DnsObservation)} == {
        ResolverGroup.ISP,
        ResolverGroup.ENCRYPTED,
    }


def test_a_measurement_from_before_0_5_is_read() -> None:
    evidence = read_ooni(OLD)

    [question] = of_kind(evidence.observations, DnsObservation)
    assert (question.qname, question.resolver, question.failure) == ("a.example", "udp://198.51.100.153", None)
    pages = of_kind(evidence.observations, HttpObservation)
    assert [(page.url, page.why.hop, page.status) for page in pages] == [
        ("http://a.example/", 0, 301),
        ("https://www.a.example/", 1, 200),
    ]
    assert pages[0].address == "203.0.113.5"  # the only one that a connection to port 80 went to
    assert pages[0].location == "https://www.a.example/"
    assert pages[1].title == "caf\ufffd"


def test_an_https_answer_from_before_0_5_witnesses_its_handshake() -> None:
    [handshake] = of_kind(read_ooni(OLD).observations, TlsObservation)

    assert (handshake.verify_name, handshake.valid, handshake.why.hop) == ("www.a.example", True, 1)
    assert handshake.detail is not None


def test_an_https_request_that_failed_in_tls_is_a_handshake_and_no_request() -> None:
    old = copy.deepcopy(OLD)
    old["test_keys"]["requests"] = [
        {"failure": "ssl_unknown_authority", "request": {"url": "https://a.example/"}, "response": {}, "t": 0.4}
    ]

    evidence = read_ooni(old)

    [handshake] = of_kind(evidence.observations, TlsObservation)
    assert (handshake.failure, handshake.valid) == (Failure.SSL_UNKNOWN_AUTHORITY, False)
    assert of_kind(evidence.observations, HttpObservation) == []


def test_getaddrinfo_counts_for_the_families_that_it_answered() -> None:
    old = copy.deepcopy(OLD)
    old["test_keys"]["queries"] = [{**OLD["test_keys"]["queries"][0], "engine": "getaddrinfo", "query_type": "ANY"}]
    assert [one.qtype for one in of_kind(read_ooni(old).observations, DnsObservation)] == ["A"]

    old["test_keys"]["queries"][0] |= {"answers": None, "failure": "dns_nxdomain_error"}
    failed = of_kind(read_ooni(old).observations, DnsObservation)
    assert [(one.qtype, one.reply.rcode) for one in failed] == [("A", "NXDOMAIN"), ("AAAA", "NXDOMAIN")]


def test_words_that_we_do_not_have_are_kept_and_not_guessed_at() -> None:
    old = copy.deepcopy(OLD)
    old["test_keys"]["tcp_connect"][0]["status"] = {"failure": "unknown_failure: brand new", "success": False}

    [connection] = of_kind(read_ooni(old).observations, TcpObservation)

    assert (connection.failure, connection.detail) == (Failure.UNKNOWN_FAILURE, "unknown_failure: brand new")


def test_a_missing_control_is_a_failure_of_the_helper() -> None:
    old = copy.deepcopy(OLD)
    old["test_keys"]["control"] = None

    [control] = read_ooni(old).control

    assert control.failure is Failure.HELPER_BAD_ANSWER


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test_name": "dnscheck"}, "test_name: 'dnscheck' cannot be judged"),
        ({"input": None}, "input: empty target"),
        ({"input": "ftp://a.example/"}, "input: "),
        ({"measurement_start_time": "yesterday"}, "measurement_start_time: 'yesterday'"),
        ({"test_keys": []}, "test_keys: expected an object"),
        ({"test_keys": {"queries": {}}}, "test_keys.queries: expected an array"),
        ({"test_keys": {"queries": [1]}}, "test_keys.queries.0: expected an object"),
        ({"test_runtime": "x"}, "measurement.test_runtime: expected a number"),
        ({"test_runtime": float("nan")}, "measurement.test_runtime: nan is no usable number"),
    ],
)
def test_a_fault_is_named_with_its_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordError) as caught:
        read_ooni({**OLD, **change})

    assert str(caught.value).startswith(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        found += paths(one, (*path, key))
    return found


@given(st.sampled_from(paths(OLD) + paths(example_ooni())), JSON, st.booleans())
def test_whatever_stands_anywhere_reading_raises_nothing_but_record_errors(
    path: tuple[Any, ...], value: Any, old: bool
) -> None:
    document: Any = copy.deepcopy(OLD) if old else example_ooni()
    place = document
    try:
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return  # the place exists in the other document only

    try:
        evidence = read_ooni(json.loads(json.dumps(document)))
    except RecordError:
        return
    assert evidence.target.host
