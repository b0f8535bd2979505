"""The public words of a verdict. Every value is archived, and explained in docs/verdicts.md."""

from enum import StrEnum


class State(StrEnum):
    """What the measurement means for a user of this line."""

    ACCESSIBLE = "accessible"
    BLOCKED = "blocked"
    DOWN = "down"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"


class LineState(StrEnum):
    """What the network does."""

    OPEN = "open"
    INTERFERED = "interfered"
    UNKNOWN = "unknown"


class SiteState(StrEnum):
    """What the site does, for anyone."""

    ALIVE = "alive"
    REFUSES = "refuses"
    DOWN = "down"
    PARKED = "parked"
    UNKNOWN = "unknown"


class Grade(StrEnum):
    """Which kind of proof a block has."""

    ARTEFACT = "artefact"
    COUNTERFACTUAL = "counterfactual"


class Reason(StrEnum):
    """Why we do not know."""

    NO_CONTROL = "no_control"
    DIFFERENCE_ONLY = "difference_only"
    SERVER_OR_NETWORK = "server_or_network"
    UNPROVEN_CONTENT = "unproven_content"
    UNEXPECTED_REDIRECT = "unexpected_redirect"
    CAPTIVE_PORTAL = "captive_portal"
    FLAPPING = "flapping"
    LOSSY_LINE = "lossy_line"
    TOO_FEW_ATTEMPTS = "too_few_attempts"
    HELPER_INTERFERED = "helper_interfered"
    CLOCK_WRONG = "clock_wrong"
    FAMILIES_UNUSABLE = "families_unusable"


class Refusal(StrEnum):
    """How a site turns this client away."""

    GEO = "geo"
    BOT_WALL = "bot_wall"
    LEGAL_451 = "legal_451"


class Scope(StrEnum):
    """What a block follows."""

    NAME = "name"
    ADDRESS = "address"
    ADDRESS_AND_NAME = "address_and_name"


class Layer(StrEnum):
    """Where a block sits."""

    DNS = "dns"
    IP = "ip"
    TLS = "tls"
    HTTP = "http"
    QUIC = "quic"


class AttributionBy(StrEnum):
    """Who interferes."""

    ISP = "isp"
    CPE = "cpe"
    RESOLVER_OPERATOR = "resolver_operator"
    CDN = "cdn"
    LOCAL = "local"
    UPSTREAM = "upstream"
    UNKNOWN = "unknown"


class AttributionCause(StrEnum):
    """At whose wish."""

    COURT = "court"
    REGULATOR = "regulator"
    PARENTAL = "parental"
    MALWARE = "malware"
    GAMBLING = "gambling"
    SANCTIONS = "sanctions"
    UNKNOWN = "unknown"


class AttributionBasis(StrEnum):
    """What the attribution rests on."""

    NOTICE = "notice"
    EDE_TEXT = "ede_text"
    FINGERPRINT = "fingerprint"
    NONE = "none"


class Mechanism(StrEnum):
    """How a block works: dot paths, the most specific that the evidence supports."""

    DNS_NXDOMAIN = "dns.nxdomain"
    DNS_NODATA = "dns.nodata"
    DNS_REFUSED = "dns.refused"
    DNS_SERVFAIL = "dns.servfail"
    DNS_FORMERR = "dns.formerr"
    DNS_TIMEOUT = "dns.timeout"
    DNS_BOGON = "dns.bogon"
    DNS_BLOCKPAGE = "dns.blockpage"
    DNS_INJECTION = "dns.injection"
    DNS_INJECTION_BOGON = "dns.injection.bogon"
    DNS_INJECTION_BLOCKPAGE = "dns.injection.blockpage"
    DNS_INJECTION_NXDOMAIN = "dns.injection.nxdomain"
    DNS_INTERCEPTED = "dns.intercepted"
    IP_TIMEOUT = "ip.timeout"
    IP_REFUSED = "ip.refused"
    IP_RESET = "ip.reset"
    IP_UNREACHABLE = "ip.unreachable"
    IP_THROTTLE = "ip.throttle"
    TLS_RESET_SNI = "tls.reset.sni"
    TLS_TIMEOUT_SNI = "tls.timeout.sni"
    TLS_EOF_SNI = "tls.eof.sni"
    TLS_ALERT_SNI = "tls.alert.sni"
    TLS_RESET_CERT = "tls.reset.cert"
    TLS_MITM = "tls.mitm"
    TLS_THROTTLE_SNI = "tls.throttle.sni"
    TLS_FREEZE_SNI = "tls.freeze.sni"
    HTTP_RESET_HOST = "http.reset.host"
    HTTP_TIMEOUT_HOST = "http.timeout.host"
    HTTP_EOF_HOST = "http.eof.host"
    HTTP_BLOCKPAGE = "http.blockpage"
    HTTP_REDIRECT_BLOCKPAGE = "http.redirect.blockpage"
    HTTP_451 = "http.451"
    HTTP_THROTTLE_HOST = "http.throttle.host"
    HTTP_FREEZE_HOST = "http.freeze.host"
    QUIC_TIMEOUT_SNI = "quic.timeout.sni"
    QUIC_TIMEOUT_IP = "quic.timeout.ip"

    @property
    def layer(self) -> Layer:
        """The first step of the path."""
        return Layer(self.value.partition(".")[0])
