"""An echo in the site's own template and everything that only looks like one; dates; traces of relays."""

from datetime import UTC, datetime, timedelta

import pytest

from blockprobe.mirrors.background import Background, reference_of
from blockprobe.mirrors.live_compare import (
    Answer,
    any_host_of,
    artefacts,
    echo_of,
    echoes_all,
    freshness,
    same_page,
    threats,
    without,
)
from blockprobe.mirrors.live_facts import AnyHost, Artefact, Echo, Fresh
from blockprobe.mirrors.live_scan import scan
from blockprobe.mirrors.page import read_page

MINE, THEIRS, GUARD = "qaaaaaaaaaaaaaaaaa", "qbbbbbbbbbbbbbbbbb", "qcccccccccccccccccc"
TOP = "<title>Lantern Harbour</title><h1>Lantern Harbour</h1><a href=/quays>All the quays</a><a href=/rules>Rules</a>"
END = "<p>Every night a keeper walks the long wall and writes into the ledger which boats came home tonight.</p>"
FRONT = f"{TOP}<p>Here are the boats that came home this evening with their nets.</p>{END}"
LOST = f"{TOP}<p>The keeper has never heard of a place called /NONCE along this coast.</p>{END}"
QUIET = f"{TOP}<p>The keeper has never heard of such a place along this whole coast.</p>{END}"
FRONT_READ = read_page(FRONT.encode())
REFERENCE = reference_of([FRONT_READ], Background(), inside=False)


def answer(text: str, nonce: str, status: int = 404) -> Answer:
    raw = text.replace("NONCE", nonce).encode()
    return Answer(status=status, features=read_page(without(raw, nonce)), text=raw.decode(), nonce=nonce)


OWN = answer(LOST, MINE)
SERVERS = (
    "<title>404 Not Found</title><h1>404 Not Found</h1><hr><p>The requested URL /NONCE was not found on this server."
)


@pytest.mark.parametrize(
    ("own", "theirs", "echo"),
    [
        (OWN, answer(LOST, THEIRS), Echo.ECHOED),
        (OWN, answer(LOST.replace("=/", "=https://site.example/"), THEIRS, 200), Echo.ECHOED),
        (OWN, answer(LOST.replace("NONCE", "an-old-path"), THEIRS), Echo.OTHER),  # the error page, saved
        (OWN, answer(LOST.replace("/NONCE", "/old") + "<i data-asked='/NONCE'>", THEIRS), Echo.OTHER),  # elsewhere
        (OWN, answer(FRONT, THEIRS, 200), Echo.OTHER),
        (OWN, answer(FRONT + "NONCE", THEIRS, 200), Echo.OTHER),
        (OWN, answer(SERVERS, THEIRS), Echo.OTHER),
        (OWN, answer("Buy /NONCE today", THEIRS, 200), Echo.OTHER),
        (OWN, answer("", THEIRS, 301), Echo.OTHER),
        (OWN, answer("slow down", THEIRS, 429), Echo.UNKNOWN),
        (OWN, answer("bad gateway", THEIRS, 502), Echo.UNKNOWN),
        (OWN, None, Echo.UNKNOWN),
        (None, answer(LOST, THEIRS), Echo.UNKNOWN),
        (answer("", MINE, 302), answer(LOST, THEIRS), Echo.UNKNOWN),  # the site sends its visitors home
        (answer(SERVERS, MINE), answer(SERVERS, THEIRS), Echo.UNKNOWN),  # its server's words, not the site's
        (answer(FRONT, MINE, 200), answer(FRONT, THEIRS, 200), Echo.UNKNOWN),  # nothing of its own
        (answer(QUIET, MINE), answer(QUIET, THEIRS), Echo.TEMPLATE),
    ],
)
def test_a_nonce_counts_in_its_place_in_the_sites_own_template_only(own, theirs, echo):
    assert echo_of(REFERENCE, FRONT_READ, own, theirs) is echo


NAMES = ("mirror.example",)
PARROT = "<h1>mirror.example</h1><p>More about /NONCE at mirror.example and related searches"
WILD = PARROT.replace("mirror.example", "NONCE.mirror.example")


def test_a_page_that_repeats_what_it_is_asked_is_known_by_repeating_it_for_every_name():
    front, path, random = answer(PARROT.replace("NONCE", ""), MINE), answer(PARROT, THEIRS), answer(WILD, GUARD)

    assert echoes_all(front, path, random, NAMES, scripts=0)
    assert not echoes_all(front, path, answer(LOST, GUARD), NAMES, scripts=0)
    assert not echoes_all(front, path, None, NAMES, scripts=0)
    assert not echoes_all(answer(FRONT * 20, MINE), path, random, NAMES, scripts=0)


