"""`blockprobe trace` against real censors in the second of three routers: the hop, and in the path or beside it.

All censors work at once, each on a site of its own, and all traces run side by side: once with packets seen and once
without. `BLOCKPROBE_ACCEPTANCE=1` repeats that twenty times.
"""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from . import plan
from .middle import Middle, dns_answer, hop, tls_reset
from .needs import ACCEPTANCE
from .real import RealLab

_RUNS = 20 if ACCEPTANCE else 1
_POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Root in name only: no capability survives the exec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a censor does to a site, where, and what may be said of it without seeing packets."""

    site: str
    kind: str
    carrier: str
    effect: str
    last: int
    first: int
    position: str
    without_sight: tuple[str, ...]
    device: int | None = None


TRUTHS = {
    "in-path drop": Truth(
        site="s1.example", kind="tls", carrier="tls", effect="silence", last=2, first=3, position="in_path",
        without_sight=("in_path",),
    ),
    "in-path reset": Truth(
        site="s2.example", kind="tls", carrier="tls", effect="reset", last=2, first=3, position="in_path", device=2,
        without_sight=("in_path", "unknown"),
    ),
    "on-path reset": Truth(
        site="s3.example", kind="tls", carrier="tls", effect="reset", last=1, first=2, position="on_path",
        without_sight=("on_path", "unknown"),
    ),
    "DNS injection": Truth(
        site="s4.example", kind="dns", carrier="dns_address", effect="answer", last=1, first=2, position="on_path",
        without_sight=("on_path",),
    ),
    "transparent proxy": Truth(
        site="s5.example", kind="http", carrier="tcp", effect="proxy", last=1, first=2, position="in_path", device=2,
        without_sight=("in_path",),
    ),
}  # fmt: skip


def censors(middle: Middle) -> ExitStack:
    """All of them at once."""
    with ExitStack() as stack:
        stack.enter_context(middle.filtering(dropped="s1.example", reset="s2.example"))
        injected = dns_answer("s4.example", [plan.BLOCK_PAGE], [plan.BLOCK_PAGE_V6])
        stack.enter_context(middle.tapping(tls_reset("s3.example"), injected))
        stack.enter_context(middle.proxying())
        return stack.pop_all()


def trace(lab: RealLab, site: str, *arguments: str, under: tuple[str, ...] = ()) -> dict[str, Any]:
    argv = [*under, sys.executable, "-m", "blockprobe.cli.main", "trace", site, "--format", "json"]
    done = lab.run_in_probe([*argv, *arguments, "--config", str(lab.probe_config)], timeout_s=180)
    assert done.returncode == 0, done.stderr[-3000:]
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def faults(document: dict[str, Any], truth: Truth, *, raw: bool) -> Iterator[str]:
    """Where a trace and the truth part; nothing if they agree."""
    if document["sight"] != ("raw" if raw else "errors"):
        yield f"sight {document['sight']}: {document['notes']}"
    paths = {path["family"]: path for path in document["paths"]}
    for family in (4, 6):
        findings = [one for one in paths[family]["findings"] if one["carrier"] == truth.carrier]
        if [one["effect"] for one in findings] != [truth.effect]:
            said = [(one["carrier"], one["effect"], one["because"]) for one in paths[family]["findings"]]
            yield f"IPv{family}: {said}"
            continue
        yield from (f"IPv{family}: {fault}" for fault in _faults(findings[0], truth, family, raw=raw))


def _faults(finding: dict[str, Any], truth: Truth, family: int, *, raw: bool) -> Iterator[str]:
    part = finding["part"]
    where = [(part[end]["ttl"], part[end]["address"]) for end in ("last", "first")]
    if where != [(ttl, hop(family, ttl)) for ttl in (truth.last, truth.first)] or part["far_end"]:
        yield f"parts at {where}: {finding['because']}"
    allowed = (truth.position,) if raw else truth.without_sight
    if finding["position"] not in allowed:
        yield f"{finding['position']}, not {' or '.join(allowed)}: {finding['because']}"
    if raw and truth.device is not None and (finding["device"] or {}).get("ttl") != truth.device:
        yield f"device {finding['device']}"


@pytest.mark.parametrize("number", range(_RUNS))
def test_the_interfering_hop_is_found(lab: RealLab, number: int) -> None:
    """By a process that has no privilege at all; and with packets seen by `blockprobe-raw`, where these tell more."""
    wanted = [(name, raw) for name in TRUTHS for raw in (False, True) if not raw or ACCEPTANCE or "reset" in name]
    with censors(Middle(lab)), ThreadPoolExecutor(len(wanted)) as pool:
        runs = {
            (name, raw): pool.submit(trace, lab, TRUTHS[name].site, "--kind", TRUTHS[name].kind,
                                     under=() if raw else _POWERLESS)
            for name, raw in wanted
        }  # fmt: skip
        documents = {key: run.result() for key, run in runs.items()}
    found = {key: list(faults(document, TRUTHS[key[0]], raw=key[1])) for key, document in documents.items()}
    assert {key: said for key, said in found.items() if said} == {}


def test_a_mute_hop_is_not_named_and_nothing_is_found_where_nothing_is(lab: RealLab) -> None:
    """The filter is in isp2, which sends no ICMP: its place is between hop 1 and hop 3."""
    middle = Middle(lab)
    with middle.filtering(dropped="s1.example"), middle.mute("isp2"), ThreadPoolExecutor(2) as pool:
        filtered = pool.submit(trace, lab, "s1.example", "--kind", "tls", "--family", "4", "--no-raw")
        healthy = pool.submit(trace, lab, "s6.example", "--family", "6", "--no-raw").result()["paths"][0]
        path = filtered.result()["paths"][0]
    finding = next(one for one in path["findings"] if one["carrier"] == "tls")
    assert (finding["effect"], finding["position"]) == ("silence", "in_path")
    assert (finding["part"]["last"]["ttl"], finding["part"]["first"]["ttl"]) == (1, 3)
    assert f"between hop 1 ({hop(4, 1)}) and hop 3 ({hop(4, 3)})" in finding["because"]
    assert {one["carrier"]: one["effect"] for one in healthy["findings"]} == dict.fromkeys(
        ("dns_address", "tcp", "tls", "http"), "none"
    )
    assert [one["addresses"] for one in healthy["hops"]][:3] == [[hop(6, 1)], [], [hop(6, 3)]]
