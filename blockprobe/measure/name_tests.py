"""Counterfactuals for names on the wire: how a name is carried, in a ClientHello or in a request."""

import asyncio
import json
from dataclasses import replace

from blockprobe.measure.case import Case, neutral_like
from blockprobe.measure.look import hello_for, request_for
from blockprobe.measure.square_tests import NameTester
from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, Place, Test, TlsObservation, Why
from blockprobe.model.words import Layer
from blockprobe.net.echo import EchoKey, Statement, check, new_nonce
from blockprobe.net.http import Request
from blockprobe.net.path import Opening
from blockprobe.net.stream import Stream
from blockprobe.net.tls import Hello, client_hello
from blockprobe.verdict.exchange import fails
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.tls_facts import handshakes
from blockprobe.verdict.view import View


class SniTester(NameTester):
    """The name in a ClientHello."""

    port = 443
    layer = Layer.TLS

    async def run(self, address: str, *, silent: bool) -> None:
        """The square, and beside it a ClientHello in two segments: a filter that does not reassemble lets it pass."""
        if address in self.case.early_at(self.layer, self.leg):  # then the second is done, or under way
            await super().run(address, silent=silent)
        else:
            await asyncio.gather(super().run(address, silent=silent), self._in_two_segments(address))

    async def run_early(self, address: str) -> bool | None:
        """The echo's half of the square, and the ClientHello in two segments."""
        followed, _ = await asyncio.gather(super().run_early(address), self._in_two_segments(address))
        return followed

    async def _in_two_segments(self, address: str) -> None:
        why = Why(test=Test.LARGE_HELLO, place=Place.ORIGIN, hop=self.leg.hop)
        _, stream = await self.case.connect(why, address, self.leg.port, host=self.leg.host)
        if stream is None:
            return
        _, secured = await self.case.handshake(why, stream, hello_for(self.case, self.leg, large=True))
        if secured is not None:
            secured.reset()

    async def speak(self, why: Why, stream: Stream, name: str) -> TlsObservation:
        """A handshake; certificates are not verified where they are nobody's proof (echo, neutral names)."""
        proof = why.listed and why.place is Place.ORIGIN
        hello = hello_for(self.case, self.leg) if proof else Hello(server_name=name, verify_name=name, verify=False)
        observation, secured = await self.case.handshake(why, stream, hello)
        if secured is not None:
            secured.reset()
        return observation

    def opening(self, name: str) -> Opening:
        """A ClientHello with the name."""
        data = client_hello(Hello(server_name=name, verify_name=name, verify=False), self.case.shared.tls)
        return Opening(carrying="client_hello", name=name, data=data, per_ttl=3)


class HostTester(NameTester):
    """The name in a cleartext request."""

    port = 80
    layer = Layer.HTTP

    async def speak(self, why: Why, stream: Stream, name: str) -> HttpObservation:
        """A GET; at the echo the answer's signature is checked."""
        if why.place is Place.ECHO:
            return await self._echo(why, stream, name)
        request = request_for(self.case, self.leg)
        return await self.case.fetch(why, stream, request if why.listed else replace(request, host=name))

    async def _echo(self, why: Why, stream: Stream, name: str) -> HttpObservation:
        key, nonce = self.case.shared.key(), new_nonce()
        signed = (("X-Blockprobe-Key", key.id), ("X-Blockprobe-Nonce", nonce)) if key else ()
        request = Request(url=f"http://{name}/", host=name, path="/", headers=signed)
        observation = await self.case.fetch(why, stream, request)
        if key is None or observation.status is None:
            return observation
        checked = replace(observation, authentic=_is_signed(observation, key, nonce))
        self.case.observations[self.case.observations.index(observation)] = checked
        return checked

    def opening(self, name: str) -> Opening:
        """A request with the name as its Host."""
        data = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
        return Opening(carrying="http_request", name=name, data=data, per_ttl=3)


def _is_signed(observation: HttpObservation, key: EchoKey, nonce: str) -> bool:
    """Whether the body is our echo's, signed over the Host that we sent."""
    try:
        answer = json.loads(observation.body)
        client, claimed = str(answer["client"]), str(answer["mac"])
    except (ValueError, KeyError, TypeError):
        return False
    statement = Statement(kind="http", subject=observation.host.lower(), nonce=nonce, client=client)
    return check(key, statement, claimed)


def tls_in_doubt(view: View, leg: Leg) -> list[tuple[str, bool]]:
    """Addresses where a handshake with the listed name failed without a certificate, and whether in silence."""
    found: dict[str, bool] = {}
    for tls in handshakes(view, leg):
        if fails(tls):
            found[tls.address] = found.get(tls.address, True) and tls.failure is Failure.GENERIC_TIMEOUT_ERROR
    return list(found.items())


def http_in_doubt(view: View, leg: Leg) -> list[tuple[str, bool]]:
    """Addresses where a cleartext request with the listed Host brought nothing, and whether it was silence."""
    found: dict[str, bool] = {}
    for page in view.pages(leg):
        if fails(page):
            found[page.address] = found.get(page.address, True) and page.failure is Failure.GENERIC_TIMEOUT_ERROR
    return list(found.items())


async def forged_page_test(case: Case, leg: Leg) -> None:
    """Does a page come for the listed Host from our own echo as well? Neutral, listed, listed, a neutral site's own."""
    tester = HostTester(case, leg)
    echo = next((e for e in case.shared.echoes if family_of(e.address) == 4), None)
    if echo is None:
        return
    async with echo.alone(80):
        site = next((site.host for site in case.shared.neutral), None)
        for name, listed in ((None, False), (leg.host, True), (leg.host, True), (site, False)):
            why = Why(test=Test.SQUARE, place=Place.ECHO, listed=listed, hop=leg.hop)
            await tester.at(why, echo.address, name or neutral_like(leg.host))


async def goodput_test(case: Case, leg: Leg, size_bytes: int) -> None:
    """As many bytes from our echo, under a neutral name, as the site managed to send: is it the line that is slow?"""
    echo = next((e for e in case.shared.echoes if family_of(e.address) == 4), None)
    if echo is None:
        return
    key = case.shared.key()
    signed = (("X-Blockprobe-Key", key.id),) if key else ()
    why = Why(test=Test.NEUTRAL, place=Place.ECHO, listed=False, hop=leg.hop)
    name = neutral_like(leg.host)
    wanted = min(max(size_bytes, 1024), case.session.body_bytes)
    _, stream = await case.connect(why, echo.address, 80, host=name)
    if stream is not None:
        path = f"/bytes?n={wanted}"
        await case.fetch(why, stream, Request(url=f"http://{name}{path}", host=name, path=path, headers=signed))
