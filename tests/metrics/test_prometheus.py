"""Debian's own Prometheus scrapes the server: what it stores is what was written, and what is gone is gone."""

import asyncio
import json
import shutil
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from blockprobe.metrics.render import Renderer
from blockprobe.metrics.server import Health, MetricsServer
from blockprobe.model.settings import MetricsSettings
from blockprobe.model.words import State
from tests.metrics.build import NOW, compliance, history, order, series, snapshot, watching

pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Debian's package prometheus")
TITLE = 'Order of "the \\ court"\nof München'
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs: [{{job_name: blockprobe, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]
"""


@contextmanager
def prometheus(folder: Path, scraped: int) -> Iterator[int]:
    """A Prometheus of our own on loopback that scrapes this port; gives its own port."""
    (folder / "prometheus.yml").write_text(CONFIG.format(port=scraped))
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _port_of(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _port_of(pid: int) -> int:
    """The port on which this process listens; the log does not name the one that the kernel chose."""
    for _ in range(200):
        mine = set()
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                mine.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in mine:
                return int(fields[1].partition(":")[2], 16)
        time.sleep(0.1)
    raise AssertionError("prometheus does not listen")


def ask(port: int, path: str, **query: str) -> dict[str, object]:
    """One call of its API."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(query)}")
        return json.loads(connection.getresponse().read())
    except OSError:
        return {}
    finally:
        connection.close()


def found(port: int, query: str) -> dict[str, dict[str, str]]:
    """The labels of every series that a query gives, by value of the label site."""
    answer = ask(port, "query", query=query)
    rows = answer.get("data", {}).get("result", []) if answer.get("status") == "success" else []
    return {row["metric"].get("site", ""): row["metric"] for row in rows}


def test_prometheus_stores_what_was_written_and_forgets_what_has_left(tmp_path: Path):
    both = watching(history("a.example"), history("b.example", State.BLOCKED), orders=("gb/film-one",))
    moments = [snapshot(orders=(order(title=TITLE),), compliances=(compliance(),), **both)]
    renderer = Renderer(MetricsSettings(per_site="all"))

    async def run() -> None:
        well = Health(healthy=True, last_cycle=NOW, store="ok", controls=True)
        server = await MetricsServer.start("127.0.0.1:0", lambda: renderer.pieces(moments[0]), lambda: well)
        try:
            await asyncio.to_thread(look, server.port)
        finally:
            await server.aclose()

    def wait_for(port: int, query: str, wanted: set[str]) -> dict[str, dict[str, str]]:
        for _ in range(200):
            now = found(port, query)
            if set(now) == wanted:
                return now
            time.sleep(0.1)
        raise AssertionError(f"{query}: {found(port, query)}, not {wanted}; {ask(port, 'targets')}")

    def look(scraped: int) -> None:
        with prometheus(tmp_path, scraped) as port:
            wait_for(port, "blockprobe_site_state", {"a.example", "b.example"})
            written = renderer.render(moments[0])
            stored = ask(port, "query", query='count({__name__=~"blockprobe_.+|process_.+"})')
            assert int(stored["data"]["result"][0]["value"][1]) == len(series(written))
            assert found(port, "blockprobe_order_info")[""]["title"] == TITLE
            types = {name: rows[0]["type"] for name, rows in ask(port, "metadata")["data"].items()}
            assert types["blockprobe_measurements_total"] == "counter"
            assert types["blockprobe_step_duration_seconds"] == "histogram"
            assert types["blockprobe_site_state"] == "gauge"

            moments[0] = replace(moments[0], watched=both["watched"][:1])
            wait_for(port, "blockprobe_site_state", {"a.example"})

    asyncio.run(run())
