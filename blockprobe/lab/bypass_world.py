"""Censors × techniques: one world in which each target has a censor of its own, and what is true of every cell.

All targets can be measured side by side, because every rule names its target. What is not said of a cell is that the
technique cannot be tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab import pages
from blockprobe.lab.censor import (
    Action,
    DnsInject,
    Drop,
    Host,
    Loss,
    Match,
    QuicSni,
    Residual,
    Rule,
    Sni,
    dns_intercept,
)
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.proxies import Proxy
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Page, Reply, Site, place, site
from blockprobe.lab.zones import Name
from blockprobe.model.bypass import Outcome, TechniqueId
from blockprobe.model.words import State
from blockprobe.net.quic_wire import available

T = TechniqueId
RESOLVERS: Final = (T.RESOLVER_UDP, T.RESOLVER_TCP, T.RESOLVER_DOT, T.RESOLVER_DOH)
SPLITS: Final = (T.SPLIT_SEGMENTS, T.SPLIT_RECORDS)
#: Where the extra is not installed, HTTP/3 cannot be tried.
HTTP3: Final = (T.HTTP3,) if available() else ()
#: What leads around any censor of this world: another machine opens the site.
AROUND: Final = (T.WEB_PROXY, T.HTTP_PROXY, T.SOCKS5, T.TOR, T.VPN)
#: What can be tried against any https:// target with both families, its www twin and a page in cleartext.
USUAL: Final = (T.HTTP, T.WWW, T.OTHER_FAMILY, *RESOLVERS, *SPLITS)
#: The same of an http:// target that has no www.
CLEARTEXT: Final = (T.HTTPS, T.OTHER_FAMILY, *RESOLVERS, T.HOST_SPELLING)

PROXIES: Final = (
    Proxy(kind="http", port=3128),
    Proxy(kind="socks5", port=1080),
    Proxy(kind="socks5", port=9050),
    Proxy(kind="web", port=8444, name="webproxy.example"),
)
SETTINGS: Final = f"""
[[resolvers.public]]
url = "tls://{at.PUBLIC_RESOLVER_NAME}"
address = "{at.PUBLIC_RESOLVER}"

