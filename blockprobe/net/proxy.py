"""A stream to a host through a proxy that the operator named: CONNECT over HTTP or HTTPS, SOCKS version 5.

Nothing that a proxy says is trusted: what opens a tunnel is no proof that the tunnel leads where it should, which only
the far end's certificate or page can show.
"""

import asyncio
import ipaddress
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from blockprobe.model.addresses import family_of
from blockprobe.model.errors import ConfigError
from blockprobe.model.failure import Failure
from blockprobe.model.observation import TcpObservation, Why
from blockprobe.net import proxy_http, proxy_socks
from blockprobe.net.classify import failure_of
from blockprobe.net.dns_names import UnaskableName, name_to_wire
from blockprobe.net.proxy_words import Destination, Login, ProxyRefusal
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, TlsContexts, handshake

DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_EXAMPLE = "write http://198.51.100.7:3128, https://proxy.example or socks5://127.0.0.1:1080"


class ProxyStep(StrEnum):
    """How far it came: the connection to the proxy, TLS with it, its answers, the tunnel."""

    CONNECT = "connect"
    TLS = "tls"
    ANSWER = "answer"
    TUNNEL = "tunnel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """One proxy; `url` is its archived name, without any login.

    `address` is numeric, or "" as long as nobody has looked up `host`. `patience_s` bounds the talk with it until the
    tunnel is open (None: the session's timeout, twice, because the proxy has to connect as well).
    """

    url: str
    host: str
    port: int
    address: str = ""
    login: Login | None = None
    patience_s: float | None = None

    @property
    def scheme(self) -> str:
        """http, https or socks5."""
        return self.url.partition("://")[0]

    def at(self, address: str) -> "Proxy":
        """The same proxy at a looked-up address; raises ValueError for what is none."""
        return replace(self, address=str(ipaddress.ip_address(address)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """What became of it. `stream` speaks to the destination when there is no failure; the caller closes it.

    The observation's address and port are the proxy's, its host is the destination's, `detail` says what the proxy
    said. `step` is where it ended.
    """

    observation: TcpObservation
    step: ProxyStep
    stream: Stream | None = None


def parse_proxy(url: str, login: Login | None = None) -> Proxy:
    """The proxy that `url` names; raises ConfigError with what is wrong. socks5h is taken for socks5."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        port, host = parts.port, (parts.hostname or "").removesuffix(".")
    except ValueError as error:
        raise ConfigError(f"proxy {url!r}: {error}; {_EXAMPLE}") from error
    if parts.scheme not in DEFAULT_PORTS or not text.isascii() or any(character <= " " for character in text):
        raise ConfigError(f"proxy {url!r}: {_EXAMPLE}")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "proxy: user name and password do not belong in a URL; write them into the file of logins "
            "([bypass] secrets_file)"
        )
    if parts.path.strip("/") or parts.query or parts.fragment or port == 0:
        raise ConfigError(f"proxy {url!r}: only scheme, host and port; {_EXAMPLE}")
    try:
        literal = family_of(host) is not None
        if not literal:
            name_to_wire(host)
            Destination(host=host, port=1)
    except (UnaskableName, ValueError) as error:
        raise ConfigError(f"proxy {url!r}: {host!r} is no host; {_EXAMPLE}") from error
    scheme = "socks5" if parts.scheme == "socks5h" else parts.scheme
    number = port or DEFAULT_PORTS[scheme]
    shown = f"[{host}]" if ":" in host else host
    return Proxy(
        url=f"{scheme}://{shown}:{number}", host=host, port=number, address=host if literal else "", login=login
    )


async def open_tunnel(
    session: Session, why: Why, proxy: Proxy, destination: Destination, contexts: TlsContexts
) -> Tunnel:
    """Connect to the proxy at `proxy.address` and have it connect to `destination`; never raises for the network."""
    reached = await reach(session, why, proxy, destination, contexts)
    if reached.stream is None:
        return reached
    observation, stream = reached.observation, reached.stream
    failure, detail = await _negotiate(session, stream, proxy, destination)
    observation = replace(observation, t_s=session.elapsed(), failure=failure, detail=detail)
    if failure is not None:
        stream.close()
        return Tunnel(observation=observation, step=ProxyStep.ANSWER)
    return Tunnel(observation=observation, step=ProxyStep.TUNNEL, stream=stream)


