"""The echoes: signed by the key, silent to strangers, never louder than they are asked."""

import asyncio
import json
import random
import socket
import ssl

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.helper.echo_dns import answer_tcp, answer_udp
from blockprobe.helper.keys import KeyTable
from blockprobe.model.observation import Place, ResolverGroup, Test, Why
from blockprobe.net import echo
from blockprobe.net.dns import DnsClient
from blockprobe.net.dns_wire import Question, ask
from blockprobe.net.resolver import parse_resolver
from blockprobe.net.tls import TlsContexts

from .small_world import ECHO, Files, OwnTime, World, run, small_world

ME = "127.0.0.1"
WHY = Why(test=Test.ECHO, place=Place.ECHO)


def query(keys: KeyTable, name: str = "listed.example", client: str = ME) -> tuple[bytes, echo.EchoKey, str]:
    key = keys.issue(client)
    asked = ask(Question(qname=name, qtype="A", echo_key=key))
    return asked.wire, key, asked.nonce


def test_a_signed_answer_fits_into_its_question() -> None:
    keys = KeyTable(OwnTime())
    wire, key, nonce = query(keys)
    answer = answer_udp(wire, ME, keys)
    assert answer is not None
    assert len(answer) <= len(wire)
    assert len(wire) >= 300
    read = dns.message.from_wire(answer)
    assert read.rcode() == dns.rcode.NOERROR
    assert not read.flags & dns.flags.TC
    strings = tuple(text.decode() for text in read.additional[0][0].strings)
    assert echo.seen_by_dns_echo(key, "listed.example/A", nonce, strings) == ME
    assert echo.seen_by_dns_echo(key, "other.example/A", nonce, strings) is None


def test_strangers_get_no_datagram() -> None:
    clock = OwnTime()
    keys = KeyTable(clock)
    wire, _, _ = query(keys)
    assert answer_udp(wire, "127.0.0.8", keys) is None, "a forged source address"
    assert answer_udp(ask(Question(qname="a.example", qtype="A")).wire, ME, keys) is None, "no key"
    forged = ask(
        Question(
            qname="a.example", qtype="A", echo_key=echo.EchoKey(id="0" * 16, secret="0" * 64, expires=0, client=ME)
        )
    ).wire
    assert answer_udp(forged, ME, keys) is None, "no key of ours"
    clock.at += 601
    assert answer_udp(wire, ME, keys) is None, "its key has expired"
    refused = answer_tcp(wire, ME, keys)
    assert refused is not None
    assert dns.message.from_wire(refused).rcode() == dns.rcode.REFUSED


@given(
    labels=st.lists(st.text("abcdefgh0123456789-", min_size=1, max_size=63), min_size=1, max_size=3),
    qtype=st.sampled_from(["A", "AAAA", "HTTPS", "TXT", "SOA", "ANY"]),
    padded=st.booleans(),
    nonce=st.text("0123456789abcdef", min_size=1, max_size=64),
)
def test_never_more_bytes_than_asked(labels: list[str], qtype: str, padded: bool, nonce: str) -> None:
    keys = KeyTable(OwnTime())
    key = keys.issue(ME)
    message = dns.message.make_query(".".join([*labels, "example"]), qtype, use_edns=0)
    options = [dns.edns.GenericOption(echo.DNS_OPTION, echo.dns_option(key, nonce))]
    message.use_edns(0, 0, 1232, options=options, pad=300 if padded else 0)
    wire = message.to_wire()
    answer = answer_udp(wire, ME, keys)
    assert answer is not None
    assert len(answer) <= len(wire)
    read = dns.message.from_wire(answer)
    assert read.flags & dns.flags.TC or read.additional
    over_tcp = answer_tcp(wire, ME, keys)
    assert over_tcp is not None
    assert dns.message.from_wire(over_tcp).additional


@given(st.binary(max_size=600))
def test_garbage_is_nothing(data: bytes) -> None:
    keys = KeyTable(OwnTime())
    assert answer_udp(data, ME, keys) is None
    wire, _, _ = query(keys)
    for cut in (data + wire, wire + data, wire[: len(data)], bytes(a ^ b for a, b in zip(wire, data, strict=False))):
        answer = answer_udp(cut, ME, keys)
        assert answer is None or len(answer) <= len(cut)
        answer_tcp(cut, ME, keys)


def test_a_flipped_bit_is_nothing_worse() -> None:
    keys, dice = KeyTable(OwnTime()), random.Random(5)
    wire, _, _ = query(keys)
    for _ in range(500):
        broken = bytearray(wire)
        broken[dice.randrange(len(wire))] ^= 1 << dice.randrange(8)
        answer = answer_udp(bytes(broken), ME, keys)
        assert answer is None or len(answer) <= len(broken)


