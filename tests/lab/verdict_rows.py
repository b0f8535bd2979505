"""What is true of a target while certain rules are on: the table that `blockprobe check` must agree with."""

from dataclasses import dataclass

from . import plan
from .dns_servers import ABSENT, LAME
from .real import rule
from .rules import Rule

SHARED_KINDS = frozenset({"dns-intercept", "dns-intercept-name", "portal", "http-proxy", "loss", "dot-block"})
"""Rules that more than one site feels: their rows are never measured beside others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`states` are those that are right (more than one only where the truth cannot be told from the probe).

    `mechanism` (or a path below it) must be the verdict's, with `also` if given and no other; `found` is among its
    interference. None means that the verdict may name no mechanism, or that anything may stand there (`found`, `grade`,
    `reason`, `refusal`).
    `slow` rows are left to the acceptance. `scenario` is the case of OONI's QA suite that this rebuilds.
    """

    target: str
    states: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    mechanism: str | None = None
    also: str | None = None
    grade: str | None = None
    found: str | None = None
    reason: str | None = None
    refusal: str | None = None
    scenario: str | None = None
    slow: bool = False

    @property
    def alone(self) -> bool:
        return any(each.kind in SHARED_KINDS or each.site is None for each in self.rules)

    @property
    def name(self) -> str:
        rules = "+".join(each.kind for each in self.rules) or "no-rule"
        return f"{rules} {self.target}"


def blocked(target: str, mechanism: str, *rules: Rule, **more: str | None) -> Row:
    return Row(target=target, states=("blocked",), mechanism=mechanism, rules=rules, **more)


def opens(target: str, *rules: Rule, **more: str | None) -> Row:
    return Row(target=target, states=("accessible",), rules=rules, **more)


def down(target: str, **more: str | None) -> Row:
    return Row(target=target, states=("down",), rules=(), **more)


def refused(target: str, **more: str | None) -> Row:
    return Row(target=target, states=("refused",), rules=(), **more)


def nobodys(target: str, *rules: Rule) -> Row:
    """Something is broken on the way, and from afar it cannot be told what: anything but a block."""
    return Row(target=target, states=("accessible", "down", "inconclusive"), rules=rules)


def unclear(target: str, *rules: Rule, **more: str | None) -> Row:
    return Row(target=target, states=("inconclusive",), rules=rules, **more)


ART, CF = "artefact", "counterfactual"
PROXY = "100.121.7.10"  # the world's servers answer for every site at every address: a pass-through

