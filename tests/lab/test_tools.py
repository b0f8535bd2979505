"""Real circumvention software against the router's filters, one operation at a time: what opens the real site."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator

import pytest

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, TcpObservation, Test, Why
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer, TcpOptions
from blockprobe.net.hello_split import Split
from blockprobe.net.http import Request, fetch
from blockprobe.net.interfaces import has_interface
from blockprobe.net.proxy import open_tunnel, parse_proxy
from blockprobe.net.proxy_words import Destination, Login
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, TlsContexts, handshake
from blockprobe.verdict.sketch import similarity, text_sketch

from . import tools
from .real import RealLab, rule
from .rules import Rule
from .sites import SITES, page, title

SITE = SITES["s5.example"]
WHY = Why(test=Test.LOOK, place=Place.ORIGIN)
AT = tools.ADDRESS
Way = Callable[[str], Coroutine[None, None, str]]


@pytest.fixture(scope="module")
def equipped(whole_lab: RealLab, monkeypatch_module: pytest.MonkeyPatch) -> Iterator[RealLab]:
    reason = tools.missing()
    if reason:
        pytest.skip(reason)
    tools.start(whole_lab)
    monkeypatch_module.setenv("SSL_CERT_FILE", str(whole_lab.pki.trust))
    with tools.vpn(whole_lab):
        yield whole_lab


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def session() -> Session:
    clock = SystemClock()
    return Session(clock=clock, dialer=Dialer(), began=clock.monotonic(), timeout_s=3.0)


async def opens(stream: Stream | None, name: str, split: Split | None = None) -> str:
    """`real` when the site's page came under a chain that proves its name, else the word for what went wrong."""
    assert stream is not None
    now, contexts = session(), TlsContexts()
    tls, secured = await handshake(now, WHY, stream, Hello(server_name=name, verify_name=name, split=split), contexts)
    if secured is None:
        return str(tls.failure)
    seen = await fetch(now, WHY, secured, Request(url=f"https://{name}/", host=name))
    secured.close()
    return "real" if (seen.status, seen.title) == (200, title(name)) else f"status {seen.status}"


async def _directly(name: str, split: Split | None = None, interface: str | None = None) -> str:
    endpoint = Endpoint(address=SITES[name].v4[0], port=443)
    seen, stream = await connect(session(), WHY, endpoint, options=TcpOptions(interface=interface))
    return await opens(stream, name, split) if stream else str(seen.failure)


async def _through(name: str, url: str, login: tuple[str, str] | None = None, *, by_address: bool = False) -> str:
    proxy = parse_proxy(url, Login(user=login[0], password=login[1]) if login else None)
    where = Destination(host=SITES[name].v4[0] if by_address else name, port=443)
    tunnel = await open_tunnel(session(), WHY, proxy, where, TlsContexts())
    return await opens(tunnel.stream, name) if tunnel.stream else str(tunnel.observation.failure)


async def _web_proxy(name: str, port: int = tools.UNBLOCKER) -> str:
    """`real` when what unblocker shows is the site's text; its links are others, and its scripts are in the page."""
    now, proxy = session(), "webproxy.example"
    _, stream = await connect(now, WHY, Endpoint(address=AT, port=port))
    assert stream is not None
    _, secured = await handshake(now, WHY, stream, Hello(server_name=proxy, verify_name=proxy), TlsContexts())
    assert secured is not None
    path = f"/proxy/https://{name}/"
    seen = await fetch(now, WHY, secured, Request(url=f"https://{proxy}{path}", host=f"{proxy}:{port}", path=path))
    secured.close()
    assert seen.status == 200
    return "real" if similarity(seen.sketch, text_sketch(page(name))) > 0.9 else "another page"


WAYS: dict[str, Way] = {
    "plain": _directly,
    "segments": lambda name: _directly(name, Split.SEGMENTS),
    "records": lambda name: _directly(name, Split.RECORDS),
    "tinyproxy": lambda name: _through(name, f"http://{AT}:{tools.TINYPROXY}"),
    "tinyproxy, login": lambda name: _through(name, f"http://{AT}:{tools.TINYPROXY_LOGIN}", tools.LOGIN),
    "dante": lambda name: _through(name, f"socks5://{AT}:{tools.DANTE}"),
    "dante, by address": lambda name: _through(name, f"socks5://{AT}:{tools.DANTE}", by_address=True),
    "microsocks, login": lambda name: _through(name, f"socks5://{AT}:{tools.MICROSOCKS_LOGIN}", tools.LOGIN),
    "unblocker": _web_proxy,
    "openvpn": lambda name: _directly(name, interface=tools.INTERFACE),
}
OUTSIDE = ("tinyproxy", "tinyproxy, login", "dante", "dante, by address", "microsocks, login", "unblocker", "openvpn")
RESET, SILENCE = str(Failure.CONNECTION_RESET), str(Failure.GENERIC_TIMEOUT_ERROR)


