"""Candidates' names looked up on the simulated line: every state, by resolvers that are honest, lying, silent."""

import asyncio
import json
from collections.abc import Iterable

import pytest

from blockprobe.cli.mirrors_finding import Wanted, find_candidates
from blockprobe.lab import addresses as at
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import place, site
from blockprobe.lab.zones import Name
from blockprobe.mirrors.name_dns import NameResolver
from blockprobe.model.mirror import NameLook, NameState
from blockprobe.model.name_service import NameService, ServiceKind
from blockprobe.model.observation import ResolverGroup
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.dns import DnsClient
from blockprobe.net.resolver import parse_resolver
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts

SERVICES = (
    NameService(id="park", title="Park", kind=ServiceKind.PARKING, source="s", name_servers=("park.test",)),
    NameService(id="alias", title="Alias", kind=ServiceKind.PARKING, source="s", aliases=("lander.test",)),
    NameService(id="court", title="Court", kind=ServiceKind.SEIZURE, source="s", name_servers=("seized.test",)),
)
PUBLIC = (at.PUBLIC_RESOLVER, at.PUBLIC_RESOLVER_V6)
WORLD = Scenario(
    name="mirror-names",
    story="Candidates of every kind.",
    sites=(site("alive.com", 10), site("listed.com", 11), site("lost.com", 12)),
    names=(
        Name(name="alive.com", addresses=place(10), servers=("ns1.hoster.test",)),
        Name(name="parked.com", addresses=place(13), servers=("ns1.park.test", "ns2.park.test"), below=True),
        Name(name="aliased.com", cname="x.lander.test"),
        Name(name="x.lander.test", addresses=place(13)),
        Name(name="seized.com", addresses=place(14), servers=("ns1.seized.test",)),
        Name(name="sunk.com", addresses=("127.0.0.1", "::1")),
        Name(name="empty.com"),
        Name(name="broken.com", rcode="SERVFAIL"),
        Name(name="bogus.com", addresses=place(15), bogus=True),
        Name(name="xyz", addresses=place(16), below=True),  # a registry that answers for names nobody registered
        Name(name="real.xyz", addresses=place(17)),
        Name(name="listed.com", addresses=place(11)),
    ),
    lies=(
        Lie(names=("listed.com",), say=Say.NXDOMAIN),
        Lie(names=("walled.com",), say=Say.ADDRESSES, answers=(at.BLOCK_PAGE,)),
        Lie(names=("lost.com",), say=Say.DROP, resolvers=PUBLIC),
        Lie(names=("gone.com", "lost.com"), say=Say.NXDOMAIN),
    ),
)
STATES = {
    "alive.com": NameState.RESOLVES,
    "parked.com": NameState.PARKED,
    "www.parked.com": NameState.PARKED,
    "aliased.com": NameState.PARKED,
    "seized.com": NameState.SEIZED,
    "sunk.com": NameState.SINKHOLE,
    "empty.com": NameState.NO_ADDRESS,
    "broken.com": NameState.SERVFAIL,
    "bogus.com": NameState.SERVFAIL,
    "nobody.xyz": NameState.WILDCARD,
    "real.xyz": NameState.RESOLVES,
    "gone.com": NameState.NXDOMAIN,
    "listed.com": NameState.RESOLVES,
    "lost.com": NameState.UNKNOWN,
}


def looked_up(
    names: Iterable[str],
    outside: tuple[str, ...],
    *,
    line: tuple[str, ...] = at.RESOLVERS[:1],
    address: str | None = at.PUBLIC_RESOLVER,
    timeout: float = 1.0,
) -> dict[str, NameLook]:
    async def work() -> dict[str, NameLook]:
        clock, dialer = SystemClock(), Dialer()
        dns = DnsClient(dialer, clock, TlsContexts())
        resolver = NameResolver(
            dns=dns,
            session=Session(clock=clock, dialer=dialer, began=clock.monotonic(), timeout_s=timeout),
            outside=tuple(parse_resolver(url, ResolverGroup.PUBLIC, address) for url in outside),
            line=tuple(parse_resolver(url, ResolverGroup.ISP) for url in line),
            services=SERVICES,
            public=at.PUBLIC_NETS,
        )
        try:
            await resolver.bootstrap()
            return {look.name: look async for look in resolver.look_all(names)}
        finally:
            await dns.aclose()

    return asyncio.run(work())


@pytest.fixture
def world(helped, lab):
    lab.load(WORLD)
    return lab


