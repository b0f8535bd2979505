"""Measurements by hand: one line an observation, everything else by default as on a healthy line.

Times count seconds since the measurement began. Whatever a test does not mention went well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from blockprobe.model.addresses import family_of
from blockprobe.model.control import Control, ControlDns, ControlHttp, ControlTcp, ControlTls
from blockprobe.model.failure import Failure
from blockprobe.model.line import LedgerEntry, Line, NeutralCheck, RouterHop, SharedBody, SilentListed
from blockprobe.model.observation import (
    Certificate,
    DnsObservation,
    DnsReply,
    ExtendedError,
    HttpObservation,
    Icmp,
    Observation,
    PathHop,
    PathObservation,
    PathReply,
    Place,
    ResolverGroup,
    ResourceRecord,
    TcpObservation,
    Test,
    TlsObservation,
    Why,
)
from blockprobe.model.record import Measurement, Target, Vantage, Verdict
from blockprobe.verdict.fingerprint import Fingerprint, FingerprintKind, FingerprintSet
from blockprobe.verdict.judge import judge
from blockprobe.verdict.leg import Leg, leg_of
from blockprobe.verdict.sketch import text_sketch
from blockprobe.verdict.view import View

HOST, NEUTRAL = "listed.example", "n1.example"
URL, CLEAR_URL = f"https://{HOST}/", f"http://{HOST}/"
OWN, OWN2, OWN3 = "198.51.100.153", "198.51.100.154", "198.51.100.155"
SITE, SITE6, NEAR, FAR = "203.0.113.10", "2001:db8:8010::10", "203.0.113.11", "203.0.112.10"
CDN, BLOCK_PAGE, BOGON = "198.18.5.5", "198.51.100.180", "10.10.34.34"
ECHO, ECHO2, SILENT = "198.19.7.131", "198.19.7.132", "198.19.9.200"
ROUTERS = ("198.18.0.1", "198.18.0.5")
PUBLIC = ("198.51.100.0/24", "203.0.112.0/23", "198.18.0.0/15", "2001:db8::/32")
TIMEOUT, RESET, REFUSED = Failure.GENERIC_TIMEOUT_ERROR, Failure.CONNECTION_RESET, Failure.CONNECTION_REFUSED

PAGE = "<title>Garden news</title>" + " ".join(f"tulip {word} in the spring border" for word in "abcdefghijklmnop")
NOTICE = "<title>Blocked</title>this site has been blocked by order of the laboratory court number twelve"
OTHER = "<title>Something else</title>" + " ".join(f"engine {word} oil and gearbox" for word in "abcdefghijklmnop")
PRINTS = FingerprintSet(
    (
        Fingerprint(id="lab.body", title="Laboratory notice", kind=FingerprintKind.HTTP_BODY,
                    all_of=(("by order of the laboratory court",),), max_bytes=4096),
        Fingerprint(id="lab.place", title="Laboratory redirect", kind=FingerprintKind.HTTP_LOCATION,
                    one_of=("notice.isp.example/order",)),
        Fingerprint(id="lab.filter", title="Laboratory filter", kind=FingerprintKind.TLS_ISSUER,
                    all_of=(("Laboratory Filter",),)),
    )
)  # fmt: skip


# -- what was observed ---------------------------------------------------------------------------------------------


def why(test: Test, place: Place, *, listed: bool = True, hop: int = 0) -> Why:
    return Why(test=test, place=place, listed=listed, hop=hop)


def record(value: str, name: str = HOST, kind: str | None = None) -> ResourceRecord:
    kind = kind or ("AAAA" if ":" in value else "A")
    return ResourceRecord(name=name, type=kind, value=value, ttl=300)


def soa(zone: str = HOST, primary: str = "ns1.listed.example.") -> ResourceRecord:
    return record(f"{primary} hostmaster.{zone}. 1 2 3 4 5", zone, "SOA")


def reply(
    *values: str, rcode: str = "NOERROR", authority: Sequence[ResourceRecord] = (), ede: Sequence[int] = (),
    aa: bool = False,
) -> DnsReply:  # fmt: skip
    errors = tuple(ExtendedError(code=code, text="") for code in ede)
    return DnsReply(
        t_s=0.1, rcode=rcode, answers=tuple(map(record, values)), authority=tuple(authority), ede=errors, aa=aa
    )


def ask(
    answer: DnsReply | None, *, test: Test = Test.LOOK, place: Place = Place.RESOLVER, url: str = f"udp://{OWN}:53",
    group: ResolverGroup = ResolverGroup.ISP, qname: str = HOST, listed: bool = True, t: float = 0.0,
    extra: Sequence[DnsReply] = (), packets: int = 1, authentic: bool | None = None, hop: int = 0,
) -> DnsObservation:  # fmt: skip
    failure = TIMEOUT if answer is None else None
    if answer is not None and not any(r.type in ("A", "AAAA") for r in answer.answers):
        failure = Failure.DNS_NO_ANSWER if answer.rcode == "NOERROR" else Failure.DNS_NXDOMAIN_ERROR
    values = [r.value for r in answer.answers] if answer is not None else []
    return DnsObservation(
        why=why(test, place, listed=listed, hop=hop), t0_s=t, t_s=t + 0.05, failure=failure, resolver=url, group=group,
        qname=qname, qtype="AAAA" if any(":" in v for v in values) else "A", cd=test is Test.FORM_CD, packets=packets,
        reply=answer, extra=tuple(extra), authentic=authentic,
    )  # fmt: skip


def doh(answer: DnsReply | None) -> DnsObservation:
    return ask(answer, url="https://dns.example/dns-query", group=ResolverGroup.ENCRYPTED)


def neutral_name(*, server: str = OWN, t: float = 9.0, answer: str = "198.18.77.1") -> DnsObservation:
    return ask(reply(answer), test=Test.NEUTRAL, url=f"udp://{server}:53", qname=NEUTRAL, listed=False, t=t)


def beside(*, server: str = OWN, with_soa: bool = True) -> DnsObservation:
    """An honest NXDOMAIN for a label that cannot exist."""
    authority = [soa("example", "ns.tld.example.")] if with_soa else []
    answer = reply(rcode="NXDOMAIN", authority=authority)
    return ask(answer, test=Test.NONCE_LABEL, url=f"udp://{server}:53", qname="bp00.example", listed=False)


def below(answer: DnsReply | None, *, server: str = OWN) -> DnsObservation:
    return ask(answer, test=Test.NONCE_LABEL, url=f"udp://{server}:53", qname=f"bp00.{HOST}")


def asked_often(answer: DnsReply | None, *, server: str = OWN, times: int = 3) -> list[DnsObservation]:
    """The look, its repetitions, and every other form, all answered alike."""
    url = f"udp://{server}:53"
    plain = [ask(answer, test=Test.REPEAT if n else Test.LOOK, url=url, t=float(n)) for n in range(times)]
    forms = [ask(answer, test=test, url=url, t=0.5) for test in (Test.FORM_CD, Test.FORM_PLAIN)]
    return [*plain, *forms, ask(answer, test=Test.FORM_TCP, url=f"tcp://{server}:53", t=0.5)]


def connect(
    address: str = SITE, failure: Failure | None = None, *, port: int = 443, test: Test = Test.LOOK,
    place: Place = Place.ORIGIN, t: float = 0.2, took: float = 0.04, icmp: Icmp | None = None, hop: int = 0,
) -> TcpObservation:  # fmt: skip
    return TcpObservation(
        why=why(test, place, listed=place is Place.ORIGIN, hop=hop), t0_s=t, t_s=t + took, failure=failure,
        address=address, port=port, packets=4 if failure is TIMEOUT else 1, icmp=icmp,
    )  # fmt: skip


def fails_to_connect(
    address: str = SITE, failure: Failure = TIMEOUT, *, times: int = 3, port: int = 443, icmp: Icmp | None = None,
    hop: int = 0,
) -> list[TcpObservation]:  # fmt: skip
    return [
        connect(address, failure, port=port, test=Test.REPEAT if n else Test.LOOK, t=0.2 + n, icmp=icmp, hop=hop)
        for n in range(times)
    ]


def line_is_up(t: float = 30.0) -> TcpObservation:
    return connect("198.18.77.1", place=Place.NEUTRAL, test=Test.NEUTRAL, t=t)


def neighbour(address: str = NEAR, failure: Failure | None = None) -> TcpObservation:
    return connect(address, failure, place=Place.NEIGHBOUR, test=Test.NEIGHBOUR, t=5.0)


def leaf(
    key: str = "site", *, names: Sequence[str] = (HOST,), issuer: str = "C=US, O=Public Trust, CN=R1"
) -> Certificate:
    return Certificate(sha256=f"cert-{key}", spki_sha256=f"key-{key}", subject="", issuer=issuer, names=tuple(names))


def shake(
    address: str = SITE, failure: Failure | None = None, *, shown: Certificate | None = None, test: Test = Test.LOOK,
    place: Place = Place.ORIGIN, listed: bool = True, t: float = 0.3, took: float = 0.05, received: int = 0,
    rtt: float | None = 0.04, port: int = 443, detail: str | None = None, hop: int = 0, host: str = HOST,
) -> TlsObservation:  # fmt: skip
    """A handshake: a valid chain without `failure`; with one, no chain unless one is `shown`."""
    good = failure is None
    chain = (shown or leaf(),) if good or shown is not None else ()
    return TlsObservation(
        why=why(test, place, listed=listed, hop=hop), t0_s=t, t_s=t + took, failure=failure, address=address, port=port,
        server_name=host if listed else "qwerty.example", verify_name=host if listed else "qwerty.example",
        valid=True if good and place is Place.ORIGIN and listed else (False if chain else None), chain=chain,
        bytes_received=4000 if chain else received, rtt_s=rtt, detail=detail, maxseg=1000 if test is Test.SMALL_MSS
        else None,
    )  # fmt: skip


def get(
    body: str = PAGE, status: int | None = 200, *, failure: Failure | None = None, address: str = SITE,
    tls: bool = False, test: Test = Test.LOOK, place: Place = Place.ORIGIN, listed: bool = True, t: float = 0.5,
    took: float = 0.05, location: str | None = None, authentic: bool | None = None, host: str | None = None,
    received: int = 0, hop: int = 0,
) -> HttpObservation:  # fmt: skip
    name = host or (HOST if listed else "qwerty.example")
    title = body.partition("<title>")[2].partition("</title>")[0] or None
    came = status is not None
    return HttpObservation(
        why=why(test, place, listed=listed, hop=hop), t0_s=t, t_s=t + took, failure=failure,
        url=f"{'https' if tls else 'http'}://{name}/", host=name, address=address, port=443 if tls else 80, tls=tls,
        status=status, body=body if came else "", body_bytes=len(body) if came else 0, location=location,
        body_sha256=f"sha-{hash_of(body)}" if came else None, title=title if came else None,
        sketch=text_sketch(body) if came else (), bytes_received=500 if came else received, authentic=authentic,
        rtt_s=0.04,
    )  # fmt: skip


def hash_of(body: str) -> str:
    return f"{len(body)}-{sum(map(ord, body))}"


def nothing_came(failure: Failure = TIMEOUT, *, times: int = 3, **more: object) -> list[HttpObservation]:
    return [
        get("", None, failure=failure, test=Test.REPEAT if n else Test.LOOK, t=0.5 + n, **more)  # type: ignore[arg-type]
        for n in range(times)
    ]


def trace(
    address: str, *hops: Sequence[PathReply], place: Place = Place.ORIGIN, port: int = 443, name: str | None = None,
    carrying: str = "syn", listed: bool = True,
) -> PathObservation:  # fmt: skip
    """Replies at hop limits 1, 2 …; what routers say comes from the common path's, the rest from nobody known."""
    found = []
    for ttl, replies in enumerate(hops, start=1):
        known = (PathReply.TIME_EXCEEDED, PathReply.UNREACHABLE, PathReply.PROHIBITED)
        senders = tuple(ROUTERS[ttl - 1] if reply in known else None for reply in replies)
        found.append(PathHop(ttl=ttl, replies=tuple(replies), senders=senders))
    return PathObservation(
        why=why(Test.PATH, place, listed=listed), t0_s=6.0, t_s=7.0, failure=None, address=address, port=port,
        carrying=carrying, name=name, hops=tuple(found),  # type: ignore[arg-type]
    )  # fmt: skip


