"""The measured process of the benchmarks: one job in (a JSON file), one JSON document out.

It is a process of its own on the subscriber's line, so that its CPU time and its memory are its own. `check` runs what
`blockprobe check --format json` runs, up to the bytes of every record; `baseline` is the least anybody could do.
"""

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import ssl
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

#: What an ordinary login has; a client that needs more than this would fail there.
OPEN_FILES = 1024


def main() -> None:
    """Run the job named on the command line."""
    job = json.loads(Path(sys.argv[1]).read_text())
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, hard), hard))
    work = {"check": check, "baseline": baseline}[job["mode"]]
    answer = work(job)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    answer["total_cpu_s"] = usage.ru_utime + usage.ru_stime
    answer["peak_rss_mb"] = usage.ru_maxrss / 1024
    print(json.dumps(answer))


def cpu_s() -> float:
    """CPU seconds of this process, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


# -- check -------------------------------------------------------------------------------------------------------


def check(job: dict[str, Any]) -> dict[str, Any]:
    """Measure the targets, a new run for every `chunk` of them; each checks the line anew, and as in `blockprobe check`
    the targets do not wait for the slow part of that."""
    from blockprobe.catalogue.config import load_settings
    from blockprobe.cli.knowledge import load_knowledge
    from blockprobe.model.target import parse_target

    settings = load_settings(Path(job["config"]), {}, {"limits": {"concurrency": job["concurrency"]}})
    known = load_knowledge(settings)
    targets = [parse_target(text) for text in job["targets"]]
    chunk = job.get("chunk") or len(targets)
    tally = Tally(job)

    async def everything() -> None:
        for start in range(0, len(targets), chunk):
            await _one_run(settings, known, targets[start : start + chunk], tally)

    _warm_up()
    started, began = cpu_s(), time.monotonic()
    with _profile(job.get("profile")):
        asyncio.run(everything())
    return {"startup_cpu_s": started, "cpu_s": cpu_s() - started, "wall_s": time.monotonic() - began} | tally.figures()


def _warm_up() -> None:
    """What is made once in a process whatever its work belongs to its start: imports and the readers of JSON."""
    import blockprobe.run  # noqa: F401
    from blockprobe.model.codec import load_record
    from blockprobe.model.errors import RecordError
    from blockprobe.net.helper_answer import read_answer

    with contextlib.suppress(RecordError):
        load_record("{}")
    with contextlib.suppress(ValueError):
        read_answer(b"{}", "")


async def _one_run(settings: Any, known: Any, targets: list[Any], tally: "Tally") -> None:
    from blockprobe.run import Run, measure_all

    run = await Run.open(settings, fingerprints=known.fingerprints, catalogue=known.version)
    try:
        took: list[float] = []
        began = time.monotonic()
        checking = asyncio.ensure_future(run.check_line())
        checking.add_done_callback(lambda _: took.append(time.monotonic() - began))
        await measure_all(run, targets, on_record=tally.take)
        tally.take_line(await checking, took_s=took[0])
    finally:
        await run.aclose()


class Tally:
    """What is kept of the records: summaries, their bytes, and in the job's folder those that are odd."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Nothing taken yet."""
        from blockprobe.model.codec import dump_record

        self._job = job
        self._dump = dump_record
        self._silence = Silence()
        self._results: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []
        self._written = 0

    def take_line(self, line: Any, *, took_s: float) -> None:
        """The line as a run found it."""
        self._lines.append({
            "s": took_s, "families": line.families, "portal": line.portal,
            "common_path": len(line.common_path), "intercepted": line.intercepted,
        })  # fmt: skip

    def take(self, record: Any) -> None:
        """One record, written as `check --format json` would."""
        data = self._dump(record)
        self._written += len(data)
        self._results.append(summary(record))
        if self._job.get("attempts"):
            self._silence.add(record)
        if _is_odd(self._job, record):
            name = f"{record.verdict.state}-{record.target.host}-{record.id}.json"
            folder = Path(self._job["keep"])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)

    def figures(self) -> dict[str, Any]:
        """All of it."""
        return {
            "results": self._results, "lines": self._lines, "silence": self._silence.totals(),
            "record_bytes": self._written,
        }  # fmt: skip


