"""HTTP/3: the same site at the addresses that the line's own resolvers give, over QUIC in place of TCP.

Neutral sites need not speak HTTP/3. So what the way is held against is our own echo, which answers any neutral name
over QUIC and signs it; a neutral site only where no echo does.
"""

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.road import ATTEMPTS, LINE, MAX_HOPS
from blockprobe.measure.bypass.walk import BEST, Stop, Walk, request_of
from blockprobe.measure.bypass.ways import NotAvailable, Way, Ways
from blockprobe.measure.case import neutral_like
from blockprobe.measure.persist import persist
from blockprobe.model.addresses import family_of
from blockprobe.model.bypass import Shown
from blockprobe.model.failure import CERTIFICATE_FAILURES, Failure
from blockprobe.model.observation import HttpObservation, Place
from blockprobe.net.echo import new_nonce, quic_path, signed_by_quic_echo
from blockprobe.net.http import Request
from blockprobe.net.http3 import fetch_h3
from blockprobe.net.quic import QuicHello, available, shake_hands
from blockprobe.net.quic_wire import QuicWire
from blockprobe.net.tcp import Endpoint
from blockprobe.net.together import together
from blockprobe.verdict.leg import Leg, endpoint_of, leg_of
from blockprobe.verdict.quic_facts import advertised
from blockprobe.verdict.site_proof import Reading

#: Echoes tried as something neutral.
_ECHOES = 2


async def ways(bench: Bench) -> Ways:
    """One way, where the site says that it speaks HTTP/3."""
    leg, view = bench.known.leg, bench.known.view
    if not available():
        return NotAvailable(because="HTTP/3 needs the extra quic: pip install 'blockprobe[quic]'")
    if not leg.tls or leg.is_ip:
        return NotAvailable(because="HTTP/3 is for https:// and a name")
    if not advertised(view, leg):
        return NotAvailable(because="neither the site's answers nor its HTTPS record advertise HTTP/3")
    return (Way(means="HTTP/3", walk=_walk, open_outside=await _outside(bench)),)


async def _outside(bench: Bench) -> bool | None:
    """Whether a helper gets through to the site over QUIC; None where none tells."""
    known = bench.known
    endpoints = [endpoint_of(known.view.plain(address), known.leg.port) for address in known.true[:4]]
    found = await together(helper.quic(bench.session, known.leg.url, endpoints) for helper in bench.helpers)
    shaken = [one.ok for control in found if control is not None for one in control.quic]
    return any(shaken) if shaken else None


async def _walk(walk: Walk) -> Stop | Reading:
    """The target over HTTP/3, and on to where its own redirects lead; in a neutral site's place, our echo."""
    if not walk.site.listed and (echoed := await _echo(walk)) is not None:
        return echoed
    url = walk.site.url
    for hop in range(MAX_HOPS):
        leg = leg_of(url, hop)
        if leg is None or not leg.tls:
            return Stop(shown=Shown.UNPROVEN, because="a redirect that leads away from HTTP/3")
        came = await _open(walk, leg)
        if isinstance(came, Stop) or came.following is None:
            return came
        url = came.following
    return Stop(shown=Shown.UNPROVEN, because=f"more than {MAX_HOPS} redirects")


async def _open(walk: Walk, leg: Leg) -> Stop | Reading:
    """One leg, at an address of each family that works here."""
    found = (leg.host,) if leg.is_ip else await LINE.find(walk, leg.host)
    if isinstance(found, Stop):
        return found
    able = [address for address in found if address is not None and walk.bench.usable(family_of(address) or 4)]
    first = [next((a for a in able if family_of(a) == family), None) for family in (6, 4)]
    spots = [address for address in first if address is not None]
    if not spots:
        return Stop(shown=Shown.MEANS, because="no address of a family that works on this line")
    shown = await together(_persist(walk, leg, address) for address in spots)
    return min(shown, key=lambda one: BEST.index(one.shown))


async def _persist(walk: Walk, leg: Leg, address: str) -> Stop | Reading:
    """One address, again while it is silent."""
    results = await persist(
        lambda number: _once(walk, leg, address), lambda came: came.shown is not Shown.SILENCE, attempts=ATTEMPTS
    )
    return min(results, key=lambda one: BEST.index(one.shown))


async def _once(walk: Walk, leg: Leg, address: str) -> Stop | Reading:
    hello = QuicHello(server_name=None if leg.is_ip else leg.host, verify_name=leg.host)
    wire = await _shake(walk, Endpoint(address=address, port=leg.port), hello)
    if isinstance(wire, Stop):
        return wire
    page = await _fetch(walk, wire, request_of(leg))
    return walk.read(page, proven=True)


async def _shake(walk: Walk, endpoint: Endpoint, hello: QuicHello, place: Place | None = None) -> QuicWire | Stop:
    seen, wire = await shake_hands(walk.session, walk.why(place), endpoint, hello)
    walk.note(seen)
    if wire is not None:
        return wire
    if seen.failure in CERTIFICATE_FAILURES:
        return Stop(shown=Shown.OTHER, because=f"the certificate does not prove {hello.verify_name}")
    if seen.failure is Failure.GENERIC_TIMEOUT_ERROR:
        return Stop(shown=Shown.SILENCE, because=f"silence at the QUIC handshake with {endpoint.address}")
    return Stop(shown=Shown.OTHER, because=f"{seen.failure} at the QUIC handshake with {endpoint.address}")


async def _fetch(walk: Walk, wire: QuicWire, request: Request, place: Place | None = None) -> HttpObservation:
    try:
        page = await fetch_h3(walk.session, walk.why(place), wire, request)
    finally:
        wire.close()
    walk.note(page)
    return page


async def _echo(walk: Walk) -> Reading | None:
    """A neutral name at our own server over QUIC, signed; None where no echo answers."""
    shared = walk.bench.shared
    key, name = shared.key(), neutral_like(walk.bench.site.host)
    usable = [echo for echo in shared.echoes if walk.bench.usable(family_of(echo.address) or 4)]
    for echo in usable[:_ECHOES] if key is not None else ():
        hello = QuicHello(server_name=name, verify_name=name, verify=False)
        wire = await _shake(walk, Endpoint(address=echo.address, port=443), hello, Place.ECHO)
        if isinstance(wire, Stop):
            continue
        assert key is not None
        nonce = new_nonce()
        request = Request(url=f"https://{name}/", host=name, path=quic_path(key, nonce))
        page = await _fetch(walk, wire, request, Place.ECHO)
        if signed_by_quic_echo(key, name, nonce, page.body):
            return Reading(shown=Shown.REAL, because="our own server answered a neutral name over HTTP/3")
    return None
