"""`python -m dashboards.render.pictures DIST OUT`: the story into Prometheus, dashboards through Chromium into PNGs.

DIST is what `vite build` made of this folder (README.md). Needs Debian's prometheus and chromium. Everything runs in an
empty network with a loopback interface: a browser likes to call home.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Final

from blockprobe.lab.kernel import cut_network

from .fortnight import LINES, fortnight
from .story import FORTNIGHT_H

DASHBOARDS: Final = Path(__file__).parents[1]
PROMETHEUS: Final = "127.0.0.1:19090"
WIDTH, ROW, GAP = 1440, 30, 8
"""Pixels: of the picture, and of one unit of a dashboard's grid with the gap below it."""
LIMIT_BYTES: Final = 300_000
_SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")


def main() -> int:
    """Make every picture; the exit status is 1 if one is too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    cut_network()
    options.out.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).replace(microsecond=0)
    too_large = False
    with tempfile.TemporaryDirectory(prefix="panels-") as name, prometheus(Path(name), now), pages(options.dist) as url:
        for board in sorted(DASHBOARDS.glob("*.json")):
            shutil.copy(board, options.dist)
            picture = options.out / f"{board.stem}.png"
            shoot(f"{url}/?d=/{board.name}&prom=http://{PROMETHEUS}&{_range(now)}", board, picture, Path(name))
            smaller(picture)
            size = picture.stat().st_size
            too_large |= size > LIMIT_BYTES
            sys.stdout.write(f"{picture}: {size} bytes\n")
    return 1 if too_large else 0


def samples(began: datetime, until: datetime) -> Iterator[str]:
    """Every exposition of the story as OpenMetrics with its time, and with the labels that a scrape adds."""
    for line in LINES:
        target = f'job="blockprobe",instance="{line.name}:9890"'
        for at, probe in fortnight(line, began, until):
            text = probe.exposition(at, looked_at=at).decode()
            for match in filter(None, map(_SAMPLE.match, text.splitlines())):
                labels = f"{match['labels']},{target}" if match["labels"] else target
                yield f"{match['name']}{{{labels}}} {match['value']} {at.timestamp():.0f}\n"


@contextmanager
def prometheus(folder: Path, now: datetime) -> Iterator[None]:
    """One that holds the story, on loopback, until the end of the block."""
    with (folder / "story.om").open("w") as story:
        story.writelines(samples(now - timedelta(hours=FORTNIGHT_H), now))
        story.write("# EOF\n")
    blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(folder / "story.om"), str(folder / "data")]
    subprocess.run(blocks, check=True, stdout=subprocess.DEVNULL)
    (folder / "empty.yml").write_text("global: {}\n")
    argv = [
        "prometheus",
        f"--config.file={folder}/empty.yml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=1y",
        f"--web.listen-address={PROMETHEUS}",
        "--web.cors.origin=.*",
        # A sample an hour, without the markers that a scrape leaves where a series ends: none must live on.
        "--query.lookback-delta=30m",
        "--log.level=warn",
    ]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    try:
        _wait(lambda: _up(process))
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def pages(dist: Path) -> Iterator[str]:
    """The built page over HTTP, on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(dist)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def shoot(url: str, board: Path, picture: Path, folder: Path) -> None:
    """One dashboard at its full height."""
    places = [panel["gridPos"] for panel in json.loads(board.read_text())["panels"]]
    height = max(place["y"] + place["h"] for place in places) * (ROW + GAP) + 2 * GAP
    argv = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--hide-scrollbars",
        f"--user-data-dir={folder}/chromium",
        f"--window-size={WIDTH},{height}",
        "--virtual-time-budget=30000",
        "--enable-logging=stderr",
        f"--screenshot={picture}",
        url,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=180, check=True)
    for said in re.findall(r"CONSOLE\S* (.*)", done.stderr):
        sys.stderr.write(f"{board.stem}: {said[:300]}\n")


def smaller(picture: Path) -> None:
    """With a palette of 256 colours, where Pillow is installed; octrees keep the hues of thin curves apart."""
    try:
        image_module = import_module("PIL.Image")
    except ImportError:
        return
    with image_module.open(picture) as image:
        image.convert("RGB").quantize(256, method=image_module.Quantize.FASTOCTREE).save(picture, optimize=True)


def _range(now: datetime) -> str:
    began = now - timedelta(hours=FORTNIGHT_H)
    return f"from={began:%Y-%m-%dT%H:%M:%SZ}&to={now:%Y-%m-%dT%H:%M:%SZ}"


def _up(process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise SystemExit("Prometheus ended at once; what it said is above.")
    try:
        with urllib.request.urlopen(f"http://{PROMETHEUS}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _wait(holds: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise SystemExit("Prometheus is not ready in time.")
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main())
