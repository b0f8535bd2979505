"""Line conditions of a wire: loss, outages, delay and bottlenecks decide whether and when a frame goes on."""

import random
from collections.abc import Callable, Iterable

from blockprobe.lab import censor
from blockprobe.lab.matching import Matcher
from blockprobe.lab.naming import MANY_FLOWS, Flow, NameWatch, flow_of
from blockprobe.lab.packets import Packet, parse

Shaper = Callable[[bytes, float, bool], float | None]
"""(frame, seconds since loading, up) to seconds of delay, or None when the frame is lost."""


def shapers(rules: Iterable[censor.Rule]) -> list[Shaper]:
    """One function a condition, in the order of the rules."""
    made: list[Shaper] = []
    for rule in rules:
        if isinstance(rule, censor.Loss):
            made.append(_only(rule.match, _loss(rule)))
        elif isinstance(rule, censor.Outage):
            made.append(_outage(rule))
        elif isinstance(rule, censor.Delay):
            made.append(_only(rule.match, _delay(rule)))
        elif isinstance(rule, censor.Rate):
            made.append(_only(rule.match, _rate(rule)))
    return made


def _only(match: censor.Match, shaper: Shaper) -> Shaper:
    if match == censor.ANYTHING:
        return shaper
    matcher = Matcher(match)

    def limited(frame: bytes, now: float, up: bool) -> float | None:  # noqa: FBT001 - one of many alike, called by position
        packet = parse(frame)
        if packet is None or not _concerns(matcher, packet, up):
            return 0.0
        return shaper(frame, now, up)

    return limited


def _concerns(matcher: Matcher, packet: Packet, up: bool) -> bool:  # noqa: FBT001 - private
    if up:
        return matcher(packet, packet.src, packet.dst, packet.dport)
    return matcher(packet, packet.dst, packet.src, packet.sport)


def _loss(rule: censor.Loss) -> Shaper:
    # Gilbert: a bad state in which everything is lost, entered so often that the mean loss is `rate`.
    dice = random.Random(rule.seed)  # noqa: S311 - weather, not secrets
    leave = 1.0 / rule.burst
    enter = rule.rate * leave / (1.0 - rule.rate) if rule.rate < 1.0 else 1.0
    bad = {True: False, False: False}

    def shaper(frame: bytes, now: float, up: bool) -> float | None:  # noqa: FBT001
        if rule.burst <= 1.0:
            return None if dice.random() < rule.rate else 0.0
        bad[up] = dice.random() >= leave if bad[up] else dice.random() < enter
        return None if bad[up] else 0.0

    return shaper


def _outage(rule: censor.Outage) -> Shaper:
    def shaper(frame: bytes, now: float, up: bool) -> float | None:  # noqa: FBT001
        return None if rule.start_s <= now < rule.start_s + rule.duration_s else 0.0

    return shaper


def _delay(rule: censor.Delay) -> Shaper:
    def shaper(frame: bytes, now: float, up: bool) -> float | None:  # noqa: FBT001
        if not rule.jitter_ms:
            return rule.ms / 1000
        return max(0.0, rule.ms + random.uniform(-rule.jitter_ms, rule.jitter_ms)) / 1000  # noqa: S311 - weather

    return shaper


def _rate(rule: censor.Rate) -> Shaper:
    pipe = _Pipe(rule)
    if rule.names:
        return _slow_named(rule, pipe)

    def shaper(frame: bytes, now: float, up: bool) -> float | None:  # noqa: FBT001
        flow: Flow | None = None
        if rule.per_flow:
            packet = parse(frame)
            flow = flow_of(packet, up=up) if packet is not None else None
        return pipe.wait(frame, now, (flow, up))

    return shaper


def _slow_named(rule: censor.Rate, pipe: "_Pipe") -> Shaper:
    watch = NameWatch(rule.names, subdomains=rule.subdomains)

    def shaper(frame: bytes, now: float, up: bool) -> float | None:  # noqa: FBT001
        packet = parse(frame)
        if packet is None:
            return 0.0
        flow = flow_of(packet, up=up)
        return pipe.wait(frame, now, (flow, up)) if watch.is_listed(packet, flow, up=up) else 0.0

    return shaper


class _Pipe:
    """When each queue of a bottleneck will be empty (seconds since loading)."""

    def __init__(self, rule: censor.Rate) -> None:
        self._bits_s = rule.kbit * 1000
        self._queue_s = rule.queue_ms / 1000
        self._free: dict[tuple[Flow | None, bool], float] = {}

    def wait(self, frame: bytes, now: float, key: tuple[Flow | None, bool]) -> float | None:
        """Seconds until the frame is through; None when its queue is full."""
        start = max(now, self._free.get(key, 0.0))
        if start - now > self._queue_s:
            return None
        if len(self._free) > MANY_FLOWS:
            self._free = {one: free for one, free in self._free.items() if free > now}
        self._free[key] = start + len(frame) * 8 / self._bits_s
        return self._free[key] - now
