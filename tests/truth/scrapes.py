"""Scrapes of `/metrics`, one a second, as a Prometheus beside the agent would make them.

Run as a program on the line: `scrapes.py URL FILE` appends one document a second until it is ended.
"""

import json
import re
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_STATE = re.compile(r'blockprobe_site_state\{site="([^"]+)",state="([^"]+)"\}')


@dataclass(frozen=True, slots=True)
class Scrape:
    """When it was asked for, and every series with its value."""

    at: datetime
    series: dict[str, float]

    @property
    def states(self) -> dict[str, str]:
        """The state that is shown of each site."""
        found = (_STATE.fullmatch(name) for name in self.series)
        return {match[1]: match[2] for match in found if match}


def parsed(text: str) -> dict[str, float]:
    """The series of an exposition."""
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def read(path: Path) -> list[Scrape]:
    """All that is there so far; a line that is being written is left for the next time."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    found = (json.loads(line) for line in lines)
    return [Scrape(datetime.fromtimestamp(one["at"], UTC), parsed(one["text"])) for one in found]


def main() -> None:
    url, path = sys.argv[1:]
    with open(path, "a") as out:
        while True:
            began = time.time()
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    out.write(json.dumps({"at": began, "text": answer.read().decode()}) + "\n")
                    out.flush()
            except (urllib.error.URLError, OSError):
                pass  # not up yet, or ended
            time.sleep(max(0.0, began + 1.0 - time.time()))


if __name__ == "__main__":
    main()
