"""The client against helpers of every kind: OONI's, broken ones, hostile ones, silent ones."""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from blockprobe.model.control import Control
from blockprobe.model.errors import ConfigError
from blockprobe.model.failure import Failure
from blockprobe.net import helper_client
from blockprobe.net.clock import Clock, SystemClock
from blockprobe.net.dial import Dialer, TcpAttempt
from blockprobe.net.helper_answer import read_answer
from blockprobe.net.helper_client import HelperClient
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts

URL = "https://a.example/"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

#: In the shape of oohelperd's answers.
OONI: dict[str, Any] = {
    "tcp_connect": {
        "203.0.113.5:443": {"status": True, "failure": None},
        "[2001:db8::5]:443": {"status": False, "failure": "connect_error"},
        "203.0.113.5:80": {"status": False, "failure": "generic_timeout_error"},
        "nonsense": {"status": True, "failure": None},
    },
    "tls_handshake": {"203.0.113.5:443": {"server_name": "a.example", "status": True, "failure": None}},
    "quic_handshake": {},
    "http_request": {
        "body_length": 1256,
        "discovered_h3_endpoint": "",
        "failure": None,
        "title": "Example Domain",
        "headers": {"Content-Type": "text/html", "Etag": "x"},
        "status_code": 200,
    },
    "http3_request": None,
    "dns": {"failure": None, "addrs": ["203.0.113.5", "2001:db8::5", "not an address"]},
    "ip_info": {"203.0.113.5": {"asn": 64500, "flags": 3}},
}
OURS: dict[str, Any] = OONI | {
    "x_blockprobe": {
        "version": 1,
        "now": 1.8e9,
        "client": "198.51.100.10",
        "key": {"id": "0123456789abcdef", "secret": "ab" * 32, "expires": 1.8e9 + 600},
        "dns": {
            "rcode": "NOERROR",
            "ede": [15],
            "addresses": ["203.0.113.5"],
            "soa": {"name": "a.example", "type": "SOA", "value": "ns hm 1 2 3 4 5", "ttl": 60},
        },
        "tls": {"203.0.113.5:443": {"server_name": "a.example", "ok": True, "failure": None, "leaf_sha256": "0" * 64,
                                    "spki_sha256": "1" * 64, "issuer": "CN=x"}},
        "hops": [{"url": URL, "failure": None, "status": 200, "title": None, "location": None, "headers": [["A", "b"]],
                  "body_bytes": 5, "body_sha256": "2" * 64, "sketch": [1, 2]}],
    }
}  # fmt: skip


