"""What one scrape of a busy agent costs: 5,000 targets on one network, 50 orders, a series for every site.

Goals: each scrape over loopback in 0.5 s, 20 MB of memory at most while it lasts, as many series as docs/metrics.md
computes; below that `max_series` holds, what is left out is counted, and sites go before orders and never the probe.
Run: `python bench/metrics_speed.py [--quick] [--save]`; the exit status is 1 when a goal is missed.
"""

import argparse
import asyncio
import json
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common
from busy_agent import NOW, ORDERS, TARGETS, busy_agent

from blockprobe.metrics.render import Renderer, process_text
from blockprobe.metrics.server import Health, MetricsServer
from blockprobe.metrics.snapshot import Snapshot
from blockprobe.metrics.table import METRICS, Tier
from blockprobe.model.settings import MetricsSettings
from blockprobe.model.words import State

GOAL_S, GOAL_BYTES = 0.5, 20_000_000
PAUSE_S = 1.1  # an exposition is served again for a second
#: The scraper is another process: it asks once a line on its standard input, and says seconds and bytes.
SCRAPER = """
import http.client, json, sys, time
port = int(sys.argv[1])
for line in sys.stdin:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics", headers={"Accept-Encoding": line.strip()})
    body = connection.getresponse().read()
    print(json.dumps([time.perf_counter() - began, len(body)]), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """One scrape: from connecting to the last byte, CPU of the agent, bytes, and the memory that it took meanwhile."""

    seconds: float
    cpu_s: float
    size: int
    extra: int


def main() -> int:
    """Measure, print, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer scrapes; save nothing unless --save is given")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    moment, compliance_s = busy_agent()
    print(f"{TARGETS} targets and {ORDERS} orders made in {time.perf_counter() - began:.1f} s, of which "
          f"{compliance_s * 1000:.0f} ms for their compliance figures, which are not part of a scrape")  # fmt: skip
    scrapes, plain, packed = asyncio.run(scraped(moment, times=3 if options.quick else 10))
    figures: dict[str, Any] = {"targets": TARGETS, "orders": ORDERS, "compliance_s": compliance_s}
    met = [
        _speed(figures, scrapes, plain, packed),
        _series(figures, moment),
        _capped(figures, moment),
    ]
    _baseline(figures, moment)
    if options.save or not options.quick:
        print(f"saved {common.save('metrics_speed', 0, figures)}")
    return 0 if all(met) else 1


async def scraped(moment: Snapshot, *, times: int) -> tuple[list[Scrape], int, int]:
    """So many scrapes over loopback, every second one compressed; and the two sizes of the text."""
    renderer = Renderer(MetricsSettings(per_site="all"))
    well = Health(healthy=True, last_cycle=NOW, store="ok", controls=True)
    server = await MetricsServer.start("127.0.0.1:0", lambda: renderer.pieces(moment), lambda: well)
    scraper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRAPER, str(server.port), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert scraper.stdin is not None
    assert scraper.stdout is not None
    found: list[Scrape] = []
    try:
        for n in range(times):
            await asyncio.sleep(PAUSE_S if n else 0)
            before = resident()
            forget_peak()
            began = time.process_time()
            scraper.stdin.write(b"gzip\n" if n % 2 else b"identity\n")
            seconds, size = json.loads(await scraper.stdout.readline())
            cpu_s = time.process_time() - began
            found.append(Scrape(seconds=seconds, cpu_s=cpu_s, size=size, extra=resident("VmHWM") - before))
    finally:
        scraper.stdin.close()
        await scraper.wait()
        await server.aclose()
    return found, found[0].size, found[1].size


