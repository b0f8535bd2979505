"""Every mechanism over both schemes, hello sizes against filters, some addresses or all, two mechanisms at once."""

from itertools import product
from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab import pages
from blockprobe.lab.censor import Action, Dnat, Drop, Host, IcmpReject, Match, Rst, Rule, Sni
from blockprobe.lab.demo_world import blocked
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import place, site
from blockprobe.lab.zones import Name
from blockprobe.model.words import Mechanism, State

_NAME: Final = "listed.example"
_WHERE: Final = Match(addresses=place(10), protocol="tcp")
_TWO: Final = tuple(zip(place(10), place(11), strict=True))
_LIES: Final = (
    (Mechanism.DNS_NXDOMAIN, Lie(names=(_NAME,), say=Say.NXDOMAIN)),
    (Mechanism.DNS_NODATA, Lie(names=(_NAME,), say=Say.NODATA)),
    (Mechanism.DNS_REFUSED, Lie(names=(_NAME,), say=Say.REFUSED)),
    (Mechanism.DNS_SERVFAIL, Lie(names=(_NAME,), say=Say.SERVFAIL)),
    (Mechanism.DNS_FORMERR, Lie(names=(_NAME,), say=Say.FORMERR)),
    (Mechanism.DNS_TIMEOUT, Lie(names=(_NAME,), say=Say.DROP)),
    (Mechanism.DNS_BOGON, Lie(names=(_NAME,), say=Say.ADDRESSES, answers=("127.0.0.1", "::1"))),
    (Mechanism.DNS_BLOCKPAGE, Lie(names=(_NAME,), say=Say.ADDRESSES, answers=(at.BLOCK_PAGE, at.BLOCK_PAGE_V6))),
)
_ADDRESS_RULES: Final = (
    (Mechanism.IP_TIMEOUT, Drop(match=_WHERE)),
    (Mechanism.IP_REFUSED, Rst(match=_WHERE, syn_only=True)),
    (Mechanism.IP_UNREACHABLE, IcmpReject(match=_WHERE)),
)
_TLS_RULES: Final = (
    (Mechanism.TLS_RESET_SNI, Sni(names=(_NAME,))),
    (Mechanism.TLS_TIMEOUT_SNI, Sni(names=(_NAME,), action=Action.DROP)),
    (Mechanism.TLS_EOF_SNI, Sni(names=(_NAME,), action=Action.FIN)),
    (Mechanism.TLS_ALERT_SNI, Sni(names=(_NAME,), action=Action.ALERT)),
    (
        Mechanism.TLS_MITM,
        Dnat(to_v4=at.MITM, to_v6=at.MITM_V6, match=Match(addresses=place(10), ports=(443,), protocol="tcp")),
    ),
)
_HTTP_RULES: Final = (
    (Mechanism.HTTP_RESET_HOST, Host(names=(_NAME,))),
    (Mechanism.HTTP_TIMEOUT_HOST, Host(names=(_NAME,), action=Action.DROP)),
    (Mechanism.HTTP_EOF_HOST, Host(names=(_NAME,), action=Action.FIN)),
    (
        Mechanism.HTTP_BLOCKPAGE,
        Host(names=(_NAME,), action=Action.RESPOND, response=pages.response(200, pages.notice())),
    ),
)


def _world(name: str, *targets: Expect, **more: object) -> Scenario:
    settings = {"story": "a healthy site", "censor": name, "sites": (site(_NAME, 10),)} | more
    return Scenario(name=name, targets=targets, **settings)  # type: ignore[arg-type]  # keys of Scenario


def _by_lie() -> list[Scenario]:
    return [
        _world(f"{mechanism}-{scheme}", blocked(f"{scheme}://{_NAME}/", mechanism), lies=(lie,))
        for (mechanism, lie), scheme in product(_LIES, ("https", "http"))
    ]


def _by_rule(rules: tuple[tuple[Mechanism, Rule], ...], *schemes: str) -> list[Scenario]:
    return [
        _world(f"{mechanism}-{scheme}", blocked(f"{scheme}://{_NAME}/", mechanism), rules=(rule,))
        for (mechanism, rule), scheme in product(rules, schemes)
    ]