def http(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def says(*answers: bytes, seen: list[bytes] | None = None) -> Talk:
    """A helper that gives these answers, one a request, the last one for ever."""
    left = list(answers)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if seen is not None:
                seen.append(head + body)
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()

    return talk


@contextlib.asynccontextmanager
async def helper(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


def session() -> Session:
    clock = SystemClock()
    return Session(clock=clock, dialer=Dialer(), began=clock.monotonic())


def client_of(url: str, *, clock: Clock | None = None, token: str | None = None) -> HelperClient:
    return HelperClient(url, clock=clock or SystemClock(), dialer=Dialer(), contexts=TlsContexts(), token=token)


def ask(talk: Talk, *, times: int = 1, bare: bool = False, tls: ssl.SSLContext | None = None) -> Control:
    async def main() -> Control:
        async with helper(talk, tls) as url:
            client = client_of(url)
            try:
                for _ in range(times):
                    control = await client.control(session(), URL, ["203.0.113.5:443"], bare=bare)
                return control
            finally:
                await client.aclose()
                await asyncio.sleep(0.01)

    return asyncio.run(main())


def test_a_foreign_helper() -> None:
    seen: list[bytes] = []
    control = ask(says(http(json.dumps(OONI).encode(), headers="Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"), seen=seen))
    assert (control.failure, control.extended) == (None, False)
    assert control.dns is not None
    assert (control.dns.addresses, control.dns.rcode) == (("203.0.113.5", "2001:db8::5"), None)
    assert {one.endpoint: (one.ok, one.failure) for one in control.tcp} == {
        "203.0.113.5:443": (True, None),
        "[2001:db8::5]:443": (False, "connect_error"),
        "203.0.113.5:80": (False, "generic_timeout_error"),
    }
    assert [(one.server_name, one.ok, one.leaf_sha256) for one in control.tls] == [("a.example", True, None)]
    [hop] = control.hops
    assert (hop.url, hop.status, hop.title, hop.body_bytes, hop.body_sha256) == (URL, 200, "Example Domain", 1256, None)
    assert (control.clock_offset_s or 0) < -1e7, "our clock is years ahead of its"
    asked = json.loads(seen[0].partition(b"\r\n\r\n")[2])
    assert asked["http_request"] == URL
    assert asked["tcp_connect"] == ["203.0.113.5:443"]
    assert set(asked["http_request_headers"]) == {"User-Agent", "Accept", "Accept-Language"}


def test_bare_sends_nothing_of_ours() -> None:
    seen: list[bytes] = []
    ask(says(http(json.dumps(OONI).encode()), seen=seen), bare=True)
    assert b"x_blockprobe" not in seen[0]


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"http_request": {"body_length": -1, "failure": "dns_lookup_error", "title": "", "headers": {},
                           "status_code": -1, "discovered_h3_endpoint": ""},
          "dns": {"failure": "dns_name_error", "addrs": None}}, "dns_lookup_error"),
        ({"tls_handshake": None, "quic_handshake": None}, None),
    ],
)  # fmt: skip
def test_variants_of_a_foreign_answer(changes: dict[str, Any], failure: str | None) -> None:
    answer = read_answer(json.dumps(OONI | changes).encode(), URL)
    assert answer.hops[0].failure == failure


def test_our_helper() -> None:
    answer = read_answer(json.dumps(OURS).encode(), URL)
    assert answer.extended
    assert answer.dns is not None
    assert answer.dns.soa is not None
    assert (answer.dns.ede, answer.tls[0].issuer, answer.hops[0].sketch) == ((15,), "CN=x", (1, 2))
    assert answer.client == "198.51.100.10"
    assert answer.key is not None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "200 OK"),
        (b"{}", "200 OK"),
        (b"null", "200 OK"),
        (b"<html>portal</html>", "200 OK"),
        (b'{"dns": {"failure": 5}}', "200 OK"),
        (b'{"dns": {"addrs": ["' + b"1" * 300 + b'"]}}', "200 OK"),
        (b"[" * 100_000, "200 OK"),
        (b'{"dns": {"failure": "\\ud800"}}', "200 OK"),
        (json.dumps(OONI).encode(), "302 Found"),
        (json.dumps(OONI).encode(), "500 Oops"),
        (json.dumps(OURS | {"x_blockprobe": OURS["x_blockprobe"] | {"now": "NaN"}}).encode(), "200 OK"),
        (json.dumps(OURS | {"x_blockprobe": OURS["x_blockprobe"] | {"now": float("inf")}}).encode(), "200 OK"),
        (b'"' + b"x" * 2_100_000 + b'"', "200 OK"),
    ],
)
def test_bad_answers(body: bytes, status: str) -> None:
    control = ask(says(http(body, status=status)))
    assert control.failure is Failure.HELPER_BAD_ANSWER
    assert control.detail
    assert len(control.detail) <= 300


def test_an_endless_answer() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" " * 65_536)
            await writer.drain()

    assert ask(talk).failure is Failure.HELPER_BAD_ANSWER


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"dns":')


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SSH-2.0-nothing\r\n\r\n" * 20)


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