def seen(lab: RealLab, name: str) -> dict[str, str]:
    """Every way at once, in the probe's place."""

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(way(name) for way in WAYS.values()))

    return dict(zip(WAYS, lab.probe.see(lambda: asyncio.run(all_of_them())), strict=True))


def truth(plain: str, *works: str) -> dict[str, str]:
    """Nothing opens but what is named and what goes through another machine."""
    return {way: "real" if way in (*works, *OUTSIDE) else plain for way in WAYS}


TRUTHS: list[tuple[str, Rule | None, dict[str, str]]] = [
    ("nothing", None, truth("real")),
    ("xt string: each packet alone", rule("sni-rst", SITE.name), truth(RESET, "segments", "records")),
    ("xt string, dropping", rule("sni-drop", SITE.name), truth(SILENCE, "segments", "records")),
    ("tap, each packet alone", rule("sni-tap", SITE.name, reassemble=False), truth(RESET, "segments", "records")),
    ("tap that joins segments", rule("sni-tap", SITE.name), truth(RESET, "records")),
    (
        "tap that joins records",
        rule("sni-tap", SITE.name, reassemble=False, records=True),
        truth(RESET, "segments"),
    ),
    ("tap that joins both", rule("sni-tap", SITE.name, records=True), truth(RESET)),
    ("address dropped", rule("ip-drop", SITE.name), truth(SILENCE)),
    ("address refused", rule("ip-rst", SITE.name), truth(str(Failure.CONNECTION_REFUSED))),
]


@pytest.mark.parametrize(("filter_", "true"), [row[1:] for row in TRUTHS], ids=[row[0] for row in TRUTHS])
def test_what_opens_past_a_filter(lab: RealLab, equipped: RealLab, filter_: Rule | None, true: dict[str, str]) -> None:
    lab.switch([filter_] if filter_ else [])
    assert seen(lab, SITE.name) == true


def test_software_that_refuses_says_why(lab: RealLab, equipped: RealLab) -> None:
    asked: list[tuple[str, int, Failure, str]] = [
        (f"http://{AT}:{tools.TINYPROXY_LOGIN}", 443, Failure.PROXY_LOGIN_REFUSED, "wants a login: status 407"),
        (f"http://{AT}:{tools.TINYPROXY}", 80, Failure.PROXY_REFUSED, "does not connect: status 403"),
        (f"socks5://{AT}:{tools.MICROSOCKS_LOGIN}", 443, Failure.PROXY_LOGIN_REFUSED, "wants a login (method 255)"),
        (f"http://{AT}:{tools.DANTE}", 443, Failure.EOF_ERROR, "broke it off"),
    ]

    async def scenario() -> list[TcpObservation]:
        tunnels = [
            open_tunnel(session(), WHY, parse_proxy(url), Destination(host=SITE.name, port=port), TlsContexts())
            for url, port, _, _ in asked
        ]
        return [tunnel.observation for tunnel in await asyncio.gather(*tunnels)]

    told = lab.probe.see(lambda: asyncio.run(scenario()))
    assert [each.failure for each in told] == [failure for _, _, failure, _ in asked]
    assert [each.detail for each, row in zip(told, asked, strict=True) if row[3] not in (each.detail or "")] == []


def test_a_web_proxy_that_shows_its_own_page_is_seen_through(lab: RealLab, equipped: RealLab) -> None:
    assert lab.probe.see(lambda: asyncio.run(_web_proxy(SITE.name, tools.LIAR))) == "another page"


def test_an_interface_that_is_not_there_is_no_way(lab: RealLab, equipped: RealLab) -> None:
    assert lab.probe.see(has_interface, tools.INTERFACE)
    assert not lab.probe.see(has_interface, "wg9")
    gone = lab.probe.see(lambda: asyncio.run(_directly(SITE.name, interface="wg9")))
    assert gone == Failure.NETWORK_DOWN