HEALTHY = [
    opens("https://s1.example/", scenario="successWithHTTPS"),
    opens("http://www.s1.example/", scenario="successWithHTTP"),
    opens("s2.example"),
    opens("v4only.example"),
    opens("https://multi.example/"),
    opens("https://www.s3.example/", rule("sni-rst", "s4.example"), rule("ip-drop", "s5.example")),
    opens("http://bücher.example/", scenario="idnaWithoutCensorshipLowercase"),
    opens("https://region.example/"),
    opens("http://secure.example/"),
    opens("https://short.example/https/s3.example"),
    opens("https://large.example/", scenario="largeFileWithHTTPS"),
    # A CDN: the ISP's resolver knows another address, in another network, and it is genuine.
    opens("https://s6.example/", rule("dns-garden", "s6.example", address=PROXY, ede=None)),
]
NOT_BLOCKED = [
    down(f"http://{ABSENT}/", scenario="websiteDownNXDOMAIN"),
    down(f"https://{LAME}/"),
    down("http://loopback.example/", scenario="localhostWithHTTP"),
    down("https://silent.example/"),
    # A neighbour of this one answers, so that its silence looks like a hole in the path: and so it is, for everybody.
    down("https://silent3.example/"),
    nobodys("https://s41.example/", rule("mtu", "s41.example", bytes=1280)),
    nobodys("s42.example", rule("mtu", "s42.example", bytes=1000, ways="from")),
    nobodys("s43.example", rule("mtu", "s43.example", bytes=600, ways="to")),
    nobodys("http://s44.example/", rule("mtu", "s44.example", bytes=1000)),
    down("https://untrusted.example/", scenario="badSSLWithUnknownAuthorityWithConsistentDNS"),
    down("https://wrongname.example/", scenario="badSSLWithWrongServerName"),
    down("https://expired.example/"),
    down("http://s1.example:444/", scenario="websiteDownTCPConnect"),
    down("http://loop.example/redirect/15", scenario="redirectWithMoreThanTenRedirectsAndHTTP"),
    refused("http://captcha.example/", refusal="bot_wall", scenario="cloudflareCAPTCHAWithHTTP"),
    refused("https://captcha.example/", refusal="bot_wall"),
    refused("https://forbidden.example/"),
    refused("https://legal-probe.example/", refusal="legal_451"),
    refused("https://legal-all.example/", refusal="legal_451"),
    unclear("https://s7.example/", rule("origin-drop", "s7.example"), reason="server_or_network"),
    unclear("http://s8.example/", rule("portal"), reason="captive_portal"),
    unclear("http://broken.example/", scenario="redirectWithBrokenLocationForHTTP"),
    Row(
        target="https://broken.example/",
        states=("inconclusive", "refused"),
        scenario="redirectWithBrokenLocationForHTTPS",
    ),
    opens(
        "https://s9.example/",
        rule("ip-rst", None, address=plan.HELPER),
        scenario="controlFailureWithSuccessfulHTTPSWebsite",
    ),
]
DNS = [
    blocked("https://s10.example/", "dns.nxdomain", rule("dns-nxdomain", "s10.example"), grade=ART),
    blocked(
        "https://www.s11.example/",
        "dns.nxdomain",
        rule("dns-nxdomain", "s11.example", ede=None),
        grade=CF,
        scenario="dnsBlockingNXDOMAIN",
    ),
    blocked("https://s12.example/", "dns.nodata", rule("dns-nodata", "s12.example", ede=None), grade=CF),
    blocked("https://s13.example/", "dns.refused", rule("dns-refused", "s13.example"), grade=ART),
    blocked("https://s14.example/", "dns.servfail", rule("dns-servfail", "s14.example", ede=None), grade=CF),
    blocked("https://s15.example/", "dns.timeout", rule("dns-drop", "s15.example"), grade=CF),
    blocked("s16.example", "dns.blockpage", rule("dns-garden", "s16.example")),
    blocked("https://s17.example/", "dns.bogon", rule("dns-loopback", "s17.example", ede=None), grade=ART),
    blocked("https://s18.example/", "dns.injection.blockpage", rule("dns-inject", "s18.example")),
    blocked(
        "https://www.s19.example/",
        "dns.injection",
        rule("dns-inject", "s19.example", address=plan.MITM_FORGED),
        scenario="badSSLWithUnknownAuthorityWithInconsistentDNS",
    ),
    blocked(
        "http://www.s20.example/",
        "dns.injection.bogon",
        rule("dns-inject", "s20.example", address="127.0.0.1"),
        scenario="dnsHijackingToLocalhostWithHTTP",
    ),
    blocked(
        "https://www.s20.example/",
        "dns.injection.bogon",
        rule("dns-inject", "s20.example", address="127.0.0.1"),
        scenario="dnsHijackingToLocalhostWithHTTPS",
    ),
    blocked(
        "https://gone.example/",
        "dns.injection.blockpage",
        rule("dns-inject", "gone.example", address=plan.LEGAL_PAGE),
        scenario="ghostDNSBlockingWithHTTPS",
    ),
    opens(
        "https://www.s21.example/",
        rule("dns-inject", "s21.example", address=PROXY),
        found="dns.injection",
        scenario="dnsHijackingToProxyWithHTTPSURL",
    ),
    blocked(
        "https://short.example/https/s22.example",
        "dns.injection.nxdomain",
        rule("dns-inject", "s22.example", rcode="NXDOMAIN"),
        scenario="redirectWithConsistentDNSAndThenNXDOMAIN",
    ),
    opens("https://s23.example/", rule("dns-intercept"), found="dns.intercepted"),
    blocked("https://s23.example/", "dns.nxdomain", rule("dns-intercept"), rule("dns-nxdomain", "s23.example")),
    # From the probe, questions about one name that are answered in place are injection, however they are caught.
    blocked(
        "https://s23.example/",
        "dns.injection.nxdomain",
        rule("dns-intercept-name", "s23.example"),
        rule("dns-nxdomain", "s23.example"),
    ),
]
ADDRESS = [
    opens("https://s24.example/", rule("ip-drop", "s24.example", family=4), found="ip.timeout"),
    opens("https://many.example/", rule("ip-drop", "many.example", address="203.0.113.54"), found="ip.timeout"),
    blocked("https://s25.example/", "ip.timeout", rule("ip-drop", "s25.example"), grade=CF),
    blocked(
        "https://s26.example/",
        "ip.timeout",
        rule("ip-drop", "s26.example", port=443),
        grade=CF,
        scenario="tcpBlockingConnectTimeout",
    ),
    blocked("https://s27.example/", "ip.refused", rule("ip-rst", "s27.example"), grade=CF),
    blocked("https://s28.example/", "ip.unreachable", rule("ip-icmp", "s28.example"), grade=ART),
    blocked(
        "https://short.example/https/s27.example",
        "ip.refused",
        rule("ip-rst", "s27.example"),
        scenario="redirectWithConsistentDNSAndThenConnectionRefusedForHTTPS",
    ),
]
TLS = [
    blocked(
        "https://s29.example/",
        "tls.reset.sni",
        rule("sni-rst", "s29.example"),
        grade=CF,
        scenario="tlsBlockingConnectionResetWithConsistentDNS",
    ),
    blocked("s29.example", "tls.reset.sni", rule("sni-rst", "s29.example"), grade=CF),
    blocked("https://s30.example/", "tls.timeout.sni", rule("sni-drop", "s30.example"), grade=CF),
    blocked("https://s31.example/", "tls.reset.sni", rule("sni-tap", "s31.example"), grade=CF),
    Row(
        target="https://s32.example/",
        states=("blocked",),
        mechanism="tls.reset.sni",
        grade=CF,
        rules=(rule("sni-rst", "s32.example", residual=True),),
        slow=True,  # each trigger is followed by a minute of silence, and the built-in laboratory shows it too
    ),
    blocked("https://silent2.example/", "tls.reset.sni", rule("sni-rst", "silent2.example"), grade=CF),
    blocked("https://s33.example/", "tls.mitm", rule("tls-mitm", "s33.example", mode="forged")),
    blocked("https://s34.example/", "tls.mitm", rule("tls-mitm", "s34.example", mode="cn")),
    blocked(
        "https://short.example/https/s29.example",
        "tls.reset.sni",
        rule("sni-rst", "s29.example"),
        scenario="redirectWithConsistentDNSAndThenConnectionResetForHTTPS",
    ),
    blocked(
        "https://short.example/https/s30.example",
        "tls.timeout.sni",
        rule("sni-drop", "s30.example"),
        scenario="redirectWithConsistentDNSAndThenTimeoutForHTTPS",
    ),
]
HTTP = [
    blocked(
        "http://s35.example/",
        "http.reset.host",
        rule("http-rst", "s35.example"),
        grade=CF,
        scenario="httpBlockingConnectionReset",
    ),
    blocked("http://s36.example/", "http.timeout.host", rule("http-drop", "s36.example"), grade=CF),
    blocked(
        "http://s37.example/",
        "http.blockpage",
        rule("http-tap", "s37.example", how="page"),
        scenario="httpDiffWithConsistentDNS",
    ),
    blocked("http://s38.example/", "http.redirect.blockpage", rule("http-tap", "s38.example", how="redirect")),
    blocked("http://s39.example/", "http.451", rule("http-page", "s39.example", mode="page451"), grade=ART),
    blocked("http://s40.example/", "http.blockpage", rule("http-proxy", "s40.example")),
    blocked("http://s40.example/", "http.451", rule("http-proxy", "s40.example", mode="page451"), grade=ART),
    blocked(
        "http://s40.example/", "http.redirect.blockpage", rule("http-proxy", "s40.example", mode="redir302"), grade=ART
    ),
    opens("http://s40.example/", rule("http-proxy")),
    blocked(
        "https://short.example/http/s35.example",
        "http.reset.host",
        rule("http-rst", "s35.example"),
        scenario="redirectWithConsistentDNSAndThenConnectionResetForHTTP",
    ),
    blocked(
        "https://short.example/http/shared-a.example",
        "http.eof.host",
        rule("http-tap", "shared-a.example", how="fin"),
        rule("sni-tap", "shared-a.example", how="fin"),
        also="tls.eof.sni",
        scenario="redirectWithConsistentDNSAndThenEOFForHTTP",
    ),
    Row(
        target="http://slow.example/",
        states=("blocked", "inconclusive"),
        mechanism="http.throttle.host",
        rules=(rule("throttle", "slow.example", kbytes=8),),
        scenario="throttlingWithHTTP",
    ),
]
ROWS = [*HEALTHY, *NOT_BLOCKED, *DNS, *ADDRESS, *TLS, *HTTP]