@pytest.mark.parametrize(
    ("talk", "failure"),
    [
        (_close, Failure.EOF_ERROR),
        (_half, Failure.EOF_ERROR),
        (_reset, Failure.CONNECTION_RESET),
        (_garbage, Failure.HTTP_MALFORMED_RESPONSE),
        (_silence, Failure.GENERIC_TIMEOUT_ERROR),
    ],
)
def test_what_the_network_does(talk: Talk, failure: Failure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper_client, "TOTAL_S", 0.5)
    assert ask(talk).failure is failure


def test_given_up_by_the_caller() -> None:
    """A cancelled question leaves nothing behind that the next one could trip over."""

    async def main() -> None:
        async with helper(_silence) as silent, helper(says(http(json.dumps(OONI).encode()))) as good:
            client = client_of(silent)
            asking = [asyncio.create_task(client.control(session(), URL, [])) for _ in range(100)]
            await asyncio.sleep(0.1)
            for one in asking:
                one.cancel()
            assert {type(one) for one in await asyncio.gather(*asking, return_exceptions=True)} == {
                asyncio.CancelledError
            }
            client.url = good
            assert (await client.control(session(), URL, [])).failure is None
            await client.aclose()
            await asyncio.sleep(0.05)

    asyncio.run(main())


def test_nobody_listens() -> None:
    async def main() -> Control:
        client = client_of("http://127.0.0.1:1/")
        control = await client.control(session(), URL, [])
        await client.aclose()
        return control

    assert asyncio.run(main()).failure is Failure.CONNECTION_REFUSED


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "good.pem")
    authority.issue_cert("ctl.example").private_key_and_cert_chain_pem.write_to_path(folder / "other.pem")
    return folder


@pytest.mark.parametrize(
    ("name", "trusted", "failure"),
    [
        ("good.pem", True, None),
        ("other.pem", True, Failure.SSL_INVALID_HOSTNAME),
        ("good.pem", False, Failure.SSL_UNKNOWN_AUTHORITY),
    ],
)
def test_the_helpers_certificate(
    certificate: Path, name: str, trusted: bool, failure: Failure | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / name)
    server_names: list[str | None] = []
    context.sni_callback = lambda _, sent, __: server_names.append(sent)
    assert ask(says(http(json.dumps(OONI).encode())), tls=context).failure is failure
    assert server_names == [None], "an address is no server name"


def test_sockets_and_contexts_are_those_that_were_handed_in(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "good.pem")
    used: list[object] = []

    class Counting(Dialer):
        async def attempt(self, *arguments: Any, **options: Any) -> TcpAttempt:
            used.append(self)
            return await super().attempt(*arguments, **options)

    class Shared(TlsContexts):
        def connection(self, *arguments: Any) -> ssl.SSLObject:
            used.append(self)
            return super().connection(*arguments)

    dialer, contexts = Counting(), Shared()

    async def main() -> Control:
        async with helper(says(http(json.dumps(OONI).encode())), context) as url:
            client = HelperClient(url, clock=SystemClock(), dialer=dialer, contexts=contexts)
            control = await client.control(session(), URL, [])
            await client.aclose()
            await asyncio.sleep(0.01)
            return control

    assert asyncio.run(main()).failure is None
    assert used == [dialer, contexts]


