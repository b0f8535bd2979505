"""One measurement, top to bottom. Read this first.

open the run → check the line → for each target: look, compare, change one thing (measure) → judge → record
"""

import asyncio
import gc
import resource
import secrets
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from blockprobe import __version__
from blockprobe.measure.case import Case
from blockprobe.measure.ledger import Ledger
from blockprobe.measure.line import LineCheck
from blockprobe.measure.seats import Seat, Seats
from blockprobe.measure.shared import Shared
from blockprobe.measure.site import measure_site
from blockprobe.model.errors import ConfigError
from blockprobe.model.line import Line
from blockprobe.model.observation import DnsObservation, HttpObservation, ResolverGroup
from blockprobe.model.record import Measurement, Record, Target, Vantage, Versions
from blockprobe.model.settings import Settings
from blockprobe.net.clock import Clock, SystemClock
from blockprobe.net.dial import Dialer
from blockprobe.net.dns import DnsClient
from blockprobe.net.helper_client import HelperClient
from blockprobe.net.resolver import parse_resolver
from blockprobe.net.tls import TlsContexts
from blockprobe.verdict.fingerprint import Fingerprint, FingerprintSet
from blockprobe.verdict.judge import RULES_VERSION, judge_view
from blockprobe.verdict.view import View

#: Objects made, less those freed, between two searches for circular garbage (Python's default is 700).
COLLECT_EVERY = 200_000


class Run:
    """What the targets of one run share, and the two things that can be done with it."""

    def __init__(self, shared: Shared, versions: Versions) -> None:
        self.shared = shared
        self.versions = versions
        self._began: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        clock: Clock | None = None,
        fingerprints: tuple[Fingerprint, ...] = (),
        catalogue: str | None = None,
    ) -> "Run":
        """Make the clients; nothing is sent yet. Raises ConfigError for an unusable resolver or helper."""
        clock = clock or SystemClock()
        allow_descriptors()
        token = read_token(settings.helper.token_file)
        dialer, tls = Dialer(), TlsContexts()
        public = [parse_resolver(entry.url, ResolverGroup.PUBLIC, entry.address) for entry in settings.resolvers.public]
        encrypted = [replace(r, group=ResolverGroup.ENCRYPTED) for r in public if r.encrypted]
        shared = Shared(
            settings=settings,
            clock=clock,
            dialer=dialer,
            tls=tls,
            dns=DnsClient(dialer, clock, tls),
            helpers=tuple(
                HelperClient(url, clock=clock, dialer=dialer, contexts=tls, token=token) for url in settings.helper.urls
            ),
            own=tuple(parse_resolver(url, ResolverGroup.ISP) for url in settings.resolvers.isp),
            public=tuple(r for r in public if not r.encrypted),
            encrypted=tuple(encrypted),
            fingerprints=FingerprintSet(fingerprints),
            ledger=Ledger(clock.monotonic),
        )
        versions = Versions(blockprobe=__version__, rules=RULES_VERSION, catalogue=catalogue, tls=ssl.OPENSSL_VERSION)
        return cls(shared, versions)

    async def check_line(self) -> Line:
        """The whole state of the line; checked once a run."""
        await self._begin()
        await self.shared.whole_line()
        return self.shared.line

    async def _begin(self) -> None:
        """The quick part of the line's check, shared by all targets; the slow part goes on in the background."""
        if self._began is None:
            self._began = asyncio.ensure_future(self._start_line())
        await asyncio.shield(self._began)

    async def _start_line(self) -> None:
        check = LineCheck(self.shared)
        await check.begin()
        self.shared.rest_of_line = asyncio.ensure_future(check.complete())

    async def measure(self, target: Target, seat: Seat | None = None, *, dialer: Dialer | None = None) -> Record:
        """Look, compare, change one thing; then judge. `seat` is given up early by a target that is in doubt; `dialer`
        opens what the target's own operations need (default: the run's)."""
        await self._begin()
        case_id = new_id(self.shared.clock.now())
        case = Case(self.shared, target, self.vantage(self.shared.line), case_id, seat=seat)
        if dialer is not None:
            case.session = replace(case.session, dialer=dialer)
        try:
            await measure_site(case)
        finally:
            case.abandon()
        return record_of(case.view(), case.runtime_s(), self.versions)

    def vantage(self, line: Line) -> Vantage:
        """What the operator stated of this line, and what was found."""
        stated = self.shared.settings.vantage
        return Vantage(
            name=stated.name,
            isp=stated.isp,
            asn=stated.asn,
            country=stated.country,
            access=stated.access,
            families=tuple(int(family) for family, works in line.families.items() if works),
            nat64=line.nat64,
            filters=stated.filters,
            resolvers=tuple(resolver.url for resolver in self.shared.own),
        )

    async def aclose(self) -> None:
        """Close every connection."""
        checks = [task for task in (self._began, self.shared.rest_of_line) if task is not None]
        for task in checks:
            task.cancel()
        await asyncio.gather(*checks, return_exceptions=True)
        await self.shared.dns.aclose()
        for helper in self.shared.helpers:
            await helper.aclose()


