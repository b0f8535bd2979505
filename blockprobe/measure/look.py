"""Look, as the browser model would: resolve by every path that matters, connect, shake hands, fetch the front page."""

import asyncio
from urllib.parse import urlsplit

from blockprobe.measure.case import Case
from blockprobe.measure.persist import persist
from blockprobe.model.addresses import family_of
from blockprobe.model.observation import (
    DnsObservation,
    HttpObservation,
    Place,
    TcpObservation,
    Test,
    TlsObservation,
    Why,
)
from blockprobe.model.words import Layer
from blockprobe.net.dns import Question
from blockprobe.net.http import Request
from blockprobe.net.resolver import Resolver
from blockprobe.net.stream import Stream
from blockprobe.net.tls import Hello
from blockprobe.net.together import together
from blockprobe.verdict.leg import Leg, addresses_in

#: At most this many addresses of one family are looked at: a large CDN lists dozens, and manners forbid more.
MAX_ADDRESSES = 4
#: How long the other resolvers may lag behind the line's own before connecting begins without them (seconds).
GRACE_S = 0.25
#: Application protocols that make a ClientHello too long for one segment on any version of OpenSSL (RFC 7301 lets a
#: server ignore those it does not know); used where the small one failed.
LONG_ALPN = ("http/1.1", *(f"x-padding-{number:03d}-{'0' * 200}" for number in range(6)))


async def resolve(case: Case, host: str, hop: int) -> None:
    """Ask everybody for the host; returns when the line's own resolvers have answered and the others nearly so."""
    why = Why(test=Test.LOOK, place=Place.RESOLVER, hop=hop)
    shared = case.shared
    own = [case.spawn(_ask_own(case, why, resolver, host)) for resolver in shared.own]
    others = [case.spawn(_ask_stream(case, why, resolver, host)) for resolver in shared.encrypted]
    if hop == 0:
        others += [case.spawn(_ask_stream(case, why, over_tcp(resolver), host)) for resolver in shared.own]
        others += [case.spawn(_ask_pair(case, why, resolver, host)) for resolver in shared.public]
    answers = [answer for task in own for answer in await task]
    if any(answer.failure is None for answer in answers) and others:
        await asyncio.wait(others, timeout=GRACE_S)
    elif others:
        await asyncio.wait(others)


async def ask_own_again(case: Case, leg: Leg) -> None:
    """The line's own resolvers once more: some lie to a part of the questions only, and one answer cannot show it."""
    if leg.is_ip or case.target.ip is not None:
        return
    why = Why(test=Test.REPEAT, place=Place.RESOLVER, hop=leg.hop, attempt=1)
    await together(_ask_pair(case, why, resolver, leg.host) for resolver in case.shared.own)


async def _ask_own(case: Case, why: Why, resolver: Resolver, host: str) -> list[DnsObservation]:
    questions = ["A", "AAAA"] + (["HTTPS"] if resolver is case.shared.own[0] and why.hop == 0 else [])
    return await together(case.ask(why, resolver, Question(qname=host, qtype=qtype)) for qtype in questions)


async def _ask_pair(case: Case, why: Why, resolver: Resolver, host: str) -> None:
    await together(case.ask(why, resolver, Question(qname=host, qtype=qtype)) for qtype in ("A", "AAAA"))


async def _ask_stream(case: Case, why: Why, resolver: Resolver, host: str) -> None:
    await case.ask_many(why, resolver, [Question(qname=host, qtype="A"), Question(qname=host, qtype="AAAA")])


def over_tcp(resolver: Resolver) -> Resolver:
    """The same resolver over TCP."""
    return Resolver(
        url="tcp" + resolver.url.removeprefix("udp"),
        group=resolver.group,
        address=resolver.address,
        port=resolver.port,
        server_name=None,
    )


def candidate_addresses(case: Case, leg: Leg) -> list[str]:
    """The addresses to look at: the browser's own first, then what anybody else found; bogons are never connected to.

    Families that fail a neutral control are left out, for nothing learned over them would count.
    """
    view = case.view()
    found = dict.fromkeys(view.browser_addresses(leg))
    if not leg.is_ip and case.target.ip is None:
        for dns in view.looks(leg):
            found.update(dict.fromkeys(addresses_in(dns.reply)))
    return limited(case, leg, list(found))