def test_keys_come_over_tls_only_and_expire(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "good.pem")

    class Hours(SystemClock):
        later = 0.0

        def monotonic(self) -> float:
            return super().monotonic() + self.later

    async def main() -> None:
        talk = says(http(json.dumps(OURS).encode()))
        async with helper(talk, context) as url, helper(talk) as clear:
            clock = Hours()
            client = client_of(url, clock=clock)
            key = await client.echo_key(session())
            assert key is not None
            assert (key.id, key.client) == ("0123456789abcdef", "198.51.100.10")
            Hours.later = 530
            assert client.current_key == key, "its life counts by our monotonic clock, whatever the wall clock says"
            Hours.later = 541
            assert client.current_key is None
            assert await client.echo_key(session()) is not None, "asked for again"
            await client.aclose()
            client = client_of(clear)
            assert await client.echo_key(session()) is None
            await client.aclose()
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_a_busy_helper_is_asked_again() -> None:
    busy = http(b"{}", status="503 Busy", headers="Retry-After: 0\r\n")
    assert ask(says(busy, busy, http(json.dumps(OONI).encode()))).failure is None
    later = ask(says(http(b"{}", status="429 Slow", headers="Retry-After: 60\r\n")))
    assert later.failure is Failure.HELPER_BAD_ANSWER
    assert "429" in (later.detail or "")
    never = ask(says(http(b"{}", status="429 Slow")))
    assert never.failure is Failure.HELPER_BAD_ANSWER


def test_a_kept_connection_that_was_closed() -> None:
    """One request a connection, whatever keep-alive promised: no failure of the network's."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(json.dumps(OONI).encode()))
        await writer.drain()

    assert ask(once, times=3).failure is None


@pytest.mark.parametrize(("takes_s", "at_least", "at_most"), [(0.01, 1, 16), (2.0, 40, 40)])
def test_a_quick_helper_needs_few_connections_and_a_slow_one_gets_them_all(
    takes_s: float, at_least: int, at_most: int
) -> None:
    opened = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
            await asyncio.sleep(takes_s)
            writer.write(http(json.dumps(OONI).encode()))

    async def main() -> list[Control]:
        async with helper(talk) as url:
            client = client_of(url)
            try:
                return await asyncio.gather(*(client.control(session(), URL, []) for _ in range(40)))
            finally:
                await client.aclose()

    assert all(control.failure is None for control in asyncio.run(main()))
    assert at_least <= opened <= at_most


@pytest.mark.parametrize(
    "url", ["", "ctl.example", "ftp://ctl.example/", "https://", "https://u:p@ctl.example/", "http://[::1"]
)
def test_urls_that_are_no_helpers(url: str) -> None:
    with pytest.raises(ConfigError, match=r"helper\.urls"):
        client_of(url)


def test_the_token_is_shown() -> None:
    seen: list[bytes] = []

    async def main() -> None:
        async with helper(says(http(json.dumps(OONI).encode()), seen=seen)) as url:
            client = client_of(url, token="a b c")
            await client.control(session(), URL, [])
            await client.aclose()
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert b"Authorization: Bearer a b c\r\n" in seen[0]


def test_chunked_answers_leave_the_connection_open() -> None:
    """What Go's server sends for more than 2 KB, and with it OONI's helper."""
    body = json.dumps(OONI).encode()
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    connections = 0
    plain = says(answer)

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await plain(reader, writer)

    assert ask(counting, times=3).failure is None
    assert connections == 1


def test_more_than_was_announced_is_no_answer() -> None:
    assert ask(says(http(json.dumps(OONI).encode()) + b"more")).failure is Failure.EOF_ERROR


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_CONTROL = TypeAdapter(Control)
_EMPTY = Control(helper="h", url=URL, t0_s=0, t_s=0, failure=None)


def _storable(body: bytes) -> None:
    """Either a ValueError, or something that can be archived and read again."""
    try:
        answer = read_answer(body, URL)
    except ValueError:
        return
    control = replace(
        _EMPTY, extended=answer.extended, dns=answer.dns, tcp=answer.tcp, tls=answer.tls, hops=answer.hops
    )
    assert _CONTROL.validate_json(_CONTROL.dump_json(control)) == control


@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_fuzz_any_bytes(body: bytes) -> None:
    _storable(body)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in _places(one, (*path, key)))]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.sampled_from(_places(OURS)[1:]), value=_JSON)
def test_fuzz_one_field(place: tuple[Any, ...], value: Any) -> None:
    broken = json.loads(json.dumps(OURS))
    inner = broken
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    _storable(json.dumps(broken).encode())
