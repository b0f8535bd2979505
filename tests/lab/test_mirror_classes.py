"""`mirrors classify --live` against real servers: every class, and those that try to look like another."""

import json
from collections.abc import Iterator

import pytest

from . import tools
from .mirror_servers import MAIN
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
    "lure.example": "phish_lure",
    "block.example": "block_page",
    "back.example": "undetermined",  # a redirect to the site
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


def classified(world: MirrorWorld, *arguments: str, state: str) -> dict[str, dict[str, object]]:
    done = world.classify(*arguments, "--format", "json", state=state)
    assert done.returncode == 0, done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["id"]: line for line in lines}


def test_every_candidate_has_its_class_in_every_run(world: MirrorWorld) -> None:
    right = dict.fromkeys(TRUTH, 0)
    wrong = []
    for run in range(RUNS):
        told = classified(world, *TRUTH, state=f"run-{run}")
        for name, class_ in TRUTH.items():
            right[name] += told[name]["class"] == class_
            if told[name]["class"] != class_:
                wrong.append((run, name, told[name]))
    print("\n".join(f"{name:60} {TRUTH[name]:18} {count} of {RUNS}" for name, count in right.items()))
    assert wrong == []
