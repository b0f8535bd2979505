"""Our mechanisms and OONI's taxonomy name the same things."""

from pathlib import Path

import pytest

from blockprobe.export.ooni_mechanisms import FROM_OONI, TAXONOMY, TO_OONI, matches, to_ooni
from blockprobe.model.words import Layer, Mechanism

NODES = {".".join(path.split(".")[:depth]) for path in TAXONOMY for depth in (1, 2, 3)}


def test_every_mechanism_has_a_node_that_exists() -> None:
    assert set(TO_OONI) == set(Mechanism)
    assert set(TO_OONI.values()) <= NODES


def test_the_table_reads_both_ways() -> None:
    for node, mechanisms in FROM_OONI.items():
        assert {to_ooni(mechanism) for mechanism in mechanisms} == {node}


def test_every_mechanism_matches_its_own_node_and_the_layer_above() -> None:
    for mechanism in Mechanism:
        node = to_ooni(mechanism)
        assert "." not in node or matches(mechanism, node)
        assert matches(mechanism, node.split(".")[0])


def test_layers_do_not_match_one_another() -> None:
    """Except that theirs calls `tcp` what happens while connecting."""
    for mechanism in Mechanism:
        for other in {"dns", "tcp", "tls", "http"} - {to_ooni(mechanism).split(".")[0]}:
            assert not matches(mechanism, other) or mechanism.layer is Layer.QUIC


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Mechanism.IP_TIMEOUT, "tcp.timeout"),
        (Mechanism.IP_REFUSED, "tcp.refused"),
        (Mechanism.TLS_EOF_SNI, "tls.reset.sni"),
        (Mechanism.HTTP_EOF_HOST, "http.reset.host"),
        (Mechanism.TLS_TIMEOUT_SNI, "tls.timeout"),
        (Mechanism.DNS_BOGON, "dns.injection.bogon"),
        (Mechanism.DNS_BLOCKPAGE, "dns.injection"),
        (Mechanism.DNS_BLOCKPAGE, "dns.injection.blockpage"),
        (Mechanism.DNS_INJECTION, "dns.injection.bogon"),
        (Mechanism.DNS_INJECTION_NXDOMAIN, "dns.nxdomain"),
        (Mechanism.DNS_INTERCEPTED, "dns.injection"),
        (Mechanism.TLS_MITM, "tls.mitm.self_signed"),
        (Mechanism.HTTP_REDIRECT_BLOCKPAGE, "http.redirect"),
        (Mechanism.HTTP_451, "http.error"),
    ],
)
def test_the_same_thing_matches_under_both_names(ours: Mechanism, theirs: str) -> None:
    assert matches(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Mechanism.DNS_NXDOMAIN, "dns.refused"),
        (Mechanism.DNS_SERVFAIL, "dns.nxdomain"),
        (Mechanism.DNS_NODATA, "dns.injection"),
        (Mechanism.TLS_ALERT_SNI, "tls.reset.sni"),
        (Mechanism.TLS_TIMEOUT_SNI, "tls.reset.sni"),
        (Mechanism.IP_TIMEOUT, "tcp.refused"),
        (Mechanism.HTTP_RESET_HOST, "tls.reset.sni"),
        (Mechanism.HTTP_THROTTLE_HOST, "http.timeout"),
    ],
)
def test_different_things_do_not_match(ours: Mechanism, theirs: str) -> None:
    assert not matches(ours, theirs)


def test_the_table_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/ooni.md").read_text()

    for ours, theirs in TO_OONI.items():
        assert f"| `{ours.value}` | `{theirs}` |" in page
