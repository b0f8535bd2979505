"""Healthy look-alikes: nothing here is blocked, however much it looks so."""

from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Dnat, Drop, Match, Mtu, dns_intercept
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Behaviour, Cert, Door, Page, Redirect, Site, place, says, site
from blockprobe.lab.zones import Name
from blockprobe.model.words import Reason, State

_SEIZED: Final = Page(
    title="This domain has been seized",
    html="<html><head><title>This domain has been seized</title></head><body><h1>This domain name has been seized by "
    "the authorities pursuant to a court order</h1></body></html>",
)
_FENCED: Final = Page(title="This programme is for viewers at home", seed="fence", size=1500)
_PARKED: Final = Page(title="This domain is for sale", seed="parking lot", size=1500)


def _open(*targets: str) -> tuple[Expect, ...]:
    return tuple(Expect(target=target, state=State.ACCESSIBLE) for target in targets)


def _unsure(target: str, *reasons: Reason) -> tuple[Expect, ...]:
    return (Expect(target=target, state=State.INCONCLUSIVE, reasons=reasons),)


def _to_probe(name: str, behaviour: Behaviour, state: State) -> Scenario:
    """A site that answers the subscriber in its own way, under its valid certificate."""
    return Scenario(
        name=name,
        story=f"{name}: the site itself answers this client so, under a valid chain; others get the page",
        sites=(site(f"{name}.example", 10, says(behaviour, client="probe", path="/"), says(Page())),),
        targets=(Expect(target=f"https://{name}.example/", state=state),),
    )


def _portal(at_port_443: bool) -> tuple[Dnat, ...]:  # noqa: FBT001 - private, two callers
    ports = (80, 443) if at_port_443 else (80,)
    to = (at.MITM, at.MITM_V6) if at_port_443 else (at.PORTAL, at.PORTAL_V6)
    http = Dnat(to_v4=at.PORTAL, to_v6=at.PORTAL_V6, match=Match(ports=(80,), protocol="tcp"))
    tls = Dnat(to_v4=to[0], to_v6=to[1], match=Match(ports=ports[1:], protocol="tcp"))
    return (http, tls) if at_port_443 else (http,)


_GEO_HERE, _GEO_THERE = place(30), place(31)