def limited(case: Case, leg: Leg, addresses: list[str]) -> list[str]:
    """The first few of each family that are no bogons and of a family that works."""
    view = case.view()
    kept: dict[int | None, list[str]] = {4: [], 6: []}
    for address in addresses:
        bogon = view.is_bogon(address) and not leg.is_ip and case.target.ip is None
        family = family_of(address)
        if bogon or not view.usable(family) or len(kept.setdefault(family, [])) >= MAX_ADDRESSES:
            continue
        kept[family].append(address)
    return [address for family in (6, 4) for address in kept[family]]


async def look_at(case: Case, leg: Leg, addresses: list[str]) -> None:
    """Connect to the addresses on the leg's port, shake hands and fetch the page as the leg demands."""
    if leg.tls:
        await _look_over_tls(case, leg, addresses)
    else:
        await _look_in_cleartext(case, leg, addresses)


# -- https ---------------------------------------------------------------------------------------------------


class _Fetcher:
    """Lets the first address with a valid chain fetch the page, and the next one if that fails."""

    def __init__(self, case: Case, leg: Leg) -> None:
        self._case = case
        self._leg = leg
        self._turn = asyncio.Lock()
        self._tries = 0
        self._done = False

    async def offer(self, stream: Stream) -> None:
        """Fetch on this stream unless another has, or did so in vain twice; closes the stream."""
        try:
            async with self._turn:
                if self._done or self._tries >= 2:
                    return
                why = Why(test=Test.REPEAT if self._tries else Test.LOOK, place=Place.ORIGIN, hop=self._leg.hop,
                          attempt=self._tries)  # fmt: skip
                self._tries += 1
                page = await self._case.fetch(why, stream, request_for(self._case, self._leg))
                self._done = page.status is not None
        finally:
            stream.reset()  # also when cancelled in the queue; an exchange has closed it

    @property
    def wants_more(self) -> bool:
        """A page was asked for in vain, and once more may be tried."""
        return self._tries == 1 and not self._done


async def _look_over_tls(case: Case, leg: Leg, addresses: list[str]) -> None:
    fetcher = _Fetcher(case, leg)

    async def one(address: str) -> str | None:
        stream = await reach_tls(case, leg, address)
        if stream is None:
            return None
        await fetcher.offer(stream)
        return address

    good = [address for address in await together(map(one, addresses)) if address is not None]
    if good and fetcher.wants_more:
        stream = await reach_tls(case, leg, good[0])
        if stream is not None:
            await fetcher.offer(stream)


async def reach_tls(case: Case, leg: Leg, address: str) -> Stream | None:
    """Connect and shake hands with the listed name, again where it fails; the secured stream of the first success."""
    stream = await reach(case, leg, address)
    if stream is None:
        return None
    waiting: list[Stream] = [stream]

    async def attempt(number: int) -> Stream | None:
        if number:
            _in_doubt(case, Layer.TLS, leg, address, number)
        ready = waiting.pop() if waiting else (await connect_once(case, leg, address, number))[1]
        return None if ready is None else await _shake(case, leg, ready, number)

    results = await persist(attempt, lambda secured: secured is not None,
                            attempts=case.shared.settings.limits.attempts)  # fmt: skip
    secured = [result for result in results if result is not None]
    for spare in secured[1:]:
        spare.reset()
    if not secured:
        _note_trigger(case, leg, address)
    return secured[0] if secured else None


async def _shake(case: Case, leg: Leg, stream: Stream, number: int) -> Stream | None:
    why = Why(test=Test.REPEAT if number else Test.LOOK, place=Place.ORIGIN, hop=leg.hop, attempt=number)
    _, secured = await case.handshake(why, stream, hello_for(case, leg))
    return secured


def hello_for(case: Case, leg: Leg, *, large: bool = False) -> Hello:
    """The ClientHello for the leg's own name (none for an IP literal, RFC 6066), or the operator's `--sni`."""
    name = case.target.sni if case.target.sni and leg.hop == 0 else leg.host
    server_name = None if family_of(name) is not None else name
    if large:
        return Hello(server_name=server_name, verify_name=leg.host, large=True, alpn=LONG_ALPN)
    return Hello(server_name=server_name, verify_name=leg.host)


