"""QUIC to sites that advertise HTTP/3: a look, and where it meets silence, one thing changed after another.

Nothing here changes a state (docs/quic.md). It runs last, for a filter that punishes an address may have been triggered
by what was sent over TCP, and must not be triggered before.
"""

import asyncio
from dataclasses import replace

from blockprobe.measure.case import Case, neutral_like
from blockprobe.measure.clean_echo import usable
from blockprobe.measure.look import hello_for, limited
from blockprobe.measure.persist import persist
from blockprobe.measure.shared import Shared
from blockprobe.measure.square_tests import NameTester
from blockprobe.model.addresses import family_of
from blockprobe.model.observation import Place, QuicObservation, Test, Why
from blockprobe.model.record import Target, Vantage
from blockprobe.model.words import Layer
from blockprobe.net.dial import TcpOptions
from blockprobe.net.echo import new_nonce, quic_path, signed_by_quic_echo
from blockprobe.net.http import Request
from blockprobe.net.http3 import fetch_h3
from blockprobe.net.path import trace_syn
from blockprobe.net.quic import QuicHello, available, shake_hands
from blockprobe.net.quic_path import trace_initial
from blockprobe.net.quic_wire import QuicWire
from blockprobe.net.tcp import Endpoint
from blockprobe.net.together import together
from blockprobe.verdict.address_facts import judged_addresses
from blockprobe.verdict.leg import Leg, endpoint_of, leg_of
from blockprobe.verdict.quic_facts import address_in_doubt, advertised, silent_addresses
from blockprobe.verdict.quic_path import path_withholds_quic

#: Rounds of three packets at each hop limit, at most: two prove it on a clean line, and a loss spoils "three of three".
PATH_ROUNDS = 5
#: Echoes tried until one speaks QUIC; the answer holds for the whole run.
_ECHOES = 2
_NEUTRAL_URL = "https://neutral.example/"  # of which the length of a neutral name is taken


async def test_quic(case: Case, leg: Leg) -> None:
    """Look, and settle what can be settled; does nothing where the site does not advertise HTTP/3."""
    if not available() or not advertised(case.view(), leg):
        return
    addresses = limited(case, leg, list(judged_addresses(case.view(), leg)))
    first = [next((a for a in addresses if family_of(a) == family), None) for family in (6, 4)]
    await together(_look(case, leg, address) for address in first if address is not None)
    silent = silent_addresses(case.view(), leg)
    if not silent:
        return
    case.step_aside()
    if not await _line_speaks_quic(case, leg):
        return
    tester = QuicTester(case, leg)
    await asyncio.gather(
        tester.at_echo(silent=True, patience_s=0.0), *(tester.neutral_at(address) for address in silent)
    )
    await together(_test_address(case, leg, address) for address in silent)


async def _test_address(case: Case, leg: Leg, address: str) -> None:
    """Is it the address? Only if somebody else gets through to it over QUIC is the path looked at."""
    if not address_in_doubt(case.view(), leg, address):
        return
    await asyncio.gather(case.shared.whole_line(), _ask_helpers(case, leg, address))
    control = case.view().control_quic(leg, address)
    if control is not None and control.ok:
        await _along_the_path(case, leg, address)


async def _look(case: Case, leg: Leg, address: str) -> None:
    """Shake hands with the listed name, again where it fails, with a neutral connection between the attempts."""
    sent = hello_for(case, leg)
    hello = QuicHello(server_name=sent.server_name, verify_name=sent.verify_name)

    async def attempt(number: int) -> bool:
        if number:
            case.spawn(case.neutral_connects(family_of(address) or 4))
        why = Why(test=Test.REPEAT if number else Test.LOOK, place=Place.ORIGIN, hop=leg.hop, attempt=number)
        seen, wire = await shake(case, why, Endpoint(address=address, port=leg.port), hello)
        if wire is not None:
            wire.close()
        return seen.failure is None

    await persist(attempt, bool, attempts=max(3, case.shared.settings.limits.attempts))


async def shake(case: Case, why: Why, endpoint: Endpoint, hello: QuicHello) -> tuple[QuicObservation, QuicWire | None]:
    """One handshake, written down."""
    seen, wire = await shake_hands(case.session, why, endpoint, hello)
    case.note(seen)
    return seen, wire