def resident(what: str = "VmRSS") -> int:
    """Bytes of this process in memory now, or at most since `forget_peak` (VmHWM)."""
    match = re.search(rf"^{what}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    assert match is not None
    return int(match[1]) * 1024


def forget_peak() -> None:
    """Begin VmHWM anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def _speed(figures: dict[str, Any], scrapes: list[Scrape], plain: int, packed: int) -> bool:
    slowest, most = max(one.seconds for one in scrapes), max(one.extra for one in scrapes)
    median = common.percentile([one.seconds for one in scrapes], 0.5)
    cpu_s = common.percentile([one.cpu_s for one in scrapes], 0.5)
    figures |= {
        "scrape_s": [one.seconds for one in scrapes],
        "cpu_s": [one.cpu_s for one in scrapes],
        "extra_bytes": [one.extra for one in scrapes],
        "text_bytes": plain,
        "gzip_bytes": packed,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(f"scrape: slowest of {len(scrapes)} {slowest:.3f} s (goal {GOAL_S} s), median {median:.3f} s; "
          f"median {cpu_s:.3f} s of CPU in the agent")  # fmt: skip
    print(f"memory: at most {most / 1e6:.1f} MB more during a scrape (goal {GOAL_BYTES / 1e6:.0f} MB)")
    print(f"text: {plain / 1e6:.2f} MB, {packed / 1e6:.2f} MB compressed")
    return slowest <= GOAL_S and most <= GOAL_BYTES


def expected(moment: Snapshot) -> dict[Tier, int]:
    """The arithmetic of docs/metrics.md for this agent."""
    process = sum(1 for line in process_text().splitlines() if not line.startswith(b"#"))
    probe = 2 + 48 + 120 + 5 + 2 + 1  # versions, outcomes, histogram, records, cycles, changes of network
    probe += 4 + 2 + 7  # cycle, reload, one plan
    probe += 5 + 3 + 3 + 2 + 2 + process  # store, line, controls, self-test, the exposition itself
    order = 1 + 7 + 4 + 2 * 3 + 1  # info, two censuses, ratios and bounds, last conclusive
    order += 2 + 3 + 2 + 1 + 1 + 4  # deadline and late, time to block, mechanism and cause, gaps, reopened, stale
    blocked = sum(1 for history in moment.histories.values() if history.state is State.BLOCKED)
    sites = 5 * TARGETS + 2 * blocked  # state, reachable, conclusive, changes, order; since, mechanism
    return {Tier.PROBE: probe, Tier.ORDER: ORDERS * order + 2, Tier.SITE: sites + 6}


def by_tier(text: bytes) -> dict[Tier, int]:
    """How many series of each tier are in the text; those of the process are the probe's."""
    tiers = {metric.name: metric.tier for metric in METRICS}
    counted: Counter[Tier] = Counter()
    for name in _names(text):
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        counted[tiers.get(name) or tiers.get(plain) or Tier.PROBE] += 1
    return {tier: counted[tier] for tier in Tier}


def _names(text: bytes) -> Iterator[str]:
    for line in text.decode().splitlines():
        if not line.startswith("#"):
            yield re.split(r"[{ ]", line, maxsplit=1)[0]


def _series(figures: dict[str, Any], moment: Snapshot) -> bool:
    wanted, found = expected(moment), by_tier(Renderer(MetricsSettings(per_site="all")).render(moment))
    blocked = sum(1 for history in moment.histories.values() if history.state is State.BLOCKED)
    figures["series"] = {tier.value: found[tier] for tier in Tier}
    figures["series_expected"] = {tier.value: wanted[tier] for tier in Tier}
    for tier in Tier:
        print(f"series of {tier.value}: {found[tier]} (arithmetic {wanted[tier]})")
    only = sum(by_tier(Renderer(MetricsSettings(per_site="blocked_only")).render(moment)).values())
    none = sum(by_tier(Renderer(MetricsSettings(per_site="off")).render(moment)).values())
    print(f"series in all: {sum(found.values())}; blocked_only ({blocked} sites) {only}; off {none}")
    figures |= {"series_blocked_only": only, "series_off": none}
    return found == wanted


def _capped(figures: dict[str, Any], moment: Snapshot) -> bool:
    """Half of it, and so little that no site has a place."""
    whole = by_tier(Renderer(MetricsSettings(per_site="all")).render(moment))
    kept = whole[Tier.PROBE] + whole[Tier.ORDER]
    met = []
    for cap in (sum(whole.values()) // 2, kept):
        renderer = Renderer(MetricsSettings(per_site="all", max_series=cap))
        found = by_tier(renderer.render(moment))
        written = sum(found.values())
        good = written <= cap and written + renderer.dropped == sum(whole.values())
        good = good and all(found[tier] == whole[tier] for tier in (Tier.PROBE, Tier.ORDER))
        met.append(good)
        figures.setdefault("capped", []).append({"max_series": cap, "series": written, "dropped": renderer.dropped})
        print(f"max_series {cap}: {written} written, {renderer.dropped} dropped, {found[Tier.SITE]} of them sites' "
              f"({'as it must be' if good else 'WRONG'})")  # fmt: skip
    return all(met)


def _baseline(figures: dict[str, Any], moment: Snapshot) -> None:
    """The same series written by prometheus-client: what our own renderer saves."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.parser import text_string_to_metric_families

    renderer = Renderer(MetricsSettings(per_site="all"), process=False)
    ours = min(_timed(lambda: renderer.render(moment)) for _ in range(3))
    families = list(text_string_to_metric_families(renderer.render(moment).decode()))

    class Fixed:
        def collect(self) -> Any:
            return families

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Fixed())  # type: ignore[arg-type]  # only collect() is asked for
    theirs = min(_timed(lambda: generate_latest(registry)) for _ in range(3))
    figures |= {"render_s": ours, "prometheus_client_s": theirs}
    print(f"rendering: {ours * 1000:.0f} ms, prometheus-client {theirs * 1000:.0f} ms, ratio {ours / theirs:.2f}")


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