@pytest.mark.parametrize("url", [f"udp://{at.PUBLIC_RESOLVER}", f"https://{at.PUBLIC_RESOLVER_NAME}/dns-query"])
def test_every_state_of_a_name(world, url):
    looks = looked_up(STATES, (url,))

    assert {name: look.state for name, look in looks.items()} == STATES
    sure = {name for name, look in looks.items() if look.sure}
    assert sure == (set(STATES) - {"lost.com"} if url.startswith("https") else set())


def test_a_name_that_the_line_denies_or_walls_off_is_not_dead(world):
    looks = looked_up(("listed.com", "alive.com", "gone.com"), (f"udp://{at.PUBLIC_RESOLVER}",))

    assert looks["listed.com"].state is NameState.RESOLVES
    assert looks["listed.com"].line.failure == "dns_nxdomain_error"
    assert looks["listed.com"].line_differs is True
    assert looks["alive.com"].line_differs is False
    assert looks["gone.com"].line_differs is False


def test_a_label_that_nobody_made_resolves_on_parked_names_only(world):
    looks = looked_up(("parked.com", "alive.com"), (f"udp://{at.PUBLIC_RESOLVER}",))

    assert looks["parked.com"].any_label is True
    assert looks["parked.com"].service == "park"
    assert looks["alive.com"].any_label is False


def test_the_lines_own_resolver_alone_never_makes_a_name_dead(world):
    looks = looked_up(("listed.com", "gone.com", "broken.com", "alive.com"), ())

    assert {name: look.state for name, look in looks.items()} == {
        "listed.com": NameState.UNKNOWN,
        "gone.com": NameState.UNKNOWN,
        "broken.com": NameState.UNKNOWN,
        "alive.com": NameState.RESOLVES,
    }
    assert not any(look.sure for look in looks.values())


def test_a_silent_resolver_is_replaced_by_the_next(world):
    silent = f"udp://{at.SILENT[0]}"
    looks = looked_up(("alive.com", "gone.com"), (silent, f"udp://{at.PUBLIC_RESOLVER}"), timeout=1.0)

    assert looks["alive.com"].state is NameState.RESOLVES
    assert looks["gone.com"].state is NameState.NXDOMAIN
    assert looks["alive.com"].outside.resolver == f"udp://{at.PUBLIC_RESOLVER}:53"


def test_many_names_share_one_question_about_their_suffix(world):
    names = [f"none{number}.com" for number in range(100)]

    looks = looked_up(names, (f"udp://{at.PUBLIC_RESOLVER}",))

    assert {look.state for look in looks.values()} == {NameState.NXDOMAIN}
    assert set(looks) == set(names)


def test_an_encrypted_resolver_known_by_name_is_looked_up_first(world):
    looks = looked_up(("alive.com",), (f"https://{at.PUBLIC_RESOLVER_NAME}/dns-query",), address=None)

    assert looks["alive.com"].sure


def test_the_command_looks_up_what_it_found_and_keeps_two_answers(world, tmp_path, capfdbinary):
    config, names = tmp_path / "probe.toml", tmp_path / "names.txt"
    config.write_text(world.settings_toml(WORLD))
    names.write_text("listed.com\ngone.com\n")
    wanted = Wanted(sites=("listed.net", "gone.net"), top=0, names=(str(names),), resolve=True)

    assert find_candidates(wanted, "json", str(config)) == 0

    said = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    dns = {line["name"]: line["dns"] for line in said}
    assert (dns["listed.com"]["state"], dns["listed.com"]["line_differs"]) == ("resolves", True)
    assert dns["listed.com"]["line"]["failure"] == "dns_nxdomain_error"
    assert dns["gone.com"]["state"] == "nxdomain"


def test_the_table_shows_who_may_live_and_counts_the_rest(world, tmp_path, capfdbinary):
    config, names = tmp_path / "probe.toml", tmp_path / "names.txt"
    config.write_text(world.settings_toml(WORLD))
    names.write_text("listed.com\ngone.com\n")
    wanted = Wanted(sites=("listed.net", "gone.net"), top=0, names=(str(names),), resolve=True)

    find_candidates(wanted, "table", str(config))

    shown = " ".join(capfdbinary.readouterr().out.decode().split())
    assert "listed.com" in shown
    assert "gone.com" not in shown
    assert "1 resolves" in shown
    assert "1 nxdomain" in shown
