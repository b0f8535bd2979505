import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from blockprobe.model.errors import ConfigError
from blockprobe.model.failure import Failure
from blockprobe.net.http import Request, fetch
from blockprobe.net.proxy import ProxyStep, Tunnel, open_tunnel, parse_proxy
from blockprobe.net.proxy_words import Destination, Login
from blockprobe.net.tls import Hello, TlsContexts, handshake
from tests.net.proxy_server import HttpProxy, SocksProxy
from tests.net.wire import WHY, Handler, a_session, closed_port, full_listener, reset, served, silent

_CA = trustme.CA()
_LOGIN = Login(user="ann", password="secret")
TARGET = Destination(host="a.example", port=443)


@pytest.fixture(autouse=True)
def _trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def context(*names: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _CA.issue_cert(*names).configure_cert(made)
    return made


async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nthe page")
    await writer.drain()


async def opened(handler: Handler, scheme: str = "http", login: Login | None = None, timeout_s: float = 0.3) -> Tunnel:
    """One attempt at a proxy that behaves as `handler`."""
    async with served(handler) as proxy:
        return await through(proxy.address, proxy.port, scheme, login, timeout_s)


async def through(
    address: str, port: int, scheme: str = "http", login: Login | None = None, timeout_s: float = 0.3
) -> Tunnel:
    proxy = parse_proxy(f"{scheme}://{address}:{port}", login)
    tunnel = await open_tunnel(a_session(timeout_s), WHY, proxy, TARGET, TlsContexts())
    if tunnel.stream is not None:
        tunnel.stream.close()
    return tunnel


def says(*answers: bytes, then: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None) -> Handler:
    """A server that gives one answer to each thing it hears, and then stays silent."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.read(4_096)
            writer.write(answer)
        await writer.drain()
        if then is not None:
            await then(writer)
        else:
            await silent(reader, writer)

    return handler


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def slam(writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"X-More: to come\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def flood(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"X-More: to come\r\n" * 500)
        await writer.drain()


HTTP_OK = b"HTTP/1.1 200 OK\r\n"
BAD = [
    ("http", says(b""), Failure.GENERIC_TIMEOUT_ERROR, "said nothing of use in time"),
    ("http", says(HTTP_OK, then=drip), Failure.GENERIC_TIMEOUT_ERROR, "said nothing of use in time"),
    ("http", says(HTTP_OK, then=flood), Failure.PROXY_BAD_ANSWER, "does not end within 16384 bytes"),
    ("http", says(b"", then=hang_up), Failure.EOF_ERROR, "broke it off"),
    ("http", says(b"", then=slam), Failure.CONNECTION_RESET, "broke it off"),
    ("http", says(b"220 mail.example ESMTP\r\n"), Failure.PROXY_BAD_ANSWER, "no HTTP: '220 mail"),
    ("http", says(b"HTTP/1.1 403 Filtered\r\n\r\n"), Failure.PROXY_REFUSED, "status 403 Filtered"),
    ("http", says(b"HTTP/1.1 407 x\r\n\r\n"), Failure.PROXY_LOGIN_REFUSED, "wants a login"),
    ("socks5", says(b""), Failure.GENERIC_TIMEOUT_ERROR, "said nothing of use in time"),
    ("socks5", says(b"\x05\x00"), Failure.GENERIC_TIMEOUT_ERROR, "said nothing of use in time"),
    ("socks5", says(b"\x05", then=hang_up), Failure.EOF_ERROR, "broke it off"),
    ("socks5", says(b"HTTP/1.1 400 Bad\r\n\r\n"), Failure.PROXY_BAD_ANSWER, "no SOCKS 5: 'HTTP/1.1 400"),
    ("socks5", says(b"\x05\xff"), Failure.PROXY_LOGIN_REFUSED, "wants a login"),
    ("socks5", says(b"\x05\x02"), Failure.PROXY_BAD_ANSWER, "not offered"),
    ("socks5", says(b"\x05\x00", b"\x05\x02"), Failure.PROXY_REFUSED, "reply 2, not allowed by its rules"),
    ("socks5", says(b"\x05\x00", b"\x04\x00"), Failure.PROXY_BAD_ANSWER, "no SOCKS 5"),
]


def test_every_way_of_failing_has_its_word_and_its_sentence() -> None:
    async def scenario() -> list[Tunnel]:
        return await asyncio.gather(*(opened(handler, scheme) for scheme, handler, _, _ in BAD))

    for (scheme, _, failure, words), tunnel in zip(BAD, asyncio.run(scenario()), strict=True):
        seen = tunnel.observation
        assert (seen.failure, tunnel.step, tunnel.stream) == (failure, ProxyStep.ANSWER, None), (scheme, words)
        assert words in (seen.detail or "")
        assert (seen.detail or "").startswith(f"{scheme}://127.0.0.1:")
        assert seen.host == "a.example"
        assert seen.t_s - seen.t0_s < 2.0


def test_a_proxy_that_is_not_there_is_told_from_one_that_says_nothing() -> None:
    gone = closed_port()
    refused = asyncio.run(through(gone.address, gone.port))
    assert (refused.observation.failure, refused.step) == (Failure.CONNECTION_REFUSED, ProxyStep.CONNECT)
    assert "cannot be reached" in (refused.observation.detail or "")
    with full_listener() as full:
        silence = asyncio.run(through(full.address, full.port, "socks5"))
    assert (silence.observation.failure, silence.step) == (Failure.GENERIC_TIMEOUT_ERROR, ProxyStep.CONNECT)


@pytest.mark.parametrize("make", [HttpProxy, SocksProxy])
@pytest.mark.parametrize("login", [None, _LOGIN], ids=["open", "login"])
def test_the_real_site_is_reached_through_the_tunnel(make: type[HttpProxy], login: Login | None) -> None:
    async def scenario() -> None:
        async with served(page, tls=context("a.example")) as origin:
            server = make({"a.example": origin}, login)
            async with served(server.handle) as at:
                proxy = parse_proxy(f"{server.scheme}://{at.address}:{at.port}", login)
                session = a_session()
                tunnel = await open_tunnel(session, WHY, proxy, TARGET, TlsContexts())
                assert tunnel.stream is not None, tunnel.observation.detail
                hello = Hello(server_name="a.example", verify_name="a.example")
                tls, secured = await handshake(session, WHY, tunnel.stream, hello, TlsContexts())
                assert secured is not None
                assert tls.valid
                seen = await fetch(session, WHY, secured, Request(url="https://a.example/", host="a.example"))
                assert (seen.status, seen.body, seen.tls) == (200, "the page", True)
                assert tunnel.observation.detail == f"through {proxy.url}"
                assert server.asked == [("a.example", 443)]
                secured.close()

    asyncio.run(scenario())


def test_a_wrong_login_is_told_as_such() -> None:
    async def scenario(make: type[HttpProxy]) -> Tunnel:
        server = make({}, Login(user="ann", password="other"))
        return await opened(server.handle, server.scheme, _LOGIN)

    for make in (HttpProxy, SocksProxy):
        tunnel = asyncio.run(scenario(make))
        assert tunnel.observation.failure is Failure.PROXY_LOGIN_REFUSED
        assert "does not accept the login" in (tunnel.observation.detail or "")
        assert "secret" not in repr(tunnel)


def test_a_proxy_may_itself_be_asked_over_tls() -> None:
    async def scenario(name: str) -> Tunnel:
        async with served(page, tls=context("a.example")) as origin:
            server = HttpProxy({"a.example": origin})
            async with served(server.handle, tls=context(name)) as at:
                proxy = parse_proxy(f"https://proxy.example:{at.port}").at(at.address)
                session = a_session()
                tunnel = await open_tunnel(session, WHY, proxy, TARGET, TlsContexts())
                if tunnel.stream is None:
                    return tunnel
                assert not tunnel.stream.tls
                hello = Hello(server_name="a.example", verify_name="a.example")
                _, secured = await handshake(session, WHY, tunnel.stream, hello, TlsContexts())
                assert secured is not None
                seen = await fetch(session, WHY, secured, Request(url="https://a.example/", host="a.example"))
                assert (seen.body, seen.tls) == ("the page", True)
                secured.close()
                return tunnel

    assert asyncio.run(scenario("proxy.example")).observation.failure is None
    wrong = asyncio.run(scenario("other.example"))
    assert (wrong.observation.failure, wrong.step) == (Failure.SSL_INVALID_HOSTNAME, ProxyStep.TLS)
    assert "TLS with https://proxy.example:" in (wrong.observation.detail or "")


def test_a_proxy_that_says_200_and_shows_its_own_page_does_not_pass_for_the_site() -> None:
    own = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 11\r\n\r\n<p>Welcome!"

    async def scenario() -> None:
        async with served(says(own)) as at:
            session = a_session(0.5)
            proxy = parse_proxy(f"http://{at.address}:{at.port}")
            tunnel = await open_tunnel(session, WHY, proxy, TARGET, TlsContexts())
            assert tunnel.stream is not None
            hello = Hello(server_name="a.example", verify_name="a.example")
            tls, secured = await handshake(session, WHY, tunnel.stream, hello, TlsContexts())
            assert (tls.failure, tls.valid, secured) == (Failure.SSL_FAILED_HANDSHAKE, None, None)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://198.51.100.7:3128", "http://198.51.100.7:3128"),
        ("HTTPS://Proxy.Example", "https://proxy.example:443"),
        ("socks5h://127.0.0.1:9050/", "socks5://127.0.0.1:9050"),
        ("socks5://[2001:db8::7]", "socks5://[2001:db8::7]:1080"),
    ],
)
def test_a_proxy_has_one_name(url: str, name: str) -> None:
    proxy = parse_proxy(url)
    assert proxy.url == name
    assert bool(proxy.address) == (proxy.host[0] not in "Pp")


@pytest.mark.parametrize(
    "url",
    [
        "198.51.100.7:3128",
        "socks4://198.51.100.7",
        "http://",
        "http://a:0",
        "http://a:x",
        "http://[1::2::3]",
        "http://a b",
        "http://a.example/?x",
        "http://ann:pw@a.example",
        "http://é.example",
        "http://a..b",
        "socks5://a/path",
    ],
)
def test_a_url_that_is_no_proxy_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_proxy(url)
    assert "\n" not in str(refused.value)
    assert "pw" not in str(refused.value)