def test_an_application_that_is_one_page_is_not_parked():
    shell = [
        answer("<title>App</title><div id=app>Loading the application</div>", nonce) for nonce in (MINE, THEIRS, GUARD)
    ]

    assert not echoes_all(*shell, NAMES, scripts=2)
    assert echoes_all(*shell, NAMES, scripts=0)


def test_the_guard_tells_a_server_that_knows_its_names_from_one_that_does_not():
    path = answer(LOST, THEIRS)

    assert any_host_of(path, answer(LOST, GUARD), NAMES, refused=False) is AnyHost.SAME
    assert any_host_of(path, answer(SERVERS, GUARD), NAMES, refused=False) is AnyHost.DIFFERS
    assert any_host_of(path, answer(LOST, GUARD, 200), NAMES, refused=False) is AnyHost.DIFFERS
    assert any_host_of(path, None, NAMES, refused=True) is AnyHost.DIFFERS
    assert any_host_of(path, None, NAMES, refused=False) is AnyHost.UNKNOWN
    assert any_host_of(None, path, NAMES, refused=False) is AnyHost.UNKNOWN
    assert same_page(answer("", MINE), answer("", THEIRS), NAMES)


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def dated(*ages: timedelta) -> bytes:
    return " ".join((NOW - age).strftime("%Y-%m-%dT%H:%M:%SZ") for age in ages).encode()


M, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BUSY = (M, 6 * M, 11 * M, 16 * M)


@pytest.mark.parametrize(
    ("own", "theirs", "fresh"),
    [
        (BUSY, BUSY, Fresh.FRESH),
        (BUSY, BUSY[1:], Fresh.FRESH),
        (BUSY, (16 * M, 21 * M), Fresh.LAGGING),
        (BUSY, (2 * D, 3 * D), Fresh.STALE),
        ((7 * H, 9 * H, 11 * H), (7 * H, 9 * H), Fresh.UNKNOWN),  # a copy of this morning would have it too
        ((M,), (M,), Fresh.UNKNOWN),  # no pace to measure by
        ((M, 30 * D, 60 * D), (30 * D,), Fresh.UNKNOWN),  # one item a month behind
        ((-2 * H, *BUSY), (-2 * H, *BUSY), Fresh.FRESH),  # an announcement is no news
        ((), BUSY, Fresh.UNKNOWN),
        (BUSY, (), Fresh.UNKNOWN),
    ],
)
def test_newer_is_told_by_the_sites_own_pace(own, theirs, fresh):
    pages = [scan(dated(*ages), "https://a.example/") for ages in (own, theirs)]

    assert freshness(*pages, NOW)[0] is fresh


SITE = frozenset({"site.example", "www.site.example"})
LINKS = "".join(f'<a href="https://site.example/{page}">{page}</a>' for page in ("quays", "rules", "keepers"))
ESCAPED = r'<script>api = "https:\/\/site.example\/v2"</script>'
HOME = LINKS + ESCAPED + " UA-111111-1 <script src=https://lib.example/a.js></script>"
WRAPPED = HOME.replace("https://site", "https://mirror.example/proxy/https://site")
ADDED = "<script src=https://ads.example/a.js></script><script src=//pop.example/b.js></script>"


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (HOME.replace("site.example", "mirror.example"), set()),
        (HOME, {Artefact.RESIDUAL_HOST}),
        (HOME.replace("https://site", "https://mirror"), {Artefact.RESIDUAL_HOST}),
        (HOME.replace("https://site.example", ""), set()),
        (HOME.replace("https://site.example/", "/") + '<a href="https://site.example/">our main address</a>', set()),
        (WRAPPED, {Artefact.PROXY_LINKS, Artefact.RESIDUAL_HOST}),
        (HOME.replace("site", "mirror") + ADDED, {Artefact.FOREIGN_SCRIPTS}),
        (HOME.replace("site", "mirror").replace("UA-111111-1", "UA-222222-1"), {Artefact.IDS_REPLACED}),
        (HOME.replace("site", "mirror").replace("UA-111111-1", ""), {Artefact.IDS_STRIPPED}),
    ],
)
def test_traces_of_a_relay(theirs, found):
    own, page = scan(HOME.encode(), "https://site.example/"), scan(theirs.encode(), "https://mirror.example/")

    assert {one.what for one in artefacts(own, own, page, SITE)} == found


def test_what_a_page_does_beyond_the_site_is_a_threat():
    own = scan(HOME.encode(), "https://site.example/")
    page = scan((HOME + ADDED + "<script>coinhive</script>").encode(), "https://mirror.example/")

    assert [one.what for one in threats(own, own, page, SITE)] == ["foreign_script", "miner"]
    assert threats(own, own, own, SITE) == ()