EXPIRED = (PathReply.TIME_EXCEEDED,) * 3
NO_REPLY = (PathReply.NONE,) * 3


def at_echo(
    *, listed: Failure | None = None, neutral: Failure | None = None, times: int = 3, echo: str = ECHO,
    received: int = 0,
) -> list[TlsObservation]:  # fmt: skip
    """The square at one echo: neutral, listed so often, neutral."""
    square = {"test": Test.SQUARE, "place": Place.ECHO}
    return [
        shake(echo, neutral, listed=False, t=10.0, **square),  # type: ignore[arg-type]
        *(shake(echo, listed, t=11.0 + n, received=received, **square) for n in range(times)),  # type: ignore[arg-type]
        shake(echo, neutral, listed=False, t=20.0, **square),  # type: ignore[arg-type]
    ]


# -- what helpers and the line say -----------------------------------------------------------------------------------


def helper(
    *addresses: str, url: str = URL, tcp: dict[str, bool] | None = None, tls: dict[str, str | None] | None = None,
    body: str | None = PAGE, status: int = 200, location: str | None = None, extended: bool = True,
    rcode: str = "NOERROR", failure: Failure | None = None, name: str = "https://ctl.example/",
    zone: ResourceRecord | None = None, issuer: str = "C=US, O=Public Trust, CN=R1", sketch: bool = True,
) -> Control:  # fmt: skip
    """One helper's answer. `tcp` maps an address to success; `tls` to the key it saw under a valid chain, or None."""
    leg = leg_of(url, 0)
    assert leg is not None
    title = (body or "").partition("<title>")[2].partition("</title>")[0] or None
    hops = (
        ControlHttp(url=url, failure=None if body is not None else "generic_timeout_error",
                    status=status if body is not None else None, title=title, location=location,
                    body_bytes=len(body or ""), body_sha256=f"sha-{hash_of(body)}" if body else None,
                    sketch=text_sketch(body or "") if sketch else ()),
    )  # fmt: skip
    return Control(
        helper=name, url=url, t0_s=0.0, t_s=0.5, failure=failure, extended=extended,
        dns=ControlDns(failure=None if addresses else "dns_nxdomain_error", addresses=addresses, rcode=rcode, soa=zone),
        tcp=tuple(ControlTcp(endpoint=endpoint(a, leg.port), ok=ok) for a, ok in (tcp or {}).items()),
        tls=tuple(
            ControlTls(endpoint=endpoint(a, 443), server_name=leg.host, ok=key is not None,
                       failure=None if key else "ssl_failed_handshake",
                       leaf_sha256=f"cert-{key}" if extended and key else None,
                       spki_sha256=f"key-{key}" if extended and key else None, issuer=issuer if extended else None)
            for a, key in (tls or {}).items()
        ),
        hops=hops,
    )  # fmt: skip


def endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def healthy_helper(url: str = URL, **more: object) -> Control:
    given = {"tcp": {SITE: True}, "tls": {SITE: "site"}, "zone": soa()} | more
    return helper(SITE, url=url, **given)  # type: ignore[arg-type]


def line(
    *, families: dict[str, bool | None] | None = None, portal: bool | None = False, clock: float | None = 0.0,
    ledger: Iterable[LedgerEntry] = (), silent: Iterable[SilentListed] = (), bodies: Iterable[SharedBody] = (),
    neutral_ok: bool = True, intercepted: bool | None = False, common: bool = True, opened: int = 0,
) -> Line:  # fmt: skip
    silent = tuple(silent)
    checks = tuple(NeutralCheck(url=f"https://n{n}.example/", family=4, t_s=-2.0, ok=neutral_ok) for n in range(1, 6))
    hops = tuple(
        RouterHop(family=family, ttl=ttl, address=a) for family in (4, 6) for ttl, a in enumerate(ROUTERS, start=1)
    )
    return Line(
        checked_at=None, public=PUBLIC, portal=portal, clock_offset_s=clock,
        families={"4": True, "6": True} if families is None else families, intercepted=intercepted,
        common_path=hops if common else (), neutral=checks, silent_listed=silent, shared_bodies=tuple(bodies),
        ledger=tuple(ledger), listed_silent=len(silent), listed_open=opened,
    )  # fmt: skip


