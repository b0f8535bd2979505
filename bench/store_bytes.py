"""How many bytes does the store write for 5,000 records? Goals: 6 MB when every state is new, 1 MB when none changed.

The records are made from golden ones with names, addresses, keys, hashes, pages and times of their own, so that nothing
but what real records have in common is compressed away. Run: `python bench/store_bytes.py [--records N] [--blocked S]
[--seed S] [--save]`; the exit status is 1 when a goal is missed. Written is what the kernel was given for the disk
(`write_bytes` of /proc/self/io), archive and state, journals included; the files' sizes stand beside it.
"""

import argparse
import hashlib
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from common import HERE, save

from blockprobe.lab.pages import article
from blockprobe.model.codec import dump_record, load_record
from blockprobe.model.history import History, Transition
from blockprobe.model.record import Record
from blockprobe.model.settings import StoreSettings
from blockprobe.run import new_id
from blockprobe.store.archive import Archive
from blockprobe.store.policy import wants_full
from blockprobe.store.state import StateDb
from blockprobe.verdict.history import advance, seen_of
from blockprobe.verdict.sketch import text_sketch

RECORDS = 5_000
GOAL_NEW, GOAL_SAME = 6_000_000, 1_000_000  # bytes for so many records
PAGE_BYTES = 3_000
GOLDENS = HERE.parent / "tests" / "goldens"
HEALTHY = "demo-news.example"
BLOCKED = ("demo-forged.example", "demo-host-reset.example", "demo-garden.example", "nxdomain-and-sni-listed.example")
BEGAN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
#: What all records of a line have in common: its routers and resolvers, the helper, the authority's certificates.
COMMON = ("198.51.100.", "203.0.113.", "198.18.", "2001:db8:f0:", "2001:db8:10:", "2001:db8:ff", "100.64.0.0", "192.0.")


class Maker:
    """Makes records that look like a golden one and share no secret with it."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._golden = {path.name: (path / "record.json").read_text() for path in GOLDENS.iterdir() if path.is_dir()
                        and (path / "record.json").exists()}  # fmt: skip

    def record(self, number: int, golden: str, host: str, at: datetime) -> Record:
        """One record of `host`, made from a golden one."""
        text = self._golden[golden]
        document = json.loads(self._renamed(text, json.loads(text)["target"]["host"], host))
        document["id"] = new_id(at)
        document["measured_at"] = at.isoformat().replace("+00:00", "Z")
        document["runtime_s"] = round(self._dice.uniform(0.3, 2.0), 6)
        for one in document["observations"]:
            self._retime(one)
        for one in document["control"]:
            self._retime(one)
            one["clock_offset_s"] = self._dice.uniform(-0.2, 0.2)
        for one in document["line"]["neutral"]:
            one["t_s"] = round(one["t_s"] - number * 0.0131, 6)
        self._repage(document, host)
        return load_record(json.dumps(document))

    def host(self) -> str:
        """A name like those of listed sites."""
        letters = "".join(self._dice.choices("abcdefghijklmnopqrstuvwxyz0123456789-", k=self._dice.randint(5, 14)))
        return f"x{letters}x.{self._dice.choice(('example', 'test', 'invalid', 'example.com', 'example.org'))}"

    def _renamed(self, text: str, old: str, new: str) -> str:
        text = re.sub(rf"(?<![a-z0-9-]){re.escape(old)}", new, text)
        for digest in set(re.findall(r'"([0-9a-f]{64})"', text)) - _authority(text):
            text = text.replace(digest, f"{self._dice.getrandbits(256):064x}")
        for address in sorted(set(re.findall(r"\b\d+\.\d+\.\d+\.\d+\b|2001:db8:[0-9a-f:]+[0-9a-f]", text))):
            if not address.startswith(COMMON):
                text = re.sub(rf"(?<![\d.:a-f]){re.escape(address)}(?![\d.a-f])", self._address(address), text)
        return re.sub(r"Testing cert #\w+", f"Testing cert #{self._dice.getrandbits(80):020x}", text)

    def _address(self, like: str) -> str:
        if ":" in like:
            words = [f"{self._dice.getrandbits(16):x}" for _ in range(4)]
            return f"2001:{words[0]}:{words[1]}:{words[2]}::{words[3]}"
        return ".".join(str(self._dice.randint(1, 220)) for _ in range(4))

    def _retime(self, one: dict[str, Any]) -> None:
        start = one["t0_s"] * self._dice.uniform(0.7, 1.4)
        took = (one["t_s"] - one["t0_s"]) * self._dice.uniform(0.6, 2)
        one["t0_s"], same = round(start, 6), one["t_s"]
        one["t_s"] = round(start + took, 6)
        if one.get("rtt_s"):
            one["rtt_s"] = round(one["rtt_s"] * self._dice.uniform(0.6, 2), 6)
        if one.get("reply") and one["reply"]["t_s"] == same:
            one["reply"]["t_s"] = one["t_s"]

    def _repage(self, document: dict[str, Any], host: str) -> None:
        """The site's page has words of its own; a block page stays what it is."""
        page = article(f"{host}{self._dice.random()}", f"Welcome to {host}", PAGE_BYTES).decode()
        new = {"sketch": list(text_sketch(page)), "body_sha256": hashlib.sha256(page.encode()).hexdigest()}
        size = {"body_bytes": len(page), "title": f"Welcome to {host}"}
        hops = [hop for control in document["control"] for hop in control["hops"]]
        for one in (*document["observations"], *hops):
            if str(one.get("title")).startswith("Welcome to"):
                one.update(new | size | ({"body": page} if "body" in one else {}))


