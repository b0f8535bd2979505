"""The world of `blockprobe demo`: one ISP, one court order, and every way a block, or none, can look."""

from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab import pages
from blockprobe.lab.censor import Action, Dnat, DnsInject, Host, Match, Rst, Sni
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Door, Page, Site, place, says, site
from blockprobe.lab.topology import Unroute
from blockprobe.lab.zones import Name
from blockprobe.model.words import Mechanism, State

_NOTICE_URL: Final = "https://notice.isp.example/order/12"
_CDN_HERE, _CDN_THERE = place(30), place(31)


def blocked(target: str, *mechanisms: Mechanism) -> Expect:
    """The truth about a blocked target."""
    return Expect(target=target, state=State.BLOCKED, mechanisms=mechanisms)


def _only_http(name: str, number: int) -> Site:
    return site(name, number, https=Door.CLOSED)


DEMO: Final = Scenario(
    name="demo",
    story="Healthy sites, a dead one, one that refuses this country, a CDN with other addresses here",
    censor="Example Internet implements an order of the High Court, at every layer there is",
    sites=(
        site("news.example", 10),
        site("nxdomain.example", 11),
        site("refused.example", 12),
        site("garden.example", 13),
        site("bogon.example", 14),
        site("injected.example", 15),
        site("blackhole.example", 16),
        site("rst-syn.example", 17),
        site("sni-reset.example", 18),
        site("sni-silence.example", 19),
        site("forged.example", 20),
        _only_http("host-reset.example", 21),
        _only_http("blockpage.example", 22),
        _only_http("redirected.example", 23),
        _only_http("legal-451.example", 24),
        site("dead.example", 25, https=Door.SILENT, http=Door.SILENT),
        site(
            "not-for-you.example",
            26,
            says(Page(status=403, title="Not available in your country", seed="geo"), client="probe"),
            says(Page()),
        ),
        Site(
            names=("cdn.example",),
            v4=(_CDN_HERE[0], _CDN_THERE[0]),
            v6=(_CDN_HERE[1], _CDN_THERE[1]),
            strict_sni=True,
            in_dns=False,
        ),
    ),
    names=(
        Name(name="cdn.example", addresses=_CDN_HERE, view="isp"),
        Name(name="cdn.example", addresses=_CDN_THERE, view="outside"),
    ),
    lies=(
        Lie(names=("nxdomain.example",), say=Say.NXDOMAIN),
        Lie(names=("refused.example",), say=Say.REFUSED, ede=(16, f"court order: {pages.ORDER}")),
        Lie(names=("garden.example",), say=Say.ADDRESSES, answers=(at.BLOCK_PAGE, at.BLOCK_PAGE_V6)),
        Lie(names=("bogon.example",), say=Say.ADDRESSES, answers=("10.10.34.34",)),
    ),
    rules=(
        DnsInject(names=("injected.example",), answers=(at.BLOCK_PAGE, at.BLOCK_PAGE_V6), at="access"),
        Rst(match=Match(addresses=place(17), protocol="tcp"), syn_only=True),
        Sni(names=("sni-reset.example",)),
        Sni(names=("sni-silence.example",), action=Action.DROP),
        Dnat(to_v4=at.MITM, to_v6=at.MITM_V6, match=Match(addresses=place(20), ports=(443,), protocol="tcp")),
        Host(names=("host-reset.example",)),
        Host(names=("blockpage.example",), action=Action.RESPOND, response=pages.response(200, pages.notice())),
        Host(
            names=("redirected.example",),
            action=Action.RESPOND,
            response=pages.response(302, b"", ("Location", _NOTICE_URL)),
        ),
        Host(
            names=("legal-451.example",),
            action=Action.RESPOND,
            response=pages.response(451, pages.unavailable_for_legal_reasons(), pages.LINK_451),
        ),
    ),
    unroutes=tuple(Unroute(prefix=address) for address in place(16)),
    targets=(
        Expect(target="news.example", state=State.ACCESSIBLE),
        blocked("nxdomain.example", Mechanism.DNS_NXDOMAIN),
        blocked("refused.example", Mechanism.DNS_REFUSED),
        blocked("garden.example", Mechanism.DNS_BLOCKPAGE),
        blocked("bogon.example", Mechanism.DNS_BOGON),
        blocked("injected.example", Mechanism.DNS_INJECTION_BLOCKPAGE),
        blocked("blackhole.example", Mechanism.IP_TIMEOUT),
        blocked("rst-syn.example", Mechanism.IP_REFUSED),
        blocked("sni-reset.example", Mechanism.TLS_RESET_SNI),
        blocked("sni-silence.example", Mechanism.TLS_TIMEOUT_SNI),
        blocked("forged.example", Mechanism.TLS_MITM),
        blocked("http://host-reset.example/", Mechanism.HTTP_RESET_HOST),
        blocked("http://blockpage.example/", Mechanism.HTTP_BLOCKPAGE),
        blocked("http://redirected.example/", Mechanism.HTTP_REDIRECT_BLOCKPAGE),
        blocked("http://legal-451.example/", Mechanism.HTTP_451),
        Expect(target="dead.example", state=State.DOWN),
        Expect(target="not-for-you.example", state=State.REFUSED),
        Expect(target="cdn.example", state=State.ACCESSIBLE),
    ),
)