async def _key(world: World) -> echo.EchoKey:
    client = world.client()
    key = await client.echo_key(world.session())
    await client.aclose()
    assert key is not None
    return key


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_our_dns_client_believes_it(files: Files, scheme: str) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            key = await _key(world)
            client = DnsClient(world.session().dialer, world.clock, TlsContexts())
            url = f"{scheme}://{ECHO}:{world.helper.listening.echoes[0].dns}"
            resolver = parse_resolver(url, ResolverGroup.ECHO)
            for name in ("Listed.Example", "a." * 60 + "example"):
                seen = await client.query(world.session(), WHY, resolver, Question(qname=name, qtype="A", echo_key=key))
                assert (seen.authentic, seen.seen_address) == (True, ME), seen
            await client.aclose()

    run(main)


async def _get(
    world: World, target: str, headers: dict[str, str], *, server_name: str | None = None, tls: bool = False
) -> tuple[int, bytes]:
    echoes = world.helper.listening.echoes[0]
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(
        ECHO, echoes.https if tls else echoes.http, ssl=context, server_hostname=(server_name or "") if tls else None
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {target} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
    raw = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    head, _, body = raw.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


@pytest.mark.usefixtures("trusted")
def test_http_echo_shows_and_signs(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            key = await _key(world)
            headers = {
                "hOsT": "Listed.Example:8080",
                "X-Odd": "\u00e4",
                "X-Blockprobe-Key": key.id,
                "X-Blockprobe-Nonce": "abc123",
            }
            status, body = await _get(world, "/p?q", headers)
            page = json.loads(body)
            assert (status, page["method"], page["target"], page["client"], page["sni"]) == (
                200,
                "GET",
                "/p?q",
                ME,
                None,
            )
            assert ["hOsT", "Listed.Example:8080"] in page["headers"]
            assert "measuring point" in page["purpose"]
            statement = echo.Statement(kind="http", subject="listed.example:8080", nonce="abc123", client=ME)
            assert echo.check(key, statement, page["mac"])
            for changes in ({"X-Blockprobe-Key": "0" * 16}, {"X-Blockprobe-Nonce": ""}):
                _, body = await _get(world, "/", headers | changes)
                assert json.loads(body)["mac"] is None

    run(main)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", ["Listed.Example", "ctl.example", None])
def test_tls_echo_takes_any_name(files: Files, name: str | None) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            key = await _key(world)
            headers = {"Host": "x", "X-Blockprobe-Key": key.id, "X-Blockprobe-Nonce": "n1"}
            _, body = await _get(world, "/", headers, tls=True, server_name=name)
            page = json.loads(body)
            subject = (name or "").lower()
            assert page["sni"] == subject
            assert echo.check(key, echo.Statement(kind="tls", subject=subject, nonce="n1", client=ME), page["mac"])

    run(main)


@pytest.mark.usefixtures("trusted")
def test_bytes_for_goodput_go_to_holders_of_a_key(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            key = await _key(world)
            known = {"Host": "x", "X-Blockprobe-Key": key.id}
            for number in (0, 1, 65_536, 1_000_001):
                status, body = await _get(world, f"/bytes?n={number}", known)
                assert (status, len(body)) == (200, number)
            assert (await _get(world, "/bytes?n=1", {"Host": "x"}))[0] == 403
            for wrong in ("n=4000001", "n=-1", "n=x", "", "n=1e3"):
                assert (await _get(world, f"/bytes?{wrong}", known))[0] == 400

    run(main)


@pytest.mark.usefixtures("trusted")
def test_nobody_gets_more_than_a_budget_of_bytes(files: Files) -> None:
    async def main() -> None:
        async with small_world(files, megabytes_per_hour=3) as world:
            key = await _key(world)
            known = {"Host": "x", "X-Blockprobe-Key": key.id}
            found = [(await _get(world, "/bytes?n=1000000", known))[0] for _ in range(4)]
            assert found == [200, 200, 200, 429]
            assert (await _get(world, "/", known))[0] == 200, "the page costs nothing"

    run(main)


@pytest.mark.usefixtures("trusted")
def test_many_clients_at_once(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            await asyncio.gather(*(_get(world, "/", {"Host": f"h{n}.example"}) for n in range(100)))
            await asyncio.gather(
                *(_get(world, "/", {"Host": "x"}, tls=True, server_name=f"h{n}.example") for n in range(40))
            )

    run(main)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 17_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 90_000, b"431"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + b"z" * 20_000, b"413"),
        (b"\x16\x03\x01\x02\x00" + b"\x00" * 200 + b"\n\n", b"400"),
    ],
)
def test_what_is_no_request(files: Files, sent: bytes, status: bytes) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            reader, writer = await asyncio.open_connection(ECHO, world.helper.listening.echoes[0].http)
            writer.write(sent)
            answer = await reader.read(-1)
            assert answer.startswith(b"HTTP/1.1 " + status), answer
            writer.close()

    run(main)


def test_udp_socket_stays_silent(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            loop = asyncio.get_running_loop()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.connect((ECHO, world.helper.listening.echoes[0].dns))
                for wire in (b"", b"x", ask(Question(qname="a.example", qtype="TXT")).wire):
                    sock.send(wire)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await loop.sock_recv(sock, 4096)

    run(main)