async def measure_all(run: Run, targets: Iterable[Target], *, on_record: Callable[[Record], None]) -> None:
    """Measure all targets, `limits.concurrency` at a time, in their order; `on_record` gets each as it is done.

    A target that is in doubt waits for silences to end and makes room for others; one that has opened lets those go
    first that have not begun (measure/seats.py). Memory does not grow with the number of targets: one is taken from
    the iterable when a place comes free. What `on_record` raises ends it.
    """
    seats = Seats.for_list(run.shared.settings.limits, run.shared.clock.monotonic)

    async def one(target: Target, seat: Seat) -> None:
        try:
            on_record(await run.measure(target, seat))
        finally:
            seat.leave()

    with fewer_collections():
        try:
            async with asyncio.TaskGroup() as group:
                for target in targets:
                    group.create_task(one(target, await seats.take()))
                seats.no_more()
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Look for circular garbage less often, and not among what was there before (modules, settings, fingerprints).

    A target leaves thousands of live objects and next to no circles; Python's defaults spend a tenth of the time on
    walking them.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def record_of(view: View, runtime_s: float, versions: Versions) -> Record:
    """Judge what was measured and put the two together."""
    measurement = view.measurement
    return Record(
        id=measurement.id,
        measured_at=measurement.measured_at,
        runtime_s=runtime_s,
        target=measurement.target,
        vantage=measurement.vantage,
        verdict=judge_view(view),
        line=own_line(measurement),
        observations=measurement.observations,
        control=measurement.control,
        versions=versions,
    )


def allow_descriptors() -> None:
    """Raise the soft limit on open files to the hard one: 64 targets with ten ears each come near the usual 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def read_token(path: str | None) -> str | None:
    """The bearer token for helpers; secrets come from files only. Raises ConfigError when it cannot be read."""
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"helper.token_file {path}: {error}; write the token into that file") from error


def own_line(measurement: Measurement) -> Line:
    """The line without what concerns other targets only: a record is shown to people who have not seen the others."""
    line = measurement.line
    if not (line.silent_listed or line.shared_bodies or line.ledger):
        return line
    touched = {o.address for o in measurement.observations if not isinstance(o, DnsObservation)}
    shown = {o.body_sha256 for o in measurement.observations if isinstance(o, HttpObservation) and not o.tls}
    return replace(
        line,
        silent_listed=line.silent_listed if any(entry.address in touched for entry in line.silent_listed) else (),
        shared_bodies=tuple(body for body in line.shared_bodies if body.body_sha256 in shown),
        ledger=tuple(entry for entry in line.ledger if entry.address in touched),
    )


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(now: datetime) -> str:
    """A ULID: 48 bits of Unix milliseconds and 80 random bits, in Crockford's base 32; sorts by time."""
    number = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