def _note_trigger(case: Case, leg: Leg, address: str) -> None:
    failures = [t.failure for t in case.observations if isinstance(t, TlsObservation) and t.address == address]
    certificate = any(t.chain for t in case.observations if isinstance(t, TlsObservation) and t.address == address)
    if failures and not certificate:
        case.shared.ledger.trigger((address, leg.port))


# -- http ----------------------------------------------------------------------------------------------------


async def _look_in_cleartext(case: Case, leg: Leg, addresses: list[str]) -> None:
    """Fetch once in each family, connect to the rest."""
    first = {family: next((a for a in addresses if family_of(a) == family), None) for family in (4, 6)}
    await together(
        _fetch_cleartext(case, leg, address) if address in first.values() else _only_connect(case, leg, address)
        for address in addresses
    )


async def _only_connect(case: Case, leg: Leg, address: str) -> None:
    stream = await reach(case, leg, address)
    if stream is not None:
        stream.reset()


async def _fetch_cleartext(case: Case, leg: Leg, address: str) -> None:
    stream = await reach(case, leg, address)
    if stream is None:
        return
    waiting: list[Stream] = [stream]

    async def attempt(number: int) -> HttpObservation | None:
        if number:
            _in_doubt(case, Layer.HTTP, leg, address, number)
        ready = waiting.pop() if waiting else (await connect_once(case, leg, address, number))[1]
        if ready is None:
            return None
        why = Why(test=Test.REPEAT if number else Test.LOOK, place=Place.ORIGIN, hop=leg.hop, attempt=number)
        return await case.fetch(why, ready, request_for(case, leg))

    results = await persist(attempt, lambda page: page is not None and page.status is not None,
                            attempts=case.shared.settings.limits.attempts)  # fmt: skip
    if not any(page is not None and page.status is not None for page in results):
        case.shared.ledger.trigger((address, leg.port))


def request_for(case: Case, leg: Leg) -> Request:
    """The GET for the leg's URL, with the Host header a browser would send or the operator's `--host`."""
    default = 443 if leg.tls else 80
    host = f"[{leg.host}]" if ":" in leg.host else leg.host
    host = host if leg.port == default else f"{host}:{leg.port}"
    if case.target.header_host and leg.hop == 0:
        host = case.target.header_host
    return Request(url=leg.url, host=host, path=path_of(leg))


def path_of(leg: Leg) -> str:
    """The request target of the leg's URL."""
    parts = urlsplit(leg.url)
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


# -- connecting ----------------------------------------------------------------------------------------------


async def reach(case: Case, leg: Leg, address: str) -> Stream | None:
    """Connect, again where it fails, with a neutral connection between the attempts; the first open stream."""

    async def attempt(number: int) -> tuple[TcpObservation, Stream | None]:
        if number:
            _in_doubt(case, Layer.IP, leg, address, number)
            case.spawn(case.neutral_connects(family_of(address) or 4))
        return await connect_once(case, leg, address, number)

    results = await persist(attempt, lambda result: result[1] is not None,
                            attempts=case.shared.settings.limits.attempts)  # fmt: skip
    streams = [stream for _, stream in results if stream is not None]
    for spare in streams[1:]:
        spare.reset()
    return streams[0] if streams else None


def _in_doubt(case: Case, layer: Layer, leg: Leg, address: str, number: int) -> None:
    """Another attempt begins: let another target begin too, and if it is the last, whatever is foreseen for silence."""
    case.step_aside()
    if number + 1 == case.shared.settings.limits.attempts:
        case.foresee(layer, leg, address)


async def connect_once(case: Case, leg: Leg, address: str, number: int) -> tuple[TcpObservation, Stream | None]:
    """One connection attempt to the leg's port; the first is a look, the others repeat it."""
    why = Why(test=Test.REPEAT if number else Test.LOOK, place=Place.ORIGIN, hop=leg.hop, attempt=number)
    return await case.connect(why, address, leg.port, host=leg.host)