async def _line_speaks_quic(case: Case, leg: Leg) -> bool:
    """Whether a neutral name reaches one of our echoes over QUIC; found out once a run, by the first who needs it.

    Where UDP to port 443 is dropped altogether, as companies do it, nothing can be said of any site.
    """
    shared = case.shared
    async with shared.quic_turn:
        if shared.quic is None:
            tester = QuicTester(case, leg)
            why = Why(test=Test.SQUARE, place=Place.ECHO, listed=False, hop=leg.hop)
            here = [echo for echo in shared.echoes if usable(shared, echo)]
            echoes = sorted(here, key=lambda echo: shared.ledger.is_hot((echo.address, tester.port)))[:_ECHOES]
            found = await together(tester.at(why, echo.address, neutral_like(leg.host)) for echo in echoes)
            shared.quic = any(one.failure is None for one in found)
    return shared.quic


async def quic_to_echo(shared: Shared) -> bool | None:
    """What `whoami` asks: does a neutral name reach our echo over QUIC? None: no extra, or no echo to ask."""
    leg = leg_of(_NEUTRAL_URL, 0)
    if not available() or not shared.echoes or leg is None:
        return None
    case = Case(shared, Target(input="line", url="", host=""), Vantage(), "line")
    return await _line_speaks_quic(case, leg)


class QuicTester(NameTester):
    """The name in a QUIC Initial."""

    port = 443
    layer = Layer.QUIC

    async def at(self, why: Why, address: str, name: str, *, options: TcpOptions | None = None) -> QuicObservation:
        """Shake hands; at the echo also ask for the signed page, where there is a key. `options` are TCP's."""
        port = self.port if why.place is Place.ECHO else self.leg.port
        hello = QuicHello(server_name=name, verify_name=name, verify=False)
        seen, wire = await shake_hands(self.case.session, why, Endpoint(address=address, port=port), hello)
        if wire is not None:
            try:
                if why.place is Place.ECHO:
                    seen = await self._signed(seen, wire, name)
            finally:
                wire.close()
        self.case.note(seen)
        return seen

    async def neutral_at(self, address: str) -> None:
        """Two neutral names at the site's own address, side by side, to save the user's time."""
        why = Why(test=Test.SQUARE, place=Place.ORIGIN, listed=False, hop=self.leg.hop)
        name = neutral_like(self.leg.host)
        await together(self.at(replace(why, attempt=number), address, name) for number in range(2))

    async def _signed(self, seen: QuicObservation, wire: QuicWire, name: str) -> QuicObservation:
        """The same observation with what the echo's signature says; unknown where it said nothing."""
        key, nonce = self.case.shared.key(), new_nonce()
        if key is None:
            return seen
        request = Request(url=f"https://{name}/", host=name, path=quic_path(key, nonce))
        page = await fetch_h3(self.case.session, seen.why, wire, request)
        if page.status is None:
            return seen
        return replace(seen, authentic=signed_by_quic_echo(key, name, nonce, page.body))


async def _ask_helpers(case: Case, leg: Leg, address: str) -> None:
    """Does the address answer somebody else over QUIC?"""
    endpoints = [endpoint_of(case.view().plain(address), leg.port)]
    found = await together(helper.quic(case.session, leg.url, endpoints) for helper in case.shared.helpers)
    case.controls.extend(control for control in found if control is not None)


async def _along_the_path(case: Case, leg: Leg, address: str) -> None:
    """Initials with the hop limits of the common path, to the address and to somebody else, and SYNs to the address."""
    family = family_of(address)
    ttls = [hop.ttl for hop in case.shared.line.common_path if hop.family == family]
    other = _somebody_else(case, family or 4)
    if not ttls or other is None:
        return
    here, name = Endpoint(address=address, port=leg.port), neutral_like(leg.host)
    why = Why(test=Test.PATH, place=Place.ORIGIN, listed=False, hop=leg.hop)
    beside = replace(why, place=other[0])
    there = Endpoint(address=other[1], port=443)
    for _ in range(PATH_ROUNDS):
        found = await asyncio.gather(
            trace_initial(case.session, why, here, ttls, name=name),
            trace_initial(case.session, beside, there, ttls, name=name),
            trace_syn(case.session, why, here, ttls),
        )
        for path in found:
            case.note(path)
        if path_withholds_quic(case.view(), leg, address):
            return


def _somebody_else(case: Case, family: int) -> tuple[Place, str] | None:
    """Our echo, or a neutral site whose address has the family: packets for it end on the common path."""
    echo = next((e.address for e in case.shared.echoes if family_of(e.address) == family), None)
    if echo is not None:
        return Place.ECHO, echo
    neutral = case.shared.next_neutral(family)
    return (Place.NEUTRAL, neutral[1]) if neutral is not None else None
