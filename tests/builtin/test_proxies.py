"""Proxies and split ClientHellos of our own against the laboratory's: what opens past which filter."""

import asyncio

import pytest

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Drop, Loss, Match, Sni
from blockprobe.lab.proxies import Conduct, Proxy
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import place, site
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, Test, Why
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.hello_split import Split
from blockprobe.net.http import Request, fetch
from blockprobe.net.proxy import Tunnel, open_tunnel, parse_proxy
from blockprobe.net.proxy_words import Destination, Login
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream
from blockprobe.net.tcp import Endpoint, connect
from blockprobe.net.tls import Hello, TlsContexts, handshake

NAME = "listed.example"
SITES = (site(NAME, 10), site("neutral.example", 11))
WHY = Why(test=Test.LOOK, place=Place.ORIGIN)
LOGIN = ("ann", "open sesame")
PORTS = {conduct: 3100 + number for number, conduct in enumerate(Conduct)}
PROXIES = (
    *(Proxy(kind="http", port=port, conduct=conduct) for conduct, port in PORTS.items()),
    *(Proxy(kind="socks5", port=port + 100, conduct=conduct) for conduct, port in PORTS.items()),
    Proxy(kind="http", port=3128, login=LOGIN, name="proxy.example"),
    Proxy(kind="socks5", port=1080, login=LOGIN),
)
WORDS = {
    Conduct.HONEST: "",
    Conduct.OWN_PAGE: Failure.SSL_FAILED_HANDSHAKE,
    Conduct.HANG: Failure.GENERIC_TIMEOUT_ERROR,
    Conduct.ENDLESS: Failure.PROXY_BAD_ANSWER,
    Conduct.GARBAGE: Failure.PROXY_BAD_ANSWER,
    Conduct.REFUSE: Failure.PROXY_REFUSED,
}
KINDS = (("http", 0), ("socks5", 100))
CONTEXTS = TlsContexts()
SPLITS = (None, Split.SEGMENTS, Split.RECORDS)


def session(timeout_s: float = 1.0) -> Session:
    clock = SystemClock()
    return Session(clock=clock, dialer=Dialer(), began=clock.monotonic(), timeout_s=timeout_s)


def load(lab, *rules, **more):
    lab.load(Scenario(name="proxies", story="", sites=SITES, rules=rules, proxies=PROXIES, **more))


async def page(stream: Stream | None, name: str = NAME, split: Split | None = None) -> str:
    """`name` when its page came under a chain that proves it, else the word for what went wrong."""
    assert stream is not None
    now = session()
    tls, secured = await handshake(now, WHY, stream, Hello(server_name=name, verify_name=name, split=split), CONTEXTS)
    if secured is None:
        return str(tls.failure)
    seen = await fetch(now, WHY, secured, Request(url=f"https://{name}/", host=name))
    secured.close()
    return name if seen.title == f"Welcome to {name}" else f"status {seen.status}"


async def tunnel(url: str, host: str = NAME, login: tuple[str, str] | None = None, **more) -> Tunnel:
    proxy = parse_proxy(url, Login(user=login[0], password=login[1]) if login else None)
    proxy = proxy if proxy.address else proxy.at(at.ELSEWHERE)
    return await open_tunnel(session(**more), WHY, proxy, Destination(host=host, port=443), CONTEXTS)


async def through(url: str, host: str = NAME, login: tuple[str, str] | None = None, **more) -> str:
    """What opens through the proxy."""
    opened = await tunnel(url, host, login, **more)
    return await page(opened.stream) if opened.stream else str(opened.observation.failure)


async def directly(split: Split | None = None, name: str = NAME, family: int = 0) -> str:
    _, stream = await connect(session(), WHY, Endpoint(address=place(10)[family], port=443))
    return await page(stream, name, split)


@pytest.mark.parametrize(
    ("rule", "opens"),
    [
        (Sni(names=(NAME,), reassemble=False, reassemble_records=False), (Split.SEGMENTS, Split.RECORDS)),
        (Sni(names=(NAME,), reassemble=False), (Split.SEGMENTS,)),
        (Sni(names=(NAME,), reassemble_records=False), (Split.RECORDS,)),
        (Sni(names=(NAME,)), ()),
        (Sni(names=(NAME,), in_path=False), ()),
    ],
    ids=["packet", "packet, joins records", "joins segments", "joins both", "joins both, beside the path"],
)
def test_a_split_hello_passes_only_filters_that_do_not_join_what_was_split(lab, rule, opens):
    async def scenario() -> list[list[str]]:
        return [await asyncio.gather(*(directly(split, family=family) for split in SPLITS)) for family in (0, 1)]

    load(lab, rule)
    right = [NAME if split in opens else "connection_reset" for split in SPLITS]
    assert asyncio.run(scenario()) == [right, right]