class _profile:
    """Samples the stack every millisecond of CPU time (not of wall time) and writes folded stacks, when asked to.

    Unlike cProfile it does not make Python look dearer than C. Lines are `outer;inner;… count`, as flame graphs want.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._stacks: Counter[str] = Counter()

    def __enter__(self) -> None:
        if self._path:
            signal.signal(signal.SIGPROF, self._sample)
            signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)

    def __exit__(self, *_: object) -> None:
        if self._path:
            signal.setitimer(signal.ITIMER_PROF, 0)
            Path(self._path).write_text("".join(f"{stack} {count}\n" for stack, count in self._stacks.items()))

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        names = []
        while frame is not None:
            code = frame.f_code
            names.append(f"{Path(code.co_filename).parent.name}/{Path(code.co_filename).stem}:{code.co_qualname}")
            frame = frame.f_back
        self._stacks[";".join(reversed(names))] += 1


def summary(record: Any) -> dict[str, Any]:
    """What the benchmarks look at."""
    verdict = record.verdict
    return {
        "target": record.target.input,
        "state": str(verdict.state),
        "mechanisms": [str(one) for one in verdict.mechanisms],
        "rule": verdict.rule,
        "reasons": [str(one) for one in verdict.reasons],
        "suspected": [str(one) for one in verdict.suspected],
        "interference": [str(one.mechanism) for one in verdict.interference],
        "runtime_s": record.runtime_s,
    }


def _is_odd(job: dict[str, Any], record: Any) -> bool:
    expected = job.get("expected", {}).get(record.target.input, "accessible")
    odd = record.verdict.state != expected or (expected == "accessible" and record.verdict.interference)
    odd = odd or record.runtime_s > job.get("slow_s", 60.0)
    return bool(job.get("keep")) and bool(odd)


class Silence:
    """How many attempts of each operation met silence, and after how many packets; only places that are healthy.

    An attempt that a later one overtakes is cancelled unseen, so attempts that were never finished are counted too:
    attempt n at a place means that the n before it were silent for at least as long as the stagger, or failed.
    """

    def __init__(self) -> None:
        """Nothing counted yet."""
        self._attempts: Counter[str] = Counter()
        self._silent: Counter[str] = Counter()
        self._overtaken: Counter[str] = Counter()
        self._packets: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()

    def add(self, record: Any) -> None:
        """Count the observations of one record."""
        latest: dict[tuple[Any, ...], set[int]] = {}
        for one in record.observations:
            if one.kind == "path" or one.why.place == "silent":
                continue
            operation = self._operation(one)
            self._attempts[operation] += 1
            self._silent[operation] += one.failure == "generic_timeout_error"
            self._packets[operation] += one.packets
            self._lost[operation] += one.packets - (one.failure != "generic_timeout_error")
            if one.kind == "tcp" and one.why.test in ("look", "repeat") and one.why.place == "origin":
                latest.setdefault((one.address, one.port, one.why.hop), set()).add(one.why.attempt)
        for seen in latest.values():
            self._overtaken["tcp"] += max(seen) + 1 - len(seen)

    @staticmethod
    def _operation(one: Any) -> str:
        if one.kind != "dns":
            return str(one.kind)
        return "dns " + str(one.resolver).partition(":")[0]

    def totals(self) -> dict[str, dict[str, int]]:
        """By operation: attempts, silent ones, overtaken ones, packets sent and packets sent again."""
        return {
            operation: {
                "attempts": count, "silent": self._silent[operation], "overtaken": self._overtaken[operation],
                "packets": self._packets[operation], "resent": self._lost[operation],
            }
            for operation, count in sorted(self._attempts.items())
        }  # fmt: skip


# -- the baseline ------------------------------------------------------------------------------------------------


def baseline(job: dict[str, Any]) -> dict[str, Any]:
    """For each target: A by dnspython over UDP, connect, TLS with one shared context, GET, read to the end."""
    import dns.message
    import dns.rdatatype

    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    asyncio.run(asyncio.sleep(0))  # what asyncio imports late is no part of the work
    resolver, targets = job["resolver"], iter(job["targets"])
    good = 0

    async def address_of(host: str) -> str:
        loop = asyncio.get_running_loop()
        query = dns.message.make_query(host, "A", use_edns=0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
            sock.connect((resolver, 53))
            await loop.sock_sendall(sock, query.to_wire())
            wire = await loop.sock_recv(sock, 4096)
        answer = dns.message.from_wire(wire)
        return next(str(item) for rrset in answer.answer if rrset.rdtype == dns.rdatatype.A for item in rrset)

    async def one(host: str) -> bool:
        async with asyncio.timeout(10):
            address = await address_of(host)
            reader, writer = await asyncio.open_connection(address, 443, ssl=context, server_hostname=host)
            try:
                writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                writer.close()
            return answer.startswith(b"HTTP/1.1 200")

    async def worker() -> None:
        nonlocal good
        for host in targets:
            try:
                worked = await one(host)
                good += worked
            except (OSError, EOFError, StopIteration) as error:
                print(f"baseline: {host}: {error!r}", file=sys.stderr)

    async def everything() -> None:
        await asyncio.gather(*(worker() for _ in range(job["concurrency"])))

    started, began = cpu_s(), time.monotonic()
    asyncio.run(everything())
    return {"startup_cpu_s": started, "cpu_s": cpu_s() - started, "wall_s": time.monotonic() - began, "good": good}


if __name__ == "__main__":
    main()
