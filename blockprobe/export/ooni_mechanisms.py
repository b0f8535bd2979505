"""Our mechanisms in OONI's taxonomy (ooni/data docs/ontology.md, section 12, version 1), and how they compare.

Differences of naming: what happens while connecting is `tcp.*` there and `ip.*` here; a connection closed early is
a reset there; theirs has no node for several answers of a resolver, so the nearest ancestor stands for them.
"""

from blockprobe.model.words import Mechanism

#: The nodes of their vocabulary; every prefix of one is a node as well.
TAXONOMY = frozenset(
    {
        "dns.injection.blockpage",
        "dns.injection.bogon",
        "dns.injection.other",
        "dns.nxdomain",
        "dns.refused",
        "dns.timeout",
        "tcp.reset",
        "tcp.timeout",
        "tcp.refused",
        "tls.reset.sni",
        "tls.reset.other",
        "tls.timeout",
        "tls.mitm.self_signed",
        "tls.mitm.ca_signed",
        "tls.throttle.sni",
        "http.blockpage",
        "http.redirect",
        "http.error",
        "http.reset.host",
        "http.timeout",
        "http.throttle.host",
        "ip.unreachable",
        "ip.prefix_null_route",
    }
)

#: Ours to theirs, the deepest node that says no more than ours does.
TO_OONI: dict[Mechanism, str] = {
    Mechanism.DNS_NXDOMAIN: "dns.nxdomain",
    Mechanism.DNS_NODATA: "dns",
    Mechanism.DNS_REFUSED: "dns.refused",
    Mechanism.DNS_SERVFAIL: "dns",
    Mechanism.DNS_FORMERR: "dns",
    Mechanism.DNS_TIMEOUT: "dns.timeout",
    Mechanism.DNS_BOGON: "dns.injection.bogon",
    Mechanism.DNS_BLOCKPAGE: "dns.injection.blockpage",
    Mechanism.DNS_INJECTION: "dns.injection",
    Mechanism.DNS_INJECTION_BOGON: "dns.injection.bogon",
    Mechanism.DNS_INJECTION_BLOCKPAGE: "dns.injection.blockpage",
    Mechanism.DNS_INJECTION_NXDOMAIN: "dns.nxdomain",
    Mechanism.DNS_INTERCEPTED: "dns.injection",
    Mechanism.IP_TIMEOUT: "tcp.timeout",
    Mechanism.IP_REFUSED: "tcp.refused",
    Mechanism.IP_RESET: "tcp.reset",
    Mechanism.IP_UNREACHABLE: "ip.unreachable",
    Mechanism.IP_THROTTLE: "ip",
    Mechanism.TLS_RESET_SNI: "tls.reset.sni",
    Mechanism.TLS_TIMEOUT_SNI: "tls.timeout",
    Mechanism.TLS_EOF_SNI: "tls.reset.sni",
    Mechanism.TLS_ALERT_SNI: "tls",
    Mechanism.TLS_RESET_CERT: "tls.reset.other",
    Mechanism.TLS_MITM: "tls.mitm",
    Mechanism.TLS_THROTTLE_SNI: "tls.throttle.sni",
    Mechanism.TLS_FREEZE_SNI: "tls",
    Mechanism.HTTP_RESET_HOST: "http.reset.host",
    Mechanism.HTTP_TIMEOUT_HOST: "http.timeout",
    Mechanism.HTTP_EOF_HOST: "http.reset.host",
    Mechanism.HTTP_BLOCKPAGE: "http.blockpage",
    Mechanism.HTTP_REDIRECT_BLOCKPAGE: "http.redirect",
    Mechanism.HTTP_451: "http.error",
    Mechanism.HTTP_THROTTLE_HOST: "http.throttle.host",
    Mechanism.HTTP_FREEZE_HOST: "http",
    Mechanism.QUIC_TIMEOUT_SNI: "tls.timeout",
    Mechanism.QUIC_TIMEOUT_IP: "ip",
}

#: Theirs to the ours that mean it exactly or more specifically: `TO_OONI` the other way round.
FROM_OONI: dict[str, frozenset[Mechanism]] = {
    node: frozenset(ours for ours, theirs in TO_OONI.items() if theirs == node) for node in set(TO_OONI.values())
}

#: Where `TO_OONI` has to say less than ours does, this is what ours would be called there: an ancestor that merely
#: stands in for it must not match its other children.
_WITHOUT_NODE: dict[Mechanism, str] = {
    Mechanism.DNS_NODATA: "dns.nodata",
    Mechanism.DNS_SERVFAIL: "dns.servfail",
    Mechanism.DNS_FORMERR: "dns.formerr",
    Mechanism.IP_THROTTLE: "ip.throttle",
    Mechanism.TLS_ALERT_SNI: "tls.alert.sni",
    Mechanism.TLS_FREEZE_SNI: "tls.freeze.sni",
    Mechanism.HTTP_FREEZE_HOST: "http.freeze.host",
    Mechanism.QUIC_TIMEOUT_IP: "ip.prefix_null_route",
}

#: Further nodes that mean the same: by how an answer came about rather than by what it said, and the like.
_ALSO: dict[Mechanism, tuple[str, ...]] = {
    Mechanism.DNS_INJECTION_NXDOMAIN: ("dns.injection.other",),
    Mechanism.HTTP_REDIRECT_BLOCKPAGE: ("http.blockpage",),
    Mechanism.HTTP_451: ("http.blockpage",),
}


def to_ooni(mechanism: Mechanism) -> str:
    """The node of OONI's taxonomy for one of our mechanisms."""
    return TO_OONI[mechanism]


def matches(ours: Mechanism, theirs: str) -> bool:
    """Whether both name the same thing as far as each goes: one equals, or is an ancestor of, the other."""
    nodes = (_WITHOUT_NODE.get(ours, to_ooni(ours)), *_ALSO.get(ours, ()))
    return any(_covers(node, theirs) or _covers(theirs, node) for node in nodes)


def _covers(parent: str, child: str) -> bool:
    return child == parent or child.startswith(parent + ".")
