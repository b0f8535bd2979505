"""The QUIC echo and QUIC in control measurements: signed over the name that arrived, silent to strangers, optional."""

import asyncio
import importlib.util
import socket
from pathlib import Path

import pytest

from blockprobe.helper import echo_service
from blockprobe.helper.quic_server import configuration
from blockprobe.model.errors import ConfigError
from blockprobe.model.observation import HttpObservation, Place, Test, Why
from blockprobe.net import echo
from blockprobe.net.http import Request
from blockprobe.net.http3 import fetch_h3
from blockprobe.net.quic import QuicHello, shake_hands
from blockprobe.net.tcp import Endpoint
from tests.net.quic_site import serving

from .small_world import ECHO, SITE, Files, World, run, small_world

WHY = Why(test=Test.ECHO, place=Place.ECHO)


async def ask_echo(world: World, name: str, path: str) -> HttpObservation:
    port = world.helper.listening.echoes[0].quic
    assert port
    endpoint, session = Endpoint(address=ECHO, port=port), world.session()
    seen, wire = await shake_hands(session, WHY, endpoint, QuicHello(server_name=name, verify_name=name, verify=False))
    assert wire is not None, seen
    assert seen.retry
    try:
        return await fetch_h3(session, WHY, wire, Request(url=f"https://{name}/", host=name, path=path))
    finally:
        wire.close()


def test_any_name_is_answered_and_signed_as_it_arrived(files: Files, trusted: Path) -> None:
    async def main() -> None:
        async with small_world(files, quic=0) as world:
            client = world.client()
            key = await client.echo_key(world.session())
            await client.aclose()
            assert key is not None
            nonce = echo.new_nonce()
            page = await ask_echo(world, "Listed.example", echo.quic_path(key, nonce))
            assert page.status == 200
            assert echo.signed_by_quic_echo(key, "listed.example", nonce, page.body)
            assert not echo.signed_by_quic_echo(key, "other.example", nonce, page.body)
            assert not echo.signed_by_quic_echo(key, "listed.example", echo.new_nonce(), page.body)

    run(main)


def test_without_a_key_there_is_a_page_and_no_signature(files: Files, trusted: Path) -> None:
    async def main() -> None:
        async with small_world(files, quic=0) as world:
            for path in ("/", f"/echo/{'0' * 16}/abc", "/echo/../x"):
                page = await ask_echo(world, "a.example", path)
                assert (page.status, '"mac": null' in page.body) == (200, True)

    run(main)


def test_a_datagram_is_answered_with_less_than_it_had_or_not_at_all(files: Files, trusted: Path) -> None:
    async def main() -> None:
        async with small_world(files, quic=0) as world:
            port = world.helper.listening.echoes[0].quic
            initial = b"\xc3\x00\x00\x00\x01\x08" + b"d" * 8 + b"\x08" + b"s" * 8 + b"\x00\x44\xd0" + b"x" * 1173
            strange = b"\xc3\x1a\x2a\x3a\x4a" + initial[5:]
            short = strange[:200]
            for sent in (initial, strange, short, b"\x40" * 1300, b"", b"\xff", bytes(1200)):
                got = await answers_to(sent, (ECHO, port or 0))
                assert sum(map(len, got)) < max(1, len(sent))
                assert got == [] or len(sent) >= 1200

    run(main)


async def answers_to(data: bytes, place: tuple[str, int]) -> list[bytes]:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(place)
        sock.send(data)
        got = []
        try:
            async with asyncio.timeout(0.15):
                while True:
                    got.append(await loop.sock_recv(sock, 65536))
        except TimeoutError:
            return got


def test_without_the_extra_the_setting_is_refused_with_the_remedy(
    files: Files, trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(echo_service, "available", lambda: importlib.util.find_spec("no_such_library") is not None)

    async def main() -> None:
        with pytest.raises(ConfigError, match="pip install 'blockprobe\\[quic\\]'"):
            async with small_world(files, quic=0):
                pass

    run(main)


def test_a_wildcard_is_refused_because_answers_would_leave_from_elsewhere(files: Files, trusted: Path) -> None:
    async def main() -> None:
        with pytest.raises(ConfigError, match="name the addresses in echo_address"):
            async with small_world(files, quic=0, echo_address=("0.0.0.0",)):
                pass

    run(main)


def test_a_control_measurement_tells_of_quic_when_asked(files: Files, trusted: Path) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            url, port = f"https://site.example:{world.site.https}/", world.site.https
            made = configuration(str(files.site))
            async with serving(made, at=(SITE, port)):
                client = world.client()
                plain = await client.control(world.session(), url, [f"{SITE}:{port}"])
                told = await client.quic(world.session(), url, [f"{SITE}:{port}", "192.0.2.1:443"])
                await client.aclose()
            assert plain.quic == ()
            assert told is not None
            assert [(one.endpoint, one.ok, one.failure) for one in told.quic] == [(f"{SITE}:{port}", True, None)]
            assert (told.tcp, told.tls, told.hops, told.dns) == ((), (), (), None)

    run(main)


def test_a_site_without_quic_is_a_failure_of_the_control(files: Files, trusted: Path) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            url, client = f"https://site.example:{world.site.https}/", world.client()
            told = await client.quic(world.session(), url, [f"{SITE}:{world.site.https}"])
            await client.aclose()
            assert told is not None
            assert [(one.ok, one.failure) for one in told.quic] == [(False, "connection_refused")]

    run(main)