def test_a_split_hello_passes_again_and_again_at_five_percent_loss(lab):
    async def scenario() -> list[str]:
        return await asyncio.gather(*(patiently(split) for split in (Split.SEGMENTS, Split.RECORDS) for _ in range(10)))

    async def patiently(split: Split) -> str:
        now = session(8.0)
        _, stream = await connect(now, WHY, Endpoint(address=place(10)[0], port=443))
        assert stream is not None
        hello = Hello(server_name=NAME, verify_name=NAME, split=split)
        tls, secured = await handshake(now, WHY, stream, hello, CONTEXTS)
        stream.close()
        return "real" if secured and tls.valid else str(tls.failure)

    load(lab, Sni(names=(NAME,), reassemble=False, reassemble_records=False), Loss(rate=0.05, seed=7))
    assert set(asyncio.run(scenario())) == {"real"}


def test_proxies_open_a_name_that_is_filtered_and_an_address_that_is_dropped(lab):
    where = f"{at.ELSEWHERE}:{PORTS[Conduct.HONEST]}", f"[{at.ELSEWHERE_V6}]:{PORTS[Conduct.HONEST] + 100}"

    async def scenario() -> list[str]:
        return await asyncio.gather(
            through(f"http://{where[0]}"),
            through(f"http://{where[0]}", place(10)[0]),
            through(f"socks5://{where[1]}"),
            through(f"socks5://{where[1]}", place(10)[1]),
            through("https://proxy.example:3128", login=LOGIN),
            through(f"socks5://{at.ELSEWHERE}:1080", login=LOGIN),
        )

    blocked = Match(addresses=place(10))
    for rule in (Sni(names=(NAME,)), Drop(match=blocked)):
        load(lab, rule)
        assert asyncio.run(scenario()) == [NAME] * 6


def test_a_filter_that_reads_every_port_sees_the_name_in_a_tunnel_unless_the_proxy_is_asked_over_tls(lab):
    async def scenario() -> list[str]:
        honest = PORTS[Conduct.HONEST]
        return await asyncio.gather(
            through(f"http://{at.ELSEWHERE}:{honest}"),
            through(f"socks5://{at.ELSEWHERE}:{honest + 100}"),
            through("https://proxy.example:3128", login=LOGIN),
        )

    load(lab, Sni(names=(NAME,), match=Match(protocol="tcp")))
    assert asyncio.run(scenario()) == ["connection_reset", "connection_reset", NAME]


def test_a_proxy_that_lies_hangs_or_refuses_opens_nothing_and_has_its_word(lab):
    async def scenario() -> list[tuple[str, str]]:
        urls = [f"{scheme}://{at.ELSEWHERE}:{port + more}" for port in PORTS.values() for scheme, more in KINDS]
        seen = await asyncio.gather(*(through(url, timeout_s=1.5) for url in urls))
        return list(zip(seen[::2], seen[1::2], strict=True))

    load(lab)
    found = dict(zip(PORTS, asyncio.run(scenario()), strict=True))
    assert found == {conduct: ((word or NAME),) * 2 for conduct, word in WORDS.items()}


def test_a_proxy_without_its_login_says_so_and_a_name_that_it_cannot_find_as_well(lab):
    async def scenario() -> list[Tunnel]:
        return await asyncio.gather(
            tunnel("https://proxy.example:3128"),
            tunnel(f"socks5://{at.ELSEWHERE}:1080", login=("ann", "wrong")),
            tunnel(f"http://{at.ELSEWHERE}:{PORTS[Conduct.HONEST]}", "nowhere.example"),
            tunnel(f"socks5://{at.ELSEWHERE}:{PORTS[Conduct.HONEST] + 100}", "nowhere.example"),
            tunnel(f"socks5://{at.ELSEWHERE}:9"),
        )

    load(lab)
    seen = [(each.observation.failure, each.observation.detail or "") for each in asyncio.run(scenario())]
    expected = [
        (Failure.PROXY_LOGIN_REFUSED, "wants a login"),
        (Failure.PROXY_LOGIN_REFUSED, "does not accept the login"),
        (Failure.PROXY_REFUSED, "status 502 Cannot connect"),
        (Failure.PROXY_REFUSED, "reply 4, host unreachable"),
        (Failure.CONNECTION_REFUSED, "cannot be reached"),
    ]
    assert [word for word, _ in seen] == [word for word, _ in expected]
    assert [told for (_, words), (_, told) in zip(seen, expected, strict=True) if told not in words] == []
