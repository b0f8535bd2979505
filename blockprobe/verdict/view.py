"""Finding things in a measurement: legs, answers, what the control said, which addresses are real."""

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urljoin

from blockprobe.model.addresses import is_bogon, without_nat64
from blockprobe.model.control import Control, ControlHttp, ControlTls
from blockprobe.model.observation import (
    DnsObservation,
    HttpObservation,
    PathObservation,
    Place,
    QuicObservation,
    ResolverGroup,
    TcpObservation,
    Test,
    TlsObservation,
    TransferObservation,
)
from blockprobe.model.record import Measurement
from blockprobe.verdict.fingerprint import FingerprintSet, Page
from blockprobe.verdict.leg import Leg, addresses_in, endpoint_of, leg_of
from blockprobe.verdict.pages import resembles

#: Attempts that a browser would have made: they decide whether something "works".
LOOKS = frozenset({Test.LOOK, Test.REPEAT})
REDIRECTS = frozenset({301, 302, 303, 307, 308})

P = ParamSpec("P")
T = TypeVar("T")


def remembered(function: "Callable[Concatenate[View, P], T]") -> "Callable[Concatenate[View, P], T]":
    """A pure function of a view and hashable arguments, computed once a view: a healthy site asks the same ten times.

    What it returns belongs to everybody who asked: it must not be changed.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def once(view: "View", *args: P.args, **kwargs: P.kwargs) -> T:
        key = (name, *args, *kwargs.values()) if kwargs else (name, *args)
        memory = view.memory
        found = memory.get(key, memory)
        if found is memory:  # which no function returns: it has not been asked yet
            found = memory[key] = function(view, *args, **kwargs)
        return found  # type: ignore[no-any-return]  # it is what `function` returned

    return cast("Callable[Concatenate[View, P], T]", once)


class View:
    """A measurement with its observations sorted by kind; everything is computed once and on demand."""

    def __init__(self, measurement: Measurement, fingerprints: FingerprintSet) -> None:
        self.measurement = measurement
        self.fingerprints = fingerprints
        self.line = measurement.line
        self.memory: dict[tuple[Any, ...], Any] = {}
        self.dns: list[DnsObservation] = []
        self.tcp: list[TcpObservation] = []
        self.tls: list[TlsObservation] = []
        self.http: list[HttpObservation] = []
        self.path: list[PathObservation] = []
        self.quic: list[QuicObservation] = []
        self.transfer: list[TransferObservation] = []
        self.http3: list[HttpObservation] = []  # apart: the browser model does not speak it on a cold start
        kinds = ("dns", "tcp", "tls", "http", "path", "quic", "transfer", "http3")
        lists: dict[str, list[Any]] = {kind: getattr(self, kind) for kind in kinds}
        for observation in measurement.observations:
            over_quic = isinstance(observation, HttpObservation) and observation.quic
            lists["http3" if over_quic else observation.kind].append(observation)

    # -- legs ---------------------------------------------------------------------------------------------------

    @cached_property
    def first_legs(self) -> tuple[Leg, ...]:
        """What the user typed: https and http for a bare name, else the one URL."""
        target = self.measurement.target
        urls = [target.url]
        if target.bare and target.url.startswith("https://"):
            urls.append("http://" + target.url.removeprefix("https://"))
        return tuple(leg for url in urls if (leg := leg_of(url, 0)) is not None)

    def page(self, leg: Leg) -> HttpObservation | None:
        """The answer that a browser would have shown for the leg: the last successful look, else the last look."""
        looks = self.pages(leg)
        return next((page for page in reversed(looks) if page.failure is None), looks[-1] if looks else None)

    @remembered
    def pages(self, leg: Leg) -> list[HttpObservation]:
        """Every look at the page of the leg, in order."""
        return [
            page
            for page in self.http
            if page.why.hop == leg.hop
            and page.why.test in LOOKS
            and page.why.place is Place.ORIGIN
            and page.tls == leg.tls
            and page.port == leg.port
        ]

    def next_leg(self, leg: Leg) -> Leg | None:
        """Where the page of the leg redirects to, if it does and the location is usable."""
        page = self.page(leg)
        if page is None or page.status not in REDIRECTS or not page.location:
            return None
        try:
            return leg_of(urljoin(leg.url, page.location), leg.hop + 1)
        except ValueError:
            return None

    # -- control ------------------------------------------------------------------------------------------------

    @remembered
    def controls(self, leg: Leg) -> list[Control]:
        """The helpers that answered for the leg's URL, or failing that for its host."""
        answered = [c for c in self.measurement.control if c.failure is None and not c.quic]
        same = [control for control in answered if control.url == leg.url]
        return same or [c for c in answered if (other := leg_of(c.url, 0)) is not None and other.host == leg.host]

    def control_asked(self, leg: Leg) -> list[Control]:
        """Every helper that was asked about the leg's host, whether or not it answered."""
        found = []
        for control in self.measurement.control:
            other = leg_of(control.url, 0)
            if other is not None and other.host == leg.host and not control.quic:
                found.append(control)
        return found

    def control_quic(self, leg: Leg, address: str) -> ControlTls | None:
        """A helper's QUIC handshake with the address for the leg's host, a successful one first."""
        endpoint = endpoint_of(self.plain(address), leg.port)
        asked = [c for c in self.measurement.control if c.url == leg.url]
        results = [one for c in asked for one in c.quic if one.endpoint == endpoint]
        return next((one for one in results if one.ok), results[0] if results else None)

    def control_tcp(self, leg: Leg, address: str) -> bool | None:
        """Whether a helper connected to the address on the leg's port; None when none tried. One success suffices."""
        results = self.control_connects(leg, address)
        return any(results) if results else None

    def control_connects(self, leg: Leg, address: str) -> list[bool]:
        """Whether each helper that tried connected to the address on the leg's port."""
        endpoint = endpoint_of(self.plain(address), leg.port)
        return [tcp.ok for c in self.controls(leg) for tcp in c.tcp if tcp.endpoint == endpoint]

    def control_tls(self, leg: Leg, address: str) -> ControlTls | None:
        """A helper's handshake with the address for the leg's host, a successful one first."""
        results = self.control_handshakes(leg, address)
        return next((tls for tls in results if tls.ok), results[0] if results else None)

    def control_handshakes(self, leg: Leg, address: str) -> list[ControlTls]:
        """Every helper's handshake with the address for the leg's host."""
        endpoint = endpoint_of(self.plain(address), 443 if not leg.tls else leg.port)
        return [
            tls
            for c in self.controls(leg)
            for tls in c.tls
            if tls.endpoint == endpoint and tls.server_name in (leg.host, "")
        ]

    @remembered
    def control_addresses(self, leg: Leg) -> frozenset[str]:
        """What the helpers' own resolvers gave for the host."""
        answers = [control.dns for control in self.controls(leg) if control.dns is not None]
        return frozenset(address for dns in answers for address in dns.addresses)

    def control_page(self, leg: Leg) -> ControlHttp | None:
        """A helper's first exchange for the leg's own URL, a successful one first."""
        pages = self.control_pages(leg)
        return next((page for page in pages if page.failure is None), pages[0] if pages else None)

    @remembered
    def control_pages(self, leg: Leg) -> list[ControlHttp]:
        """Each helper's first exchange for the leg's own URL (an OONI helper only tells the last one)."""
        found = []
        for control in self.controls(leg):
            same = [hop for hop in control.hops if hop.url == leg.url]
            if same:
                found.append(same[0])
            elif not control.extended and control.hops and control.url == leg.url:
                found.append(control.hops[-1])
        return found

    def control_cleartext(self, leg: Leg) -> ControlHttp | None:
        """The helper's first exchange in cleartext for the leg's host, whichever scheme the leg has."""
        for control in self.control_asked(leg):
            for hop in control.hops:
                other = leg_of(hop.url, 0)
                if hop.failure is None and other is not None and other.host == leg.host and not other.tls:
                    return hop
        return None

    @remembered
    def notice_of(self, page: HttpObservation) -> str | None:
        """The id of the block page's fingerprint that the page bears; it means something in cleartext only."""
        if page.status is None:
            return None
        found = self.fingerprints.match_http(
            Page(
                title=page.title,
                body=page.body,
                headers=page.headers,
                location=page.location,
                body_bytes=page.body_bytes,
                status=page.status,
            )
        )
        return found.id if found else None

    def twin(self, leg: Leg) -> Leg | None:
        """The https leg of the same host, where an http leg was looked at over https as well (parity)."""
        seen = (t for t in self.tls if t.why.hop == leg.hop and t.why.test in LOOKS and t.port == 443)
        if leg.tls or not any(tls.verify_name == leg.host for tls in seen):
            return None
        return Leg(hop=leg.hop, url=f"https://{leg.host}/", scheme="https", host=leg.host, port=443, is_ip=leg.is_ip)

    # -- addresses ----------------------------------------------------------------------------------------------

    def plain(self, address: str) -> str:
        """The address with NAT64 undone."""
        return address if self.line.nat64 is None else without_nat64(address, self.line.nat64)

    @remembered
    def is_bogon(self, address: str) -> bool:
        """Whether the address can be nobody's on the public Internet."""
        return is_bogon(self.plain(address), self.line.public)

    def usable(self, family: int | None) -> bool:
        """Whether a neutral control works over the family; an untested family counts as usable."""
        return self.line.families.get(str(family)) is not False

    @remembered
    def looks(self, leg: Leg, group: ResolverGroup | None = None) -> list[DnsObservation]:
        """The A and AAAA questions about the leg's host that a user's machine would ask, of one group or of all."""
        return [
            dns
            for dns in self.dns
            if dns.why.test in LOOKS
            and dns.why.place is Place.RESOLVER
            and dns.why.listed
            and dns.qname == leg.host
            and dns.qtype in ("A", "AAAA")
            and (group is None or dns.group is group)
        ]

    @remembered
    def browser_addresses(self, leg: Leg) -> tuple[str, ...]:
        """The addresses a browser on this line would try: those of the line's own resolvers, or the literal."""
        if self.measurement.target.ip is not None and leg.hop == 0:
            return (self.measurement.target.ip,)
        if leg.is_ip:
            return (leg.host,)
        found: dict[str, None] = {}
        for dns in self.looks(leg, ResolverGroup.ISP):
            if dns.resolver.startswith("udp:"):
                found.update(dict.fromkeys(addresses_in(dns.reply)))
        return tuple(found)

    @remembered
    def proven_real(self, leg: Leg) -> frozenset[str]:
        """Addresses where a chain valid for the host was seen, from here or by a helper (NAT64 undone); or, from here,
        the key that a helper saw under a valid chain."""
        theirs = [t for c in self.controls(leg) for t in c.tls if t.ok and t.server_name in (leg.host, "")]
        keys = {tls.spki_sha256 for tls in theirs if tls.spki_sha256}
        ours = (t for t in self.tls if t.why.listed and t.why.place is Place.ORIGIN and t.chain)
        same_key = {self.plain(t.address) for t in ours if t.chain[0].spki_sha256 in keys}
        helped = {tls.endpoint.rpartition(":")[0].strip("[]") for tls in theirs}
        return self.witnessed(leg) | same_key | helped

    @remembered
    def witnessed(self, leg: Leg) -> frozenset[str]:
        """Addresses where a chain valid for the host was seen from here, which needs nobody's word (NAT64 undone)."""
        return frozenset(
            self.plain(tls.address)
            for tls in self.tls
            if tls.why.listed and tls.valid and tls.verify_name == leg.host and tls.why.place is Place.ORIGIN
        )

    @remembered
    def showing_the_site(self, leg: Leg) -> frozenset[str]:
        """Addresses that gave, in cleartext, the page that a helper got for the same URL (NAT64 undone)."""
        if leg.tls:
            return frozenset()
        theirs = [page for page in self.control_pages(leg) if page.failure is None]
        good = [page for page in self.pages(leg) if page.status is not None and page.status // 100 == 2]
        return frozenset(self.plain(p.address) for p in good if any(resembles(p, page) for page in theirs))

    @remembered
    def real_addresses(self, leg: Leg) -> frozenset[str]:
        """Addresses proven real, or confirmed by the helpers' own resolution or their page; bogons are nobody's."""
        confirmed = {address for address in self.control_addresses(leg) if not self.is_bogon(address)}
        if leg.is_ip:
            confirmed.add(leg.host)
        return self.proven_real(leg) | confirmed | self.showing_the_site(leg)
