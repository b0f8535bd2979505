"""A real Prometheus on loopback that scrapes what it is given every second, and the answers of its HTTP interface."""

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dashboard_files import RULES

MISSING = "a real Prometheus is needed: apt-get install -y --no-install-recommends prometheus"
_CONFIG = """
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: ["rules/*.yml"]
scrape_configs:
  - job_name: blockprobe
    static_configs: [{{ targets: [{targets}] }}]
"""


def missing() -> str | None:
    return None if shutil.which("prometheus") else MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """One that runs; `url` without a slash at the end."""

    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """`data` of an answer. Raises AssertionError with Prometheus' own words."""
        asked = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                document = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error
        assert document["status"] == "success", document
        return document["data"]

    def series(self, expr: str) -> list[dict[str, Any]]:
        """What an instant query returns."""
        return self.ask("query", query=expr)["result"]

    def course(self, expr: str, seconds: float) -> list[dict[str, Any]]:
        """What a range query over the last `seconds` returns."""
        now = time.time()
        return self.ask("query_range", query=expr, start=str(now - seconds), end=str(now), step="1")["result"]

    def values(self, selector: str, label: str) -> list[str]:
        """What `label_values(selector, label)` returns."""
        return self.ask(f"label/{label}/values", **{"match[]": selector})

    def wait(self, holds: Callable[[], Any], seconds: float = 30) -> None:
        """Until it holds."""
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, "Prometheus has not seen it in time"
            time.sleep(0.2)


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, Callable[[], bytes]]) -> Iterator[Prometheus]:
    """Scrapes each of `targets` (a name and what it shows) until the end of the block, with our rules loaded."""
    servers = [_serve(show) for show in targets.values()]
    addresses = ",".join(f'"127.0.0.1:{server.server_port}"' for server in servers)
    (folder / "prometheus.yml").write_text(_CONFIG.format(targets=addresses))
    (folder / "rules").mkdir()
    for path in RULES:  # evaluated every second here, instead of every minute
        (folder / "rules" / path.name).write_text(path.read_text().replace("interval: 1m", "interval: 1s"))
    port = _free_port()
    argv = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        running = Prometheus(url=f"http://127.0.0.1:{port}")
        running.wait(lambda: process.poll() is None and _answers(running))
        yield running
    finally:
        process.terminate()
        process.wait(timeout=20)
        for server in servers:
            server.shutdown()
            server.server_close()


def _answers(running: Prometheus) -> bool:
    try:
        return bool(running.ask("status/buildinfo"))
    except (OSError, AssertionError):
        return False


def _serve(show: Callable[[], bytes]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = show()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
