"""The 32 cases of a peer's public test suite (OONI Web Connectivity), rebuilt on our ISP: names are kept, addresses are
moved into the laboratory's ranges, the star of hosts around one router becomes two routers and a transit."""

from dataclasses import replace
from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Action, Delay, DnsInject, Drop, Host, Loss, Match, Rst, Rule, Sni
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Cert, Door, Page, Redirect, Site, says
from blockprobe.lab.zones import Name
from blockprobe.model.words import Mechanism, State

_EXAMPLE: Final = "198.18.216.34"
_BLOCK_HOST: Final = "198.19.65.41"
_BAD_TLS: Final = "198.19.89.105"
_LISTED: Final = ("www.example.com",)
_PAGE: Final = Page(title="Default Web Page", seed="default web page", size=1533)
_DENIED: Final = (
    "<!doctype html><html><head><title>Access Denied</title></head><body><h1>Access Denied</h1>"
    "<p>This request was blocked by order of the authorities.</p></body></html>"
)
_BLOCK_RESPONSE: Final = b"HTTP/1.0 200 OK\r\n\r\n" + _DENIED.encode()
_BROKEN: Final = (
    says(Redirect(location="http://"), path="/broken-redirect-http", client="probe"),
    says(Redirect(location="http://www.example.com/"), path="/broken-redirect-http"),
    says(Redirect(location="https://"), path="/broken-redirect-https", client="probe"),
    says(Redirect(location="https://www.example.com/"), path="/broken-redirect-https"),
    says(Redirect(countdown=True), path="/redirect/*"),
)


def _at(address: str, *names: str, **options: object) -> Site:
    return Site(**({"names": names, "v4": (address,)} | options))  # type: ignore[arg-type]  # keys of Site


_WORLD: Final = (
    _at(_EXAMPLE, "www.example.com", "www.example.org", replies=(says(_PAGE),)),
    _at(_EXAMPLE, "example.com", replies=(says(Redirect(location="https://www.example.com/", status=308)),)),
    _at(_EXAMPLE, "example.org", replies=(says(Redirect(location="https://www.example.org/", status=308)),)),
    _at(_BLOCK_HOST, replies=(says(Page(html=_DENIED)),), any_host=True, https=Door.CLOSED),
    _at(
        "198.19.248.11",
        "bit.ly",
        "bitly.com",
        http=Door.CLOSED,
        replies=(
            says(Redirect(location="https://www.example.com/", status=308), path="/21645"),
            says(Redirect(location="http://www.example.com/", status=308), path="/32447"),
        ),
    ),
    _at(_BAD_TLS, "untrusted-root.badssl.com", https=Door.TLS_ONLY, http=Door.CLOSED, cert=Cert.UNTRUSTED),
    _at(_BAD_TLS, "wrong.host.badssl.com", https=Door.TLS_ONLY, http=Door.CLOSED, cert=Cert.WRONG_NAME),
    _at(_BAD_TLS, "expired.badssl.com", https=Door.TLS_ONLY, http=Door.CLOSED, cert=Cert.EXPIRED),
    _at(
        "100.90.255.80",
        "ya.ru",
        replies=(says(_PAGE),),
    ),
    _at("100.90.255.80", "yandex.com", replies=(says(Redirect(location="https://ya.ru/", status=308)),)),
    _at(
        "100.90.255.80",
        "xn--d1acpjx3f.xn--p1ai",
        replies=(says(Redirect(location="https://yandex.com/", status=308)),),
    ),
    _at("100.91.36.75", "largefile.com", "www.largefile.com", replies=(says(Page(seed="large", size=33_554_432)),)),
    _at(
        "100.92.132.229",
        "www.cloudflare-cache.com",
        replies=(
            says(
                Page(
                    status=503,
                    title="Just a moment...",
                    seed="captcha",
                    size=8432,
                    headers=(("Server", "cloudflare"), ("CF-RAY", "83d6d3a0bb5a0e3f-MXP")),
                ),
                client="probe",
            ),
            says(replace(_PAGE, headers=(("Server", "cloudflare"), ("CF-RAY", "83d6d3a0bb5a0e40-FRA")))),
        ),
    ),
    _at("100.93.144.64", "httpbin.com", replies=_BROKEN),
)
_HTTP: Final = Match(addresses=(_EXAMPLE,), ports=(80,))


def _case(name: str, expected: Expect, delta: str, *rules: Rule, **more: object) -> Scenario:
    settings = {"name": name, "story": delta, "targets": (expected,), "sites": _WORLD, "rules": rules} | more
    return Scenario(**settings)  # type: ignore[arg-type]  # keys of Scenario