[bypass]
web_proxies = ["https://webproxy.example:8444/?u={{url}}"]
http_proxies = ["http://{at.ELSEWHERE}:3128"]
socks_proxies = ["socks5://{at.ELSEWHERE}:1080"]
tor = "socks5://[{at.ELSEWHERE_V6}]:9050"
interface = "wg0"
mirrors = ["nx.example=copy.example", "sni.example=notice-of-copy.example"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One row: a target, its censor in words, and the cells. `force`: it is tried though the plain path is open.
    `around`: what works against every censor here, at an effort of 2 at least."""

    target: str
    censor: str
    works: tuple[TechniqueId, ...] = ()
    fails: tuple[TechniqueId, ...] = ()
    inconclusive: tuple[TechniqueId, ...] = ()
    lowest_effort: int | None = 2
    around: tuple[TechniqueId, ...] = AROUND
    before: State = State.BLOCKED
    force: bool = False

    def cells(self) -> Mapping[TechniqueId, Outcome]:
        """The outcome of every technique."""
        found = dict.fromkeys(TechniqueId, Outcome.NOT_AVAILABLE)
        for outcome, techniques in (
            (Outcome.WORKS, (*self.works, *self.around)),
            (Outcome.FAILS, self.fails),
            (Outcome.INCONCLUSIVE, self.inconclusive),
        ):
            found |= dict.fromkeys(techniques, outcome)
        return found


def _two(name: str, number: int, **options: object) -> Site:
    """A site with its www twin, the same page under both names."""
    page = Reply(then=Page(title=name, seed=name))
    return site(name, number, page, names=(name, f"www.{name}"), **options)


def _rest(*works: TechniqueId, of: tuple[TechniqueId, ...] = USUAL) -> tuple[TechniqueId, ...]:
    return tuple(technique for technique in of if technique not in works)


_A4, _A6 = place(40)
_B4, _ = place(41)
_C4, _ = place(42)
_D4, _ = place(43)

TRUTHS: Final = (
    Truth(target="https://nx.example/", censor="the ISP's resolver says NXDOMAIN",
          works=(*RESOLVERS, T.MIRROR), fails=_rest(*RESOLVERS), lowest_effort=1),
    Truth(target="page.example", censor="the ISP's resolver gives the address of a block page",
          works=RESOLVERS, fails=_rest(*RESOLVERS), lowest_effort=1),
    Truth(target="https://inject.example/", censor="forged answers to every UDP question about the name, on the path",
          works=RESOLVERS[1:], fails=_rest(*RESOLVERS[1:]), lowest_effort=1),
    Truth(target="https://port53.example/", censor="every UDP question about the name is taken to the ISP's resolver",
          works=RESOLVERS[1:], fails=_rest(*RESOLVERS[1:]), lowest_effort=1),
    Truth(target="https://all-lie.example/", censor="the ISP's and the public resolver say NXDOMAIN, however asked",
          fails=USUAL),
    Truth(target="https://sni-naive.example/", censor="resets on the SNI, reading each segment alone",
          works=(T.HTTP, T.SPLIT_SEGMENTS), fails=_rest(T.HTTP, T.SPLIT_SEGMENTS)),
    Truth(target="https://sni-packet.example/", censor="resets on the SNI, reading each segment and record alone",
          works=(T.HTTP, *SPLITS), fails=_rest(T.HTTP, *SPLITS)),
    Truth(target="https://sni-stream.example/", censor="resets on the SNI, joining segments and not records",
          works=(T.HTTP, T.SPLIT_RECORDS), fails=_rest(T.HTTP, T.SPLIT_RECORDS)),
    Truth(target="https://sni.example/", censor="resets on the SNI, joining segments and records",
          works=(T.HTTP,), fails=_rest(T.HTTP), inconclusive=(T.MIRROR,)),
    Truth(target="https://sni-drop.example/", censor="drops what carries the SNI",
          works=(T.HTTP,), fails=_rest(T.HTTP)),
    Truth(target="https://sni-exact.example/", censor="resets on the SNI of the exact name, so not with www.",
          works=(T.HTTP, T.WWW), fails=_rest(T.HTTP, T.WWW), lowest_effort=0),
    Truth(target="https://sni-inject.example/", censor="injects three resets on the SNI and lets the original pass",
          works=(T.HTTP,), fails=_rest(T.HTTP)),
    Truth(target="https://h3.example/", censor="resets on the SNI over TCP, and knows no QUIC",
          works=(T.HTTP, *HTTP3), fails=_rest(T.HTTP), lowest_effort=0 if HTTP3 else 2),
    Truth(target="https://h3-sni.example/", censor="resets on the SNI over TCP, and drops it in QUIC",
          works=(T.HTTP,), fails=(*_rest(T.HTTP), *HTTP3)),
    Truth(target="https://both-layers.example/", censor="NXDOMAIN from the ISP's resolver, and resets on SNI and Host",
          fails=USUAL),
    Truth(target="http://host.example/", censor="resets on the Host line, however it is spelled",
          works=(T.HTTPS,), fails=_rest(T.HTTPS, of=CLEARTEXT), lowest_effort=0),
    Truth(target="http://host-literal.example/", censor="resets on the Host line as browsers write it, and on the SNI",
          works=(T.HOST_SPELLING,), fails=_rest(T.HOST_SPELLING, of=CLEARTEXT)),
    Truth(target="http://notice.example/", censor="a block page in place of every cleartext page",
          works=(T.HTTPS,), fails=_rest(T.HTTPS, of=CLEARTEXT), lowest_effort=0),
    Truth(target="https://v4-only.example/", censor="drops the site's IPv4 address, and not its IPv6 address",
          works=USUAL, lowest_effort=0, before=State.ACCESSIBLE, force=True),
    Truth(target="https://hole.example/", censor="drops the site's IPv4 and IPv6 address", fails=USUAL),
    Truth(target="https://two.example/", censor="drops the address that DNS gives here, and not the site's other one",
          works=(T.OTHER_ADDRESS,), fails=(T.HTTP, *RESOLVERS, *SPLITS), lowest_effort=0),
    Truth(target="https://two-sni.example/", censor="the same, and resets on the SNI everywhere",
          fails=(T.OTHER_ADDRESS, T.HTTP, *RESOLVERS, *SPLITS)),
    Truth(target="https://open.example/", censor="nothing: there is nothing to get around",
          around=(), lowest_effort=None, before=State.ACCESSIBLE),
)  # fmt: skip

_UDP_LIARS: Final = (at.RESOLVERS[0],)
_EVERYBODY: Final = (*at.RESOLVERS, at.RESOLVER_V6, at.PUBLIC_RESOLVER, at.PUBLIC_RESOLVER_V6)

WORLD: Final = Scenario(
    name="bypass",
    story="a site for each censor, healthy in itself",
    censor="each site has its own",
    sites=(
        _two("nx.example", 10),
        _two("page.example", 11),
        _two("inject.example", 12),
        _two("port53.example", 13),
        _two("all-lie.example", 14),
        _two("sni-naive.example", 15),
        _two("sni.example", 16),
        _two("sni-drop.example", 17),
        _two("sni-exact.example", 18),
        _two("sni-inject.example", 19),
        _two("both-layers.example", 20),
        site("host.example", 21),
        site("host-literal.example", 22),
        site("notice.example", 23),
        _two("v4-only.example", 24),
        _two("hole.example", 25),
        Site(names=("two.example",), v4=(_A4, _B4), in_dns=False),
        Site(names=("two-sni.example",), v4=(_C4, _D4), in_dns=False),
        _two("open.example", 26),
        _two("sni-packet.example", 27),
        _two("sni-stream.example", 28),
        _two("h3.example", 31, quic=True),
        _two("h3-sni.example", 32, quic=True),
        site("copy.example", 29, Reply(then=Page(title="nx.example", seed="nx.example"))),
        site("notice-of-copy.example", 30, Reply(then=Page(html=pages.notice().decode()))),
    ),
    names=(
        Name(name="webproxy.example", addresses=(at.ELSEWHERE, at.ELSEWHERE_V6)),
        Name(name="two.example", addresses=(_A4,), view="isp"),
        Name(name="two.example", addresses=(_A4, _B4), view="outside"),
        Name(name="two-sni.example", addresses=(_C4,), view="isp"),
        Name(name="two-sni.example", addresses=(_C4, _D4), view="outside"),
    ),
    lies=(
        Lie(names=("nx.example", "port53.example"), say=Say.NXDOMAIN),
        Lie(names=("page.example",), say=Say.ADDRESSES, answers=(at.BLOCK_PAGE, at.BLOCK_PAGE_V6)),
        Lie(names=("all-lie.example",), say=Say.NXDOMAIN, resolvers=_EVERYBODY),
        Lie(names=("both-layers.example",), say=Say.NXDOMAIN),
    ),
    rules=(
        DnsInject(names=("inject.example",), answers=(at.BLOCK_PAGE, at.BLOCK_PAGE_V6), at="access", copies=3),
        dns_intercept(at.RESOLVERS[0], at.RESOLVER_V6, names=("port53.example",)),
        Sni(names=("sni-naive.example",), reassemble=False),
        Sni(names=("sni-packet.example",), reassemble=False, reassemble_records=False),
        Sni(names=("sni-stream.example",), reassemble_records=False),
        Sni(names=("h3.example", "h3-sni.example")),
        *((QuicSni(names=("h3-sni.example",)),) if HTTP3 else ()),
        Sni(names=("sni.example", "both-layers.example", "two-sni.example", "host-literal.example")),
        Sni(names=("sni-drop.example",), action=Action.DROP),
        Sni(names=("sni-exact.example",), subdomains=False),
        Sni(names=("sni-inject.example",), in_path=False, copies=3),
        Host(names=("host.example", "both-layers.example", "two-sni.example")),
        Host(names=("host-literal.example",), literal=True),
        Host(names=("notice.example",), action=Action.RESPOND, response=pages.response(200, pages.notice())),
        Drop(match=Match(addresses=(place(24)[0],))),
        Drop(match=Match(addresses=place(25))),
        Drop(match=Match(addresses=(_A4, _C4))),
    ),
    proxies=PROXIES,
    tunnel=True,
    settings=SETTINGS,
)  # fmt: skip


def with_loss(scenario: Scenario, rate: float, *, seed: int = 20) -> Scenario:
    """The same world on a line that loses that share of the packets each way."""
    lossy: Rule = Loss(rate=rate, at="access", seed=seed)
    return replace(scenario, rules=(*scenario.rules, lossy))


DOH_SHUT: Final = replace(
    WORLD,
    name="bypass-doh-shut",
    censor="NXDOMAIN from the ISP's resolver, and the DNS-over-HTTPS server cannot be reached",
    rules=(Drop(match=Match(addresses=(at.PUBLIC_RESOLVER,), ports=(443,))),),
)
"""A world of its own, because everybody would miss the resolver."""
DOH_SHUT_TRUTHS: Final = (
    Truth(target="https://nx.example/", censor="NXDOMAIN, and the DNS-over-HTTPS server cannot be reached",
          works=(*RESOLVERS[:3], T.MIRROR), fails=(T.HTTP, T.WWW, T.OTHER_FAMILY, *SPLITS),
          inconclusive=(T.RESOLVER_DOH,),
          lowest_effort=1),
)  # fmt: skip

EVERY_NAME: Final = replace(
    WORLD,
    name="bypass-every-name",
    censor="NXDOMAIN from the ISP's resolver; the public one gives one address, whatever it is asked for",
    lies=(
        *WORLD.lies,
        Lie(
            names=("example",),
            say=Say.ADDRESSES,
            answers=(at.BLOCK_PAGE, at.BLOCK_PAGE_V6),
            resolvers=(at.PUBLIC_RESOLVER, at.PUBLIC_RESOLVER_V6),
        ),
    ),
    rules=(),
)
EVERY_NAME_TRUTHS: Final = (
    Truth(target="https://nx.example/", censor="NXDOMAIN, and a resolver that answers everything",
          works=(T.MIRROR,), fails=(T.HTTP, T.WWW, T.OTHER_FAMILY, *SPLITS), inconclusive=RESOLVERS),
)  # fmt: skip

PUNISHED: Final = replace(
    WORLD,
    name="bypass-residual",
    censor="after the listed name, drops everything from this source to that address and port for 3 s",
    rules=(Sni(names=("sni.example",), action=Action.DROP, residual=Residual(seconds=3)),),
)
PUNISHED_TRUTHS: Final = (
    Truth(target="https://sni.example/", censor="drops on the SNI, and punishes the address for a while",
          works=(T.HTTP,), fails=_rest(T.HTTP), inconclusive=(T.MIRROR,)),
)  # fmt: skip
