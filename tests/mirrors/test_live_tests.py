"""The live tests against small servers: how often they ask, and what hostile ones make of them."""

import asyncio
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blockprobe.mirrors.background import Background
from blockprobe.mirrors.listed import lives_in
from blockprobe.mirrors.live_budget import Budget
from blockprobe.mirrors.live_fetch import Fetcher
from blockprobe.mirrors.live_reference import Reading, Site
from blockprobe.mirrors.live_tests import LiveResult, LiveTests
from blockprobe.mirrors.live_words import document
from blockprobe.mirrors.reader import PageReader
from blockprobe.model.mirror import MirrorClass, NameLook, NameState
from blockprobe.model.mirror_life import Life
from blockprobe.model.target import parse_target
from blockprobe.net.clock import SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts
from tests.mirrors.servers import Servers, page

END = "<p>Every night a keeper walks the long wall and writes into the ledger which boats came home tonight.</p>"
TOP = "<title>Lantern Harbour</title><h1>Lantern Harbour</h1><a href=/quays>All quays</a><a href=/rules>House rules</a>"
FORM = "<form action=/find><input type=search name=q></form>"
FRONT = f"{TOP}{FORM}<p>Here are the boats that came home this evening with their nets full of silver.</p>{END}"


def site(path: str, host: str) -> bytes:
    if path == "/":
        return page(FRONT)
    if path.startswith("/find"):
        return page(f"{TOP}{FORM}<p>No ledger page of this harbour mentions {path.partition('=')[2]} as yet.</p>{END}")
    return page(f"{TOP}<p>The keeper has never heard of a place called {path} along this coast.</p>{END}", 404)


def saved(path: str, host: str) -> bytes:
    return page(FRONT) if path == "/" else page("<h1>404 Not Found</h1><hr>nginx", 404)


async def no_name(name: str) -> NameLook:
    return NameLook(name=name, state=NameState.NXDOMAIN, because="there is no such name")


async def by_number(name: str) -> tuple[str, ...]:
    return (name,)


def outcomes(servers: Servers, folder: Path, *names: str) -> list[LiveResult]:
    """What one run makes of some hosts."""

    async def scenario() -> list[LiveResult]:
        clock = SystemClock()
        session = Session(clock=clock, dialer=Dialer(), began=clock.monotonic(), timeout_s=0.7, body_bytes=65_536)
        budget, contexts = Budget(folder, clock), TlsContexts()
        fetcher = Fetcher(session=session, contexts=contexts, budget=budget, lookup=by_number)
        own = Fetcher(
            session=session, contexts=contexts, budget=budget, lookup=by_number, most=None, label="reference of "
        )
        with PageReader() as reader:
            wanted = Site(
                url=servers.url("site"), fetcher=own, reading=Reading(reader), background=Background(), trusted=True
            )
            await wanted.open()
            tests = LiveTests(site=wanted, fetcher=fetcher, names=no_name, notice=lambda raw: "", prior=0.475)
            return list(await asyncio.gather(*(tests.test(parse_target(servers.url(name))) for name in names)))

    found: list[LiveResult] = servers.run(scenario)
    return found


def test_a_candidate_gets_a_dozen_requests_a_day_and_then_nothing_is_claimed(tmp_path):
    servers = Servers(site=site, relay=site)

    runs = [outcomes(servers, tmp_path, "relay")[0] for _ in range(4)]

    assert [run.requests for run in runs] == [3, 3, 3, 3]  # an address has no name to make others of
    assert servers.asked["relay"] == 12
    (after,) = outcomes(servers, tmp_path, "relay")
    assert (after.verdict.class_, after.requests, after.today) == (MirrorClass.UNDETERMINED, 0, 12)
    assert "used up" in after.verdict.because
    assert servers.asked["relay"] == 12
    assert {line.split()[0] for line in servers.lines} == {"GET"}
    assert len(servers.agents) == 1


