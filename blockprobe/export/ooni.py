"""A record as an OONI `web_connectivity` measurement (df-000 and ts-017 of ooni/spec, data format 0.2.0).

The counterfactuals have no place there: the document says what was looked at and what we concluded.
"""

import platform
from collections.abc import Iterable
from typing import Any

from blockprobe.export.ooni_archive import Archive, archive, endpoint
from blockprobe.export.ooni_verdict import comparison_keys, first_dns_failure, verdict_keys
from blockprobe.export.ooni_words import to_word
from blockprobe.export.scrub import Scrubber, map_strings, scrub_unknown, seen_addresses
from blockprobe.model.control import Control, ControlHttp
from blockprobe.model.observation import DnsObservation, HttpObservation, QuicObservation, TcpObservation
from blockprobe.model.record import Record

DATA_FORMAT_VERSION = "0.2.0"
#: The version of OONI's test whose `test_keys` these are.
TEST_VERSION = "0.5.28"
_EXTENSIONS = {"dnst": 0, "httpt": 0, "netevents": 0, "tcpconnect": 0, "tlshandshake": 0, "tunnel": 0}


def to_ooni_measurement(record: Record, *, own: Iterable[str] = ()) -> dict[str, Any]:
    """The measurement; neither `own` addresses nor those that an echo saw are in it.

    In pages and headers, all addresses that were not measured go too: the probe may stand behind one that it does
    not know.
    """
    document = _document(record)
    keep = measured_addresses(record)
    for request in document["test_keys"]["requests"]:
        request["response"] = map_strings(request["response"], lambda text: scrub_unknown(text, keep))
    return map_strings(document, Scrubber((*own, *seen_addresses(record))))


def measured_addresses(record: Record) -> frozenset[str]:
    """Every address that was connected to or that somebody answered with: evidence, and not the probe's own."""
    found = set()
    for one in record.observations:
        if isinstance(one, TcpObservation | HttpObservation | QuicObservation):
            found.add(one.address)
        elif isinstance(one, DnsObservation) and one.reply is not None:
            found |= {answer.value for answer in one.reply.answers}
    for control in record.control:
        found |= set(control.dns.addresses) if control.dns is not None else set()
    return frozenset(found)


def _document(record: Record) -> dict[str, Any]:
    vantage = record.vantage
    began = record.measured_at.strftime("%Y-%m-%d %H:%M:%S")
    control = _chosen(record.control)
    return {
        "annotations": {
            "architecture": platform.machine(),
            "engine_name": "blockprobe",
            "engine_version": record.versions.blockprobe,
            "platform": platform.system().lower(),
            "access": vantage.access,
        },
        "data_format_version": DATA_FORMAT_VERSION,
        "extensions": _EXTENSIONS,
        "input": record.target.url,
        "measurement_start_time": began,
        "test_start_time": began,
        "probe_asn": f"AS{vantage.asn or 0}",
        "probe_cc": (vantage.country or "ZZ").upper(),
        "probe_ip": "127.0.0.1",
        "probe_network_name": vantage.isp or "",
        "report_id": "",
        "resolver_asn": "AS0",
        "resolver_ip": _resolver_address(record),
        "resolver_network_name": "",
        "software_name": "blockprobe",
        "software_version": record.versions.blockprobe,
        "test_helpers": {} if control is None else {"backend": {"address": control.helper, "type": "https"}},
        "test_keys": _test_keys(record, archive(record.observations), control),
        "test_name": "web_connectivity",
        "test_runtime": record.runtime_s,
        "test_version": TEST_VERSION,
    }


def _test_keys(record: Record, lists: Archive, control: Control | None) -> dict[str, Any]:
    dns = first_dns_failure(record.observations)
    return {
        "agent": "redirect",
        "client_resolver": "",
        "retries": None,
        "socksproxy": None,
        "network_events": lists.network_events,
        "x_dns_whoami": None,
        "x_doh": None,
        "x_do53": None,
        "x_dns_duplicate_responses": [],
        "queries": lists.queries,
        "requests": lists.requests,
        "tcp_connect": lists.tcp_connect,
        "tls_handshakes": lists.tls_handshakes,
        "x_control_request": _control_request(record, lists),
        "control": _control(record, control),
        "x_conn_priority_log": [],
        "control_failure": "unknown_failure: no helper" if control is None else to_word(control.failure),
        "dns_experiment_failure": None if dns is None else to_word(dns.failure),
        "http_experiment_failure": next((one["failure"] for one in lists.requests if one["failure"]), None),
        **comparison_keys(record.observations, control),
        **verdict_keys(record),
    }


def _chosen(controls: tuple[Control, ...]) -> Control | None:
    """The first helper that answered, else the first asked: the format has room for one."""
    whole = [one for one in controls if not one.quic]
    return next((one for one in whole if one.failure is None), next(iter(whole), None))


def _control(record: Record, control: Control | None) -> dict[str, Any] | None:
    if control is None or control.failure is not None:
        return None
    return {
        "tcp_connect": {one.endpoint: {"status": one.ok, "failure": one.failure} for one in control.tcp},
        "tls_handshake": {
            one.endpoint: {"server_name": one.server_name, "status": one.ok, "failure": one.failure}
            for one in control.tls
        },
        "quic_handshake": {
            one.endpoint: {"server_name": one.server_name, "status": one.ok, "failure": one.failure}
            for asked in record.control
            for one in asked.quic
        },
        "http_request": _control_page(control.hops[-1] if control.hops else None),
        "http3_request": None,
        "dns": {
            "failure": None if control.dns is None else control.dns.failure,
            "addrs": [] if control.dns is None else list(control.dns.addresses),
        },
        "ip_info": {},
    }


def _control_page(page: ControlHttp | None) -> dict[str, Any]:
    good = page if page is not None and page.failure is None else None
    headers: dict[str, str] = {}
    for name, value in good.headers if good else ():
        headers.setdefault(name, value)
    return {
        "body_length": good.body_bytes if good else -1,
        "discovered_h3_endpoint": "",
        "failure": page.failure if page is not None else "unknown_error",
        "title": (good.title or "") if good else "",
        "headers": headers,
        "status_code": good.status if good else -1,
    }


def _control_request(record: Record, lists: Archive) -> dict[str, Any]:
    endpoints = {endpoint(one["ip"], one["port"]) for one in lists.tcp_connect}
    return {
        "http_request": record.target.url,
        "http_request_headers": {},
        "tcp_connect": sorted(endpoints),
        "x_quic_enabled": False,
    }


def _resolver_address(record: Record) -> str:
    """The address of the line's first resolver; 127.0.0.2 is OONI's word for an unknown one."""
    first = next(iter(record.vantage.resolvers), "")
    address = first.partition("://")[2] or first
    host = address[1:].partition("]")[0] if address.startswith("[") else address
    return (host.partition(":")[0] if host.count(":") == 1 else host) or "127.0.0.2"