def _is(state: State, target: str, *mechanisms: Mechanism, **more: object) -> Expect:
    settings = {"target": target, "state": state, "mechanisms": mechanisms} | more
    return Expect(**settings)  # type: ignore[arg-type]  # keys of Expect


def _named(action: Action) -> tuple[Rule, Rule]:
    """Rules on the name in cleartext at the example server and in any ClientHello; injected, the original passes."""
    return (
        Host(names=_LISTED, action=action, in_path=False, both_ends=False, subdomains=False, match=_HTTP),
        Sni(names=_LISTED, action=action, in_path=False, both_ends=False, subdomains=False),
    )


def _spoof(name: str, *answers: str) -> DnsInject:
    rcode = 0 if answers else 3
    return DnsInject(names=(name,), answers=answers, rcode=rcode, subdomains=False, ttl=3600, at="access")


_HTTPS_URL: Final = "https://www.example.com/"
_HTTP_URL: Final = "http://www.example.com/"
_NXDOMAIN_LIE: Final = (Lie(names=_LISTED, say=Say.NXDOMAIN, subdomains=False),)
_OK, _NO, _DOWN = State.ACCESSIBLE, State.BLOCKED, State.DOWN

SCENARIOS: Final = (
    _case("badSSLWithUnknownAuthorityWithConsistentDNS", _is(_DOWN, "https://untrusted-root.badssl.com/"), "bad chain"),
    _case("badSSLWithWrongServerName", _is(_DOWN, "https://wrong.host.badssl.com/"), "certificate of another name"),
    _case(
        "badSSLWithUnknownAuthorityWithInconsistentDNS",
        _is(_NO, _HTTPS_URL, Mechanism.DNS_INJECTION),
        "answers are spoofed to a server with an untrusted chain",
        _spoof("www.example.com", _BAD_TLS),
    ),
    _case(
        "cloudflareCAPTCHAWithHTTP",
        _is(State.REFUSED, "http://www.cloudflare-cache.com/"),
        "the site shows the probe's address a CAPTCHA, in cleartext",
    ),
    _case(
        "controlFailureWithSuccessfulHTTPSWebsite",
        _is(_OK, "https://www.example.org/"),
        "the helper is reset",
        Rst(match=Match(addresses=(at.HELPER, at.HELPER_V6), ports=(443,))),
    ),
    _case(
        "dnsBlockingAndroidDNSCacheNoData",
        _is(_NO, _HTTPS_URL, Mechanism.DNS_NXDOMAIN),
        "as dnsBlockingNXDOMAIN: the error's other name exists on Android alone",
        lies=_NXDOMAIN_LIE,
    ),
    _case(
        "dnsBlockingNXDOMAIN",
        _is(_NO, _HTTPS_URL, Mechanism.DNS_NXDOMAIN),
        "the ISP's resolver denies the name",
        lies=_NXDOMAIN_LIE,
    ),
    _case(
        "dnsHijackingToLocalhostWithHTTP",
        _is(_NO, _HTTP_URL, Mechanism.DNS_INJECTION_BOGON),
        "answers are spoofed to 127.0.0.1",
        _spoof("www.example.com", "127.0.0.1"),
    ),
    _case(
        "dnsHijackingToLocalhostWithHTTPS",
        _is(_NO, _HTTPS_URL, Mechanism.DNS_INJECTION_BOGON),
        "answers are spoofed to 127.0.0.1",
        _spoof("www.example.com", "127.0.0.1"),
    ),
    _case(
        "dnsHijackingToProxyWithHTTPSURL",
        _is(_OK, _HTTPS_URL, interference=(Mechanism.DNS_INJECTION,)),
        "answers are spoofed to a proxy that passes TLS through: interception, not denial",
        _spoof("www.example.com", at.PROXY),
    ),
    _case(
        "ghostDNSBlockingWithHTTPS",
        _is(_NO, "https://itsat.info/", Mechanism.DNS_INJECTION_BLOCKPAGE, maybe=(Mechanism.DNS_INJECTION,)),
        "a domain that no longer exists is spoofed to the block page's host, which refuses 443",
        _spoof("itsat.info", _BLOCK_HOST),
    ),
    _case(
        "httpBlockingConnectionReset",
        _is(_NO, _HTTP_URL, Mechanism.HTTP_RESET_HOST),
        "a cleartext request that names the site is reset",
        _named(Action.RESET)[0],
    ),
    _case(
        "httpDiffWithConsistentDNS",
        _is(_NO, _HTTP_URL, Mechanism.HTTP_BLOCKPAGE),
        "a block page is injected",
        Host(
            names=_LISTED,
            action=Action.RESPOND,
            response=_BLOCK_RESPONSE,
            in_path=False,
            both_ends=False,
            match=_HTTP,
        ),
    ),
    _case("idnaWithoutCensorshipLowercase", _is(_OK, "http://яндекс.рф/"), "two redirects from an IDN"),
    _case("largeFileWithHTTPS", _is(_OK, "https://largefile.com/"), "32 MiB of body"),
    _case(
        "localhostWithHTTP",
        _is(_DOWN, _HTTP_URL),
        "every resolver answers 127.0.0.1: the site's own mistake",
        names=(Name(name="www.example.com", addresses=("127.0.0.1",)),),
    ),
    _case(
        "redirectWithBrokenLocationForHTTP",
        _is(State.INCONCLUSIVE, "http://httpbin.com/broken-redirect-http"),
        "the probe alone gets a Location without a host",
    ),
    _case(
        "redirectWithBrokenLocationForHTTPS",
        _is(State.INCONCLUSIVE, "https://httpbin.com/broken-redirect-https"),
        "likewise, under the site's own certificate",
    ),
    _case(
        "redirectWithConsistentDNSAndThenConnectionRefusedForHTTPS",
        _is(_NO, "https://bit.ly/21645", Mechanism.IP_REFUSED),
        "the redirect's target is reset at SYN, on both ports",
        Rst(match=Match(addresses=(_EXAMPLE,), ports=(80, 443), protocol="tcp")),
    ),
    _case(
        "redirectWithConsistentDNSAndThenConnectionResetForHTTP",
        _is(_NO, "https://bit.ly/32447", Mechanism.HTTP_RESET_HOST, maybe=(Mechanism.TLS_RESET_SNI,)),
        "the redirect's target is reset by name",
        *_named(Action.RESET),
    ),
    _case(
        "redirectWithConsistentDNSAndThenConnectionResetForHTTPS",
        _is(_NO, "https://bit.ly/21645", Mechanism.TLS_RESET_SNI),
        "the redirect's target is reset by name",
        *_named(Action.RESET),
    ),
    _case(
        "redirectWithConsistentDNSAndThenNXDOMAIN",
        _is(_NO, "https://bit.ly/21645", Mechanism.DNS_INJECTION_NXDOMAIN, maybe=(Mechanism.DNS_NXDOMAIN,)),
        "the redirect's target is denied by a spoofed answer",
        _spoof("www.example.com"),
    ),
    _case(
        "redirectWithConsistentDNSAndThenEOFForHTTP",
        _is(_NO, "https://bit.ly/32447", Mechanism.HTTP_EOF_HOST, maybe=(Mechanism.TLS_EOF_SNI,)),
        "the redirect's target is closed by a forged FIN",
        *_named(Action.FIN),
    ),
    _case(
        "redirectWithConsistentDNSAndThenTimeoutForHTTPS",
        _is(_NO, "https://bit.ly/21645", Mechanism.TLS_TIMEOUT_SNI),
        "the redirect's target falls silent once named",
        *_named(Action.DROP),
    ),
    _case(
        "redirectWithMoreThanTenRedirectsAndHTTP",
        _is(_DOWN, "http://httpbin.com/redirect/15"),
        "fifteen redirects, for everybody",
    ),
    _case("successWithHTTP", _is(_OK, _HTTP_URL), "nothing"),
    _case("successWithHTTPS", _is(_OK, _HTTPS_URL), "nothing"),
    _case(
        "tcpBlockingConnectTimeout",
        _is(_NO, _HTTPS_URL, Mechanism.IP_TIMEOUT),
        "all packets of the address's port 443 are dropped",
        Drop(match=Match(addresses=(_EXAMPLE,), ports=(443,), protocol="tcp")),
    ),
    _case(
        "throttlingWithHTTP",
        _is(_NO, "http://largefile.com/", Mechanism.HTTP_THROTTLE_HOST, acceptable=(State.INCONCLUSIVE,)),
        "300 ms more and a tenth of the packets less, for one address",
        Delay(ms=300, match=Match(addresses=("100.91.36.75",), ports=(80,)), at="core"),
        Loss(rate=0.1, match=Match(addresses=("100.91.36.75",), ports=(80,)), seed=1),
    ),
    _case(
        "tlsBlockingConnectionResetWithConsistentDNS",
        _is(_NO, _HTTPS_URL, Mechanism.TLS_RESET_SNI),
        "the name is reset in TLS",
        _named(Action.RESET)[1],
    ),
    _case("websiteDownNXDOMAIN", _is(_DOWN, "http://www.example.xyz/"), "no such name, for anybody"),
    _case("websiteDownTCPConnect", _is(_DOWN, "http://www.example.com:444/"), "nothing listens there, for anybody"),
)
