"""A record becomes an OONI measurement that OONI's readers can read."""

import importlib.util
import json
from dataclasses import replace

import pytest

from blockprobe.export.ooni import to_ooni_measurement
from blockprobe.export.ooni_verdict import blocking_of
from blockprobe.model.observation import Place, TransferObservation, Why
from blockprobe.model.observation import Test as Purpose
from blockprobe.model.words import Mechanism, Reason, State

from .example import example, example_ooni

TEST_KEYS = {
    "agent",
    "client_resolver",
    "retries",
    "socksproxy",
    "network_events",
    "x_dns_whoami",
    "x_doh",
    "x_do53",
    "x_dns_duplicate_responses",
    "queries",
    "requests",
    "tcp_connect",
    "tls_handshakes",
    "x_control_request",
    "control",
    "x_conn_priority_log",
    "control_failure",
    "x_dns_flags",
    "dns_experiment_failure",
    "dns_consistency",
    "http_experiment_failure",
    "x_blocking_flags",
    "x_null_null_flags",
    "body_proportion",
    "body_length_match",
    "headers_match",
    "status_code_match",
    "title_match",
    "blocking",
    "accessible",
}


def test_the_document_has_every_key_of_the_format() -> None:
    document = example_ooni()

    assert set(document["test_keys"]) >= TEST_KEYS
    assert document["test_name"] == "web_connectivity"
    assert document["data_format_version"] == "0.2.0"
    assert document["measurement_start_time"] == "2026-11-21 12:00:00"
    assert document["input"] == "https://a.example/"
    assert document["software_name"] == "blockprobe"


def test_the_probes_address_is_nowhere_in_it() -> None:
    text = json.dumps(example_ooni())

    assert '"probe_ip": "127.0.0.1"' in text
    assert "198.51.100.10" not in text.replace("198.51.100.153", "")
    assert "c633640a" not in text
    assert "192.0.2.77" not in text  # an address that only a page names may be the probe's behind a translator


def test_a_connection_its_handshake_and_its_request_share_a_transaction() -> None:
    keys = example_ooni()["test_keys"]
    by_port = {one["port"]: one["transaction_id"] for one in keys["tcp_connect"]}

    assert [one["transaction_id"] for one in keys["tls_handshakes"]] == [by_port[443]]
    assert [one["transaction_id"] for one in keys["requests"]] == [by_port[80]]
    assert by_port[443] > 50_000 > by_port[80] > 40_000


def test_counterfactuals_are_not_exported_as_what_a_browser_did() -> None:
    record = example()
    look = record.observations[3]
    echo = replace(look, why=replace(look.why, test=Purpose.SQUARE), address="203.0.113.131")

    keys = to_ooni_measurement(replace(record, observations=(*record.observations, echo)))["test_keys"]

    assert "203.0.113.131" not in json.dumps(keys)


def test_transfers_are_not_exported() -> None:
    record = example()
    why = Why(test=Purpose.SPEED, place=Place.ECHO, attempt=1)
    moved = TransferObservation(why=why, t0_s=1.0, t_s=2.0, failure=None, address="203.0.113.131", port=443,
                                name="a.example", tls=True, wanted=256_000, body_bytes=256_000)  # fmt: skip

    with_it = to_ooni_measurement(replace(record, observations=(*record.observations, moved)))

    assert with_it == to_ooni_measurement(record)


def test_requests_are_newest_first_and_events_in_order() -> None:
    record = example()
    page = record.observations[6]
    later = replace(page, why=replace(page.why, hop=1), t0_s=1.0, t_s=1.2)

    keys = to_ooni_measurement(replace(record, observations=(*record.observations, later)))["test_keys"]

    assert [one["t0"] for one in keys["requests"]] == [1.0, 0.03]
    assert [one["tags"][-1] for one in keys["requests"]] == ["depth=1", "depth=0"]
    times = [one["t"] for one in keys["network_events"]]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("mechanism", "blocking"),
    [
        (Mechanism.DNS_NXDOMAIN, "dns"),
        (Mechanism.IP_TIMEOUT, "tcp_ip"),
        (Mechanism.TLS_RESET_SNI, "http-failure"),
        (Mechanism.HTTP_RESET_HOST, "http-failure"),
        (Mechanism.HTTP_BLOCKPAGE, "http-diff"),
        (Mechanism.HTTP_451, "http-diff"),
    ],
)
def test_a_block_is_named_in_oonis_words(mechanism: Mechanism, blocking: str) -> None:
    assert blocking_of(replace(example().verdict, mechanisms=(mechanism,))) == blocking


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.ACCESSIBLE, (False, True)),
        (State.DOWN, (False, False)),
        (State.REFUSED, (False, False)),
        (State.INCONCLUSIVE, (None, None)),
    ],
)
def test_what_is_not_proven_is_not_called_blocking(state: State, expected: tuple[object, object]) -> None:
    record = example()
    verdict = replace(record.verdict, state=state, mechanisms=(), grade=None, reasons=(Reason.DIFFERENCE_ONLY,))

    keys = to_ooni_measurement(replace(record, verdict=verdict))["test_keys"]

    assert (keys["blocking"], keys["accessible"]) == expected
    assert keys["x_blockprobe"]["state"] == state


def test_without_a_helper_the_control_is_null_and_its_failure_says_so() -> None:
    keys = to_ooni_measurement(replace(example(), control=()))["test_keys"]

    assert keys["control"] is None
    assert keys["control_failure"] == "unknown_failure: no helper"
    assert keys["body_proportion"] is None


# OONI's own loader pins libraries that ours would have to step back for, so it is for those who have it: pip install
# oonidata, in an environment of its own.
if importlib.util.find_spec("oonidata") is not None:

    def test_oonis_own_loader_reads_it() -> None:
        from oonidata.models.nettests import WebConnectivity  # type: ignore[import-not-found,unused-ignore]

        measurement = WebConnectivity.from_dict(example_ooni())

        assert measurement.test_keys.blocking == "http-failure"
        assert len(measurement.test_keys.queries) == 3
        assert measurement.test_keys.requests[0].response.code == 200