def _authority(text: str) -> set[str]:
    chains = (one["chain"] for one in json.loads(text)["observations"] if one["kind"] == "tls")
    return {certificate[key] for chain in chains for certificate in chain[1:] for key in ("sha256", "spki_sha256")}


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.at = BEGAN

    def now(self) -> datetime:
        """The time, UTC."""
        return self.at

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return (self.at - BEGAN).total_seconds()


class Store:
    """Archive and state as the agent uses them: a flush for every member, the state saved once a cycle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.archive = Archive.open(StoreSettings(dir=str(folder)), name="bench", clock=self.clock)
        self.state = StateDb.open(folder)
        self.histories: dict[str, History] = {}
        self.cpu_s = 0.0
        self.json_bytes = 0
        self.full = 0

    def cycle(self, records: Iterator[Record]) -> None:
        """Store the records of one cycle, and what became of their targets."""
        self.cpu_s, self.json_bytes, self.full = 0.0, 0, 0
        transitions = []
        for record in records:
            self.json_bytes += len(dump_record(record)) + 1
            before = self.histories.get(record.target.input, History(target=record.target.input))
            began = time.process_time()
            full = wants_full(before, record, record.measured_at)
            self.archive.append(record, full=full, last_full=before.last_full)
            if self.archive.due:
                self.archive.flush()
            self.cpu_s += time.process_time() - began
            transitions.append(self._advance(before, record, full=full))
        began = time.process_time()
        self.archive.flush()
        self.state.save(self.histories.values(), [one for one in transitions if one])
        self.state.save_schedule({("website", target): self.clock.at + timedelta(hours=1) for target in self.histories})
        self.cpu_s += time.process_time() - began

    def _advance(self, before: History, record: Record, *, full: bool) -> Transition | None:
        self.clock.at = record.measured_at
        after, transition = advance(before, seen_of(record), network="gb/example")
        if full:
            self.full += 1
            after = replace(after, last_full=record.id, last_full_at=record.measured_at)
        self.histories[record.target.input] = after
        return transition

    def close(self) -> None:
        """Seal, and bring the state's journal home."""
        self.archive.close()
        self.state.close()


def _written() -> int:
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["write_bytes"])


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _targets(maker: Maker, count: int, blocked: float) -> list[tuple[str, str]]:
    """Hosts and the golden record that each is made from, spread over the list."""
    every = round(1 / blocked) if blocked else 0
    kinds = (BLOCKED[n // every % len(BLOCKED)] if every and n % every == 0 else HEALTHY for n in range(count))
    return [(maker.host(), kind) for kind in kinds]


def _measure(store: Store, records: Iterator[Record], goal: int, *, last: bool) -> dict[str, Any]:
    """Store one cycle; its figures in bytes, and seconds of CPU."""
    written, size = _written(), _size(store.folder)
    store.cycle(records)
    if last:
        store.close()
    written, size = _written() - written, _size(store.folder) - size
    return {
        "full": store.full, "json_bytes": store.json_bytes, "written_bytes": written, "grown_bytes": size,
        "goal_bytes": goal, "cpu_s": store.cpu_s, "met": max(written, size) <= goal,
    }  # fmt: skip


def _print(what: str, count: int, cycle: dict[str, Any]) -> None:
    print(
        f"{what}: {count} records, {cycle['full']} in full, {cycle['json_bytes'] / 1e6:.1f} MB of JSON; "
        f"written {cycle['written_bytes'] / 1e6:.2f} MB (goal {cycle['goal_bytes'] / 1e6:.2f}), "
        f"files grew by {cycle['grown_bytes'] / 1e6:.2f} MB, {cycle['cpu_s'] / count * 1000:.2f} ms CPU a record"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS, help=f"results are saved when these are {RECORDS:,}")
    parser.add_argument("--blocked", type=float, default=0.0, help="share of blocked targets, which are kept in full")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", default="/var/tmp", help="a folder on a disk, for write_bytes to count")
    parser.add_argument("--save", action="store_true", help="write results whatever --records")
    return parser.parse_args()


def main() -> int:
    """Store two cycles, print, save, and say whether the goals are met."""
    options = _options()
    count = options.records
    maker = Maker(options.seed)
    targets = _targets(maker, count, options.blocked)

    def records(hour: int) -> Iterator[Record]:
        for number, (host, golden) in enumerate(targets):
            at = BEGAN + timedelta(hours=hour, seconds=number * 0.7, microseconds=number * 131)
            yield maker.record(number, golden, host, at)

    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        store = Store(Path(folder))
        goals = [goal * count // RECORDS for goal in (GOAL_NEW, GOAL_SAME)]
        cycles = {
            "all new": _measure(store, records(0), goals[0], last=False),
            "none changed": _measure(store, records(1), goals[1], last=True),
        }
    for what, cycle in cycles.items():
        _print(what, count, cycle)
    if options.save or count == RECORDS:
        suffix = f"_blocked_{options.blocked}" if options.blocked else ""
        figures = {"records": count, "blocked": options.blocked, "cycles": cycles}
        print("written:", save(f"store_bytes{suffix}", options.seed, figures))
    return 0 if all(cycle["met"] for cycle in cycles.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
