"""`mirrors classify --live` against real servers: every class, and those that try to look like another."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from blockprobe.mirrors.live_budget import MOST_REQUESTS

from . import tools
from .mirror_servers import ADDRESSES, MAIN, PROXY
from .mirror_world import WEB_PROXY, MirrorWorld
from .needs import ACCEPTANCE, missing

TRUTH = {
    MAIN: "mirror_same_op",  # the site itself
    "samekey.example": "mirror_same_op",
    "sancert.example": "mirror_same_op",
    "listed.example": "mirror_same_op",
    "unproven.example": "copy_live_unknown",  # the operator's, with nothing to prove it
    "clean.example": "copy_live_unknown",  # a relay that leaves no trace: the same bytes as the one above
    "plain.example": "proxy_live",
    "forged.example": "proxy_live",  # with a certificate for the site's name, from nobody that anyone trusts
    "rewrite.example": "proxy_live",
    "cache.example": "proxy_live",
    "inject.example": "proxy_live",
    WEB_PROXY: "proxy_live",
    "wget.example": "clone_static",
    "wget-times.example": "clone_static",
    "httrack.example": "clone_static",
    "httrack-times.example": "clone_static",
    "frozen.example": "clone_static",  # with the site's own error page, saved
    "one-page.example": "clone_static",  # the front page for every path
    "echo-kit.example": "clone_static",  # the saved error page with whatever was asked written into it
    "moved.example": "clone_static",  # a redirect to a clone
    "parked.example": "parked",
    "parked-brand.example": "parked",  # with the site's own words around it
    "lure.example": "phish_lure",
    "block.example": "block_page",
    "back.example": "undetermined",  # a redirect to the site
    "inward.example": "undetermined",  # a redirect into somebody's own network, which is not followed
    "nobody.example": "undetermined",  # no such name
}
RUNS = 20 if ACCEPTANCE else 1


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MirrorWorld]:
    reason = missing() or tools.missing()
    if reason:
        pytest.skip(reason)
    made = MirrorWorld.up(tmp_path_factory.mktemp("mirrors"))
    yield made
    made.down()


def classified(
    world: MirrorWorld, *arguments: str, state: str, config: Path | None = None
) -> dict[str, dict[str, Any]]:
    done = world.classify(*arguments, "--format", "json", state=state, config=config)
    assert done.returncode == 0, done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["id"]: line for line in lines}


def test_every_candidate_has_its_class_in_every_run(world: MirrorWorld) -> None:
    right = dict.fromkeys(TRUTH, 0)
    wrong = []
    for run in range(RUNS):
        before = len(world.asked())
        told = classified(world, *TRUTH, state=f"run-{run}")
        asked = world.asked()[before:]
        for name, class_ in TRUTH.items():
            right[name] += told[name]["class"] == class_
            if told[name]["class"] != class_:
                wrong.append((run, name, told[name]))
        assert told["inward.example"]["because"] == "it leads to no public address"
        assert {method for _, method, _ in asked} == {"GET"}
        assert len({agent for _, _, agent in asked}) == 1
        assert max(Counter(server for server, _, _ in asked if server != MAIN).values()) <= MOST_REQUESTS
    print("\n".join(f"{name:60} {TRUTH[name]:18} {count} of {RUNS}" for name, count in right.items()))
    assert wrong == []


WAYS = [
    ((), "undetermined", "undetermined", "without a valid chain"),
    (("--reference-address", ADDRESSES[MAIN]), "proxy_live", "clone_static", ""),
    (("--reference-via", f"http://{PROXY[0]}:{PROXY[1]}"), "proxy_live", "clone_static", ""),
    (("--reference-via", "socks5://127.1.0.4:1080"), "undetermined", "undetermined", "connection_refused"),
    (("--reference", "saved/front.html"), "copy_live_unknown", "copy_live_unknown", "without a valid chain"),
]


def test_where_the_site_is_blocked_it_is_seen_by_the_way_that_is_named_or_not_at_all(world: MirrorWorld) -> None:
    def seen(number: int) -> list[str]:
        way, _, _, reason = WAYS[number]
        options = [str(world.folder / each) if each.endswith(".html") else each for each in way]
        told = classified(world, *options, "plain.example", "wget.example", state=f"way-{number}", config=world.blocked)
        assert all(reason in line["because"] for line in told.values()), told
        return [told["plain.example"]["class"], told["wget.example"]["class"]]

    with ThreadPoolExecutor(2) as side:
        classes = list(side.map(seen, range(len(WAYS))))
    assert classes == [[relay, clone] for _, relay, clone, _ in WAYS]


def test_people_read_class_proof_and_what_was_spent(world: MirrorWorld) -> None:
    done = world.classify("samekey.example", "inject.example", "moved.example", state="people")
    shown = " ".join(done.stdout.decode().split())

    assert "mirror_same_op" in shown
    assert "valid chains for the same key" in shown
    assert "[threat]" in shown
    assert "[redirector]" in shown
    assert "5, today 5" in shown
    assert b"requests to site.example as reference" in done.stderr