SCENARIOS: Final = (
    Scenario(name="healthy", story="a healthy site", sites=(site("fine.example", 10),), targets=_open("fine.example")),
    Scenario(
        name="portal-http",
        story="a hotel's portal answers all cleartext until one logs in; TLS passes",
        sites=(site("fine.example", 10),),
        rules=_portal(False),
        targets=_unsure("http://fine.example/", Reason.CAPTIVE_PORTAL),
    ),
    Scenario(
        name="portal-everything",
        story="a portal that answers cleartext and forges every certificate",
        sites=(site("fine.example", 10),),
        rules=_portal(True),
        targets=_unsure("https://fine.example/", Reason.CAPTIVE_PORTAL),
    ),
    Scenario(
        name="seized",
        story="the authorities hold two domains and show the same notice for both, to everyone",
        sites=(site("seized-a.example", 10, says(_SEIZED)), site("seized-b.example", 11, says(_SEIZED))),
        targets=_open("http://seized-a.example/", "http://seized-b.example/"),
    ),
    Scenario(
        name="one-fence",
        story="two listed sites of one operator, without TLS, show visitors from here the same page, and not to others",
        sites=tuple(
            site(f"fenced-{n}.example", n, says(_FENCED, client="probe"), says(Page()), https=Door.CLOSED)
            for n in (10, 11)
        ),
        targets=tuple(
            Expect(target=f"http://fenced-{n}.example/", state=State.INCONCLUSIVE, reasons=(Reason.UNPROVEN_CONTENT,))
            for n in (10, 11)
        ),
    ),
    Scenario(
        name="parked",
        story="a parking page for everyone",
        sites=(site("parked.example", 10, says(_PARKED)),),
        targets=_open("http://parked.example/"),
    ),
    _to_probe("geo-redirect", Redirect(location="https://n1.example/uk/"), State.ACCESSIBLE),
    _to_probe("consent-redirect", Redirect(location="/consent?next=%2F"), State.ACCESSIBLE),
    _to_probe("forbidden", Page(status=403, title="Forbidden", seed="wall", size=600), State.REFUSED),
    _to_probe("legal", Page(status=451, title="Unavailable For Legal Reasons", seed="law", size=600), State.REFUSED),
    _to_probe("captcha", Page(status=503, title="Just a moment...", seed="robot", size=8000), State.REFUSED),
    Scenario(
        name="origin-drops-us",
        story="the origin's own firewall drops our /24, as it may",
        sites=(site("choosy.example", 10, dropped=("probe",)),),
        targets=_unsure("choosy.example", Reason.SERVER_OR_NETWORK),
    ),
    Scenario(
        name="origin-refuses-us",
        story="the origin's own firewall answers our /24 with RST",
        sites=(site("choosy.example", 10, refused=("probe",)),),
        targets=_unsure("choosy.example", Reason.SERVER_OR_NETWORK),
    ),
    Scenario(
        name="three-firewalls",
        story="on a line that shows no path, three of eight servers drop this country: one list meets several of those",
        neutral=tuple(f"https://n{number}.example/" for number in range(1, 4)),
        sites=(
            *(site(f"wall-{n}.example", n, dropped=("probe",)) for n in (10, 11, 12)),
            *(site(f"open-{n}.example", n) for n in range(13, 18)),
        ),
        targets=(
            *(
                Expect(
                    target=f"https://wall-{n}.example/", state=State.INCONCLUSIVE, reasons=(Reason.SERVER_OR_NETWORK,)
                )
                for n in (10, 11, 12)
            ),
            *_open(*(f"https://open-{n}.example/" for n in range(13, 18))),
        ),
    ),
    Scenario(
        name="mtu-black-hole",
        story="packets over 1,300 bytes to and from one site vanish beyond the ISP, and nobody says so",
        sites=(site("narrow.example", 10, strict_sni=True),),
        rules=(Mtu(size=1300, match=Match(addresses=place(10), sources=at.PROBE_NETS), at="origin"),),
        targets=_unsure("narrow.example", Reason.SERVER_OR_NETWORK),
    ),
    Scenario(
        name="broken-dnssec",
        story="the zone's signatures have expired: validating resolvers refuse it, everywhere",
        sites=(site("bogus.example", 10, in_dns=False),),
        names=(Name(name="bogus.example", addresses=place(10), bogus=True),),
        targets=(Expect(target="bogus.example", state=State.DOWN),),
    ),
    Scenario(
        name="stale-nxdomain",
        story="the domain was registered today and the ISP's resolver still has the old negative answer, with its SOA",
        sites=(site("new.example", 10),),
        lies=(Lie(names=("new.example",), say=Say.NXDOMAIN, soa="example"),),
        targets=(Expect(target="new.example", state=State.DOWN),),
    ),
    Scenario(
        name="dns64",
        story="a dual-stack line whose resolver synthesises AAAA for IPv4-only sites",
        dns64=True,
        sites=(Site(names=("v4only.example",), v4=(place(10)[0],)),),
        targets=_open("v4only.example"),
    ),
    Scenario(
        name="ipv6-only",
        story="an IPv6-only line with DNS64 and NAT64",
        dns64=True,
        families=(6,),
        resolvers=(at.RESOLVER_V6,),
        sites=(Site(names=("v4only.example",), v4=(place(10)[0],)), site("both.example", 11)),
        targets=_open("v4only.example", "both.example"),
    ),
    Scenario(
        name="dead-ipv6",
        story="the line announces IPv6 and carries none of it",
        sites=(site("fine.example", 10),),
        rules=(Drop(match=Match(family=6)),),
        targets=_open("fine.example"),
    ),
    Scenario(
        name="intercepting-router",
        story="the home router answers every UDP query itself, honestly",
        sites=(site("fine.example", 10),),
        rules=(dns_intercept(at.RESOLVERS[0], at.RESOLVER_V6),),
        targets=_open("fine.example"),
    ),
    Scenario(
        name="incomplete-chain",
        story="the server forgets its intermediate certificate: browsers that know it open the site, others do not",
        sites=(site("forgetful.example", 10, cert=Cert.INCOMPLETE),),
        targets=(Expect(target="https://forgetful.example/", state=State.DOWN),),
    ),
    Scenario(
        name="expired-certificate",
        story="the certificate has expired, for everybody",
        sites=(site("late.example", 10, cert=Cert.EXPIRED),),
        targets=(Expect(target="https://late.example/", state=State.DOWN),),
    ),
    Scenario(
        name="anycast-outage",
        story="the site's anycast node that serves this region is down; the helper reaches another",
        sites=(site("anycast.example", 10),),
        rules=(Drop(match=Match(addresses=place(10), sources=at.PROBE_NETS), at="origin"),),
        targets=_unsure("anycast.example", Reason.SERVER_OR_NETWORK),
    ),
    Scenario(
        name="helper-refused",
        story="the site turns data centres away, and with them the helper",
        sites=(site("homes-only.example", 10, says(Page(status=403), client="helper"), says(Page())),),
        targets=_open("https://homes-only.example/"),
    ),
    Scenario(
        name="helper-dropped",
        story="the site's firewall drops the helper; the line is open",
        sites=(site("homes-only.example", 10, dropped=("helper",)),),
        targets=_open("https://homes-only.example/"),
    ),
    Scenario(
        name="cdn-elsewhere",
        story="a CDN gives this network other addresses than the helper, in another network",
        sites=(
            Site(
                names=("cdn.example",),
                v4=(_GEO_HERE[0], _GEO_THERE[0]),
                v6=(_GEO_HERE[1], _GEO_THERE[1]),
                strict_sni=True,
                in_dns=False,
            ),
        ),
        names=(
            Name(name="cdn.example", addresses=_GEO_HERE, view="isp"),
            Name(name="cdn.example", addresses=_GEO_THERE, view="outside"),
        ),
        targets=_open("https://cdn.example/", "http://cdn.example/"),
    ),
    Scenario(
        name="bogon-for-everybody",
        story="the site's own DNS says 127.0.0.1, to everybody",
        names=(Name(name="loop.example", addresses=("127.0.0.1",)),),
        targets=(Expect(target="loop.example", state=State.DOWN),),
    ),
    Scenario(
        name="dead-zone",
        story="the name does not exist, for anybody",
        targets=(Expect(target="gone.example", state=State.DOWN),),
    ),
    Scenario(
        name="dns-refused-over-tcp-only",
        story="the ISP's resolver speaks UDP only and closes TCP; its answers are honest",
        sites=(site("fine.example", 10),),
        rules=(Drop(match=Match(addresses=at.RESOLVERS, ports=(53,), protocol="tcp"), at="access"),),
        targets=_open("fine.example"),
    ),
)