async def reach(session: Session, why: Why, proxy: Proxy, destination: Destination, contexts: TlsContexts) -> Tunnel:
    """Connect to the proxy alone, over TLS where it wants that: for requests of http:// pages, which go to an HTTP
    proxy as they are (RFC 9112, 3.2.2)."""
    endpoint = Endpoint(address=proxy.address, port=proxy.port)
    observation, stream = await connect(session, why, endpoint, host=destination.host)
    if stream is None:
        detail = f"{proxy.url} cannot be reached: {observation.detail or observation.failure}"
        return Tunnel(observation=replace(observation, detail=detail), step=ProxyStep.CONNECT)
    if proxy.scheme == "https":
        shaken, secured = await handshake(session, why, stream, _hello(proxy), contexts)
        if secured is None:
            detail = f"TLS with {proxy.url} failed: {shaken.detail or shaken.failure}"
            failed = replace(observation, failure=shaken.failure, t_s=shaken.t_s, detail=detail)
            return Tunnel(observation=failed, step=ProxyStep.TLS)
        stream.enter_tunnel(b"")
    observation = replace(observation, t_s=session.elapsed(), detail=f"through {proxy.url}")
    return Tunnel(observation=observation, step=ProxyStep.TUNNEL, stream=stream)


def _hello(proxy: Proxy) -> Hello:
    return Hello(server_name=proxy.host if family_of(proxy.host) is None else None, verify_name=proxy.host, large=True)


async def _negotiate(
    session: Session, stream: Stream, proxy: Proxy, destination: Destination
) -> tuple[Failure | None, str]:
    """The failure, and in words what became of it; the tunnel is open when there is none."""
    talk = _ask_socks if proxy.scheme == "socks5" else _ask_http
    patience_s = proxy.patience_s or 2 * session.timeout_s
    try:
        async with asyncio.timeout(patience_s):
            stream.enter_tunnel(await talk(stream, proxy, destination))
    except ProxyRefusal as refused:
        return refused.failure, f"{proxy.url}: {refused}"
    except TimeoutError:
        return Failure.GENERIC_TIMEOUT_ERROR, f"{proxy.url} took the connection and then said nothing of use in time"
    except (OSError, EOFError) as error:
        return failure_of(error), f"{proxy.url} took the connection and broke it off: {error}"
    except BaseException:
        stream.close()
        raise
    return None, f"through {proxy.url}"


async def _ask_http(stream: Stream, proxy: Proxy, destination: Destination) -> bytes:
    await stream.sendall(proxy_http.connect_request(destination, proxy.login))
    raw = b""
    while (answer := proxy_http.read_connect(raw)) is None:
        raw += await _more(stream)
    return proxy_http.judged(answer, login=proxy.login is not None)


async def _ask_socks(stream: Stream, proxy: Proxy, destination: Destination) -> bytes:
    """Greeting, login where it is wanted, request: whatever comes too early stays for the next reader."""
    login, raw = proxy.login, b""
    await stream.sendall(proxy_socks.greeting(login))
    while (wanted := proxy_socks.read_choice(raw, login=login is not None)) is None:
        raw += await _more(stream)
    raw = raw[2:]
    if wanted and login is not None:
        await stream.sendall(proxy_socks.login_message(login))
        while proxy_socks.read_login(raw) is None:
            raw += await _more(stream)
        raw = raw[2:]
    await stream.sendall(proxy_socks.connect_message(destination))
    while (length := proxy_socks.read_reply(raw)) is None:
        raw += await _more(stream)
    return raw[length:]


async def _more(stream: Stream) -> bytes:
    data = await stream.recv(4_096)
    if not data:
        raise EOFError("it closed the connection")
    return data