# -- the whole ---------------------------------------------------------------------------------------------------------


def measured(
    *observations: Observation | Iterable[Observation], url: str = URL, control: Sequence[Control] = (),
    on: Line | None = None, bare: bool = False,
) -> Measurement:  # fmt: skip
    flat: list[Observation] = []
    for one in observations:
        flat += [one] if hasattr(one, "kind") else one  # type: ignore[list-item, arg-type]
    leg = leg_of(url, 0)
    assert leg is not None
    return Measurement(
        id="01TEST", measured_at=datetime(2026, 11, 21, tzinfo=UTC), runtime_s=1.0,
        target=Target(input=url, url=url, host=leg.host, bare=bare), vantage=Vantage(resolvers=(OWN,)),
        line=on or line(), observations=tuple(flat), control=tuple(control),
    )  # fmt: skip


def judged(*observations: Observation | Iterable[Observation], **more: object) -> Verdict:
    return judge(measured(*observations, **more), PRINTS)  # type: ignore[arg-type]


def seen(*observations: Observation | Iterable[Observation], **more: object) -> tuple[View, Leg]:
    measurement = measured(*observations, **more)  # type: ignore[arg-type]
    view = View(measurement, PRINTS)
    return view, view.first_legs[0]


def resolves(*addresses: str, server: str = OWN, hop: int = 0, host: str = HOST) -> list[Observation]:
    return [ask(reply(a), url=f"udp://{server}:53", hop=hop, qname=host) for a in addresses or (SITE,)]


def opens_https(address: str = SITE, **page: object) -> list[Observation]:
    return [connect(address), shake(address), get(address=address, tls=True, **page)]  # type: ignore[arg-type]


def opens_http(address: str = SITE, **page: object) -> list[Observation]:
    return [connect(address, port=80), get(address=address, **page)]  # type: ignore[arg-type]


def router_says(kind: int = 3, code: int = 13, sender: str = ROUTERS[1]) -> Icmp:
    return Icmp(sender=sender, type=kind, code=code)


def family(address: str) -> int | None:
    return family_of(address)


def replace_hop(observation: TlsObservation, hop: int) -> TlsObservation:
    return replace(observation, why=replace(observation.why, hop=hop))