def test_a_line_about_a_candidate_names_its_site_and_is_one_of_a_plans_candidates(tmp_path):
    servers = Servers(site=site, relay=site)

    (result,) = outcomes(servers, tmp_path, "relay")

    line = document(result).decode()
    (life,) = lives_in([line], site=None, now=datetime(2026, 11, 1, tzinfo=UTC))
    assert list(json.loads(line))[:2] == ["id", "site"]
    assert isinstance(life, Life)
    hosts = tuple(parse_target(servers.url(name)).host for name in ("relay", "site"))
    assert (life.name, life.site, life.kind) == (*hosts, result.verdict.class_)


def test_a_test_that_the_ceiling_forbids_leaves_the_question_open(tmp_path):
    servers = Servers(site=site, relay=site)
    folder = tmp_path / "counts"
    budget = Budget(folder, SystemClock())
    for _ in range(11):
        budget.claim("127.2.0.2")

    (result,) = outcomes(servers, folder, "relay")

    assert (result.verdict.class_, result.verdict.live) == (MirrorClass.COPY_LIVE_UNKNOWN, None)
    assert "used up before the tests were done" in result.verdict.because


def test_a_site_that_does_not_answer_makes_liveness_undetermined_and_says_why(tmp_path):
    servers = Servers(site=lambda path, host: None, relay=site)

    (result,) = outcomes(servers, tmp_path, "relay")

    assert (result.verdict.class_, result.verdict.live) == (MirrorClass.UNDETERMINED, None)
    assert "could not be fetched (generic_timeout_error)" in result.verdict.because


def test_a_site_without_a_template_leaves_liveness_to_other_tests(tmp_path):
    plain = FRONT.replace(FORM, "")
    servers = Servers(
        site=lambda path, host: page(plain) if path == "/" else page("<h1>404 Not Found</h1>nginx", 404),
        copy=lambda path, host: page(plain) if path == "/" else page("<h1>404 Not Found</h1>nginx", 404),
    )

    (result,) = outcomes(servers, tmp_path, "copy")

    assert (result.verdict.class_, result.verdict.live) == (MirrorClass.COPY_LIVE_UNKNOWN, None)


BOMB = gzip.compress(bytes(64 << 20))
HOSTILE = {
    "silent": lambda path, host: None,
    "garbage": lambda path, host: b"\x16\x03\x01 no http at all\r\n\r\n",
    "closed": lambda path, host: b"",
    "endless": lambda path, host: page("x" * 3_000_000),
    "bomb": lambda path, host: (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB
    ),
    "circle": lambda path, host: page("", 302, "Location: /"),
    "chain": lambda path, host: page("", 302, f"Location: {path}x"),
    "nowhere": lambda path, host: page("", 302, "Location: http://[::1"),
    "odd_port": lambda path, host: page("", 302, "Location: http://127.2.0.1:99999/"),
    "scheme": lambda path, host: page("", 302, "Location: gopher://127.2.0.1/"),
    "deep": lambda path, host: page("<div>" * 13_000),
    "attributes": lambda path, host: page("<a " + " ".join(f"a{n}=1" for n in range(8_000)) + ">"),
    "heads": lambda path, host: b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
    "refresh": lambda path, host: page("<meta http-equiv=refresh content='0;url=http://[bad'>"),
}


def test_hostile_servers_are_undetermined_or_nothing_and_never_a_copy(tmp_path):
    servers = Servers(site=site, **HOSTILE)

    results = dict(zip(HOSTILE, outcomes(servers, tmp_path, *HOSTILE), strict=True))

    told = {name: result.verdict.class_ for name, result in results.items()}
    assert set(told.values()) <= {MirrorClass.UNDETERMINED, MirrorClass.UNRELATED, MirrorClass.PARKED}, told
    assert told["silent"] is told["garbage"] is told["bomb"] is told["circle"] is MirrorClass.UNDETERMINED
    assert servers.asked["chain"] == 6
    assert all(result.requests <= 12 for result in results.values())


@pytest.mark.parametrize(
    ("name", "class_"), [("live", MirrorClass.COPY_LIVE_UNKNOWN), ("saved", MirrorClass.CLONE_STATIC)]
)
def test_a_relay_and_a_clone_are_told_apart_by_what_nobody_asked_before(tmp_path, name, class_):
    servers = Servers(site=site, live=site, saved=saved)

    (result,) = outcomes(servers, tmp_path, name)

    assert (result.verdict.class_, result.verdict.live) == (class_, name == "live")