def _families() -> list[Scenario]:
    """One of two addresses of a family blocked, or both: a browser gets around the first."""
    made = []
    for family, everything in product((4, 6), (False, True)):
        addresses = _TWO[0 if family == 4 else 1]
        struck = addresses if everything else addresses[:1]
        own = {"v4": _TWO[0], "v6": ()} if family == 4 else {"v4": (), "v6": _TWO[1]}
        expected = (
            blocked(f"https://{_NAME}/", Mechanism.IP_TIMEOUT)
            if everything
            else Expect(target=f"https://{_NAME}/", state=State.ACCESSIBLE, interference=(Mechanism.IP_TIMEOUT,))
        )
        made.append(
            _world(
                f"v{family}-{'all' if everything else 'one'}-of-two-addresses",
                expected,
                sites=(site(_NAME, 10, **own),),
                rules=(Drop(match=Match(addresses=struck)),),
            )
        )
    return made


def _one_family() -> list[Scenario]:
    """The line drops one family's address, or the resolver denies one type: the other still opens the site."""
    return [
        _world(
            f"only-v{family}-dropped",
            Expect(target=f"https://{_NAME}/", state=State.ACCESSIBLE, interference=(Mechanism.IP_TIMEOUT,)),
            rules=(Drop(match=Match(addresses=(place(10)[index],))),),
        )
        for index, family in enumerate((4, 6))
    ]


def _hellos() -> list[Scenario]:
    """Filters that join segments, and ones that do not: those miss a ClientHello of two segments."""
    return [
        _world(
            f"sni-{'reassembling' if joined else 'by-segment'}-{action}-{'in' if in_path else 'on'}-path",
            blocked(f"https://{_NAME}/", mechanism),
            rules=(Sni(names=(_NAME,), action=action, reassemble=joined, in_path=in_path),),
        )
        for joined, in_path, (action, mechanism) in product(
            (True, False),
            (True, False),
            ((Action.RESET, Mechanism.TLS_RESET_SNI), (Action.DROP, Mechanism.TLS_TIMEOUT_SNI)),
        )
    ]


_PAIRS: Final = (
    ("nxdomain-and-sni", (_LIES[0][1],), (_TLS_RULES[0][1],), (Mechanism.DNS_NXDOMAIN, Mechanism.TLS_RESET_SNI)),
    ("garden-and-drop", (_LIES[7][1],), (_ADDRESS_RULES[0][1],), (Mechanism.DNS_BLOCKPAGE, Mechanism.IP_TIMEOUT)),
)

SCENARIOS: Final = (
    *_by_lie(),
    *_by_rule(_ADDRESS_RULES, "https", "http"),
    *_by_rule(_TLS_RULES, "https"),
    *_by_rule(_HTTP_RULES, "http"),
    *_families(),
    *_one_family(),
    *_hellos(),
    *(
        _world(name, Expect(target=f"https://{_NAME}/", state=State.BLOCKED, maybe=ways), lies=lies, rules=rules)
        for name, lies, rules, ways in _PAIRS
    ),
    _world("ip-literal-open", Expect(target=f"http://{place(10)[0]}/", state=State.ACCESSIBLE)),
    _world(
        "ip-literal-dropped",
        blocked(f"http://{place(10)[0]}/", Mechanism.IP_TIMEOUT),
        rules=(Drop(match=_WHERE),),
    ),
    _world(
        "idn-denied",
        blocked("https://bücher.example/", Mechanism.DNS_NXDOMAIN),
        sites=(site("xn--bcher-kva.example", 10),),
        lies=(Lie(names=("xn--bcher-kva.example",), say=Say.NXDOMAIN),),
    ),
    _world(
        "other-port",
        blocked(f"https://{_NAME}:8443/", Mechanism.TLS_RESET_SNI),
        sites=(site(_NAME, 10, ports=((8443, "https"),)),),
        rules=(Sni(names=(_NAME,), match=Match()),),
    ),
    _world(
        "https-blocked-http-open",
        blocked(_NAME, Mechanism.TLS_RESET_SNI),
        rules=(_TLS_RULES[0][1],),
    ),
    _world(
        "cname-denied",
        blocked("https://www.listed.example/", Mechanism.DNS_NXDOMAIN),
        sites=(site("www.listed.example", 10, in_dns=False),),
        names=(
            Name(name="www.listed.example", cname="edge.cdn.example"),
            Name(name="edge.cdn.example", addresses=place(10)),
        ),
        lies=(Lie(names=(_NAME,), say=Say.NXDOMAIN),),
    ),
)
