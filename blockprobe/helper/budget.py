"""How much one client may ask for: requests per minute, bytes per hour, and things in flight at once."""

import asyncio
import ipaddress
from collections import Counter, OrderedDict

from blockprobe.net.clock import Clock

#: Clients remembered; the one that has been quiet the longest is forgotten first.
_CLIENTS = 10_000


def client_group(address: str) -> str:
    """Whom a budget belongs to: an IPv4 address, or an IPv6 /64, which one subscriber has to himself (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


class RequestBudget:
    """A token bucket per client: `per_minute` requests, all of which may come at once."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        """`per_minute` of 0 or less means no limit."""
        self._clock = clock
        self._per_minute = float(per_minute)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Spend one request: 0.0 when granted, else the seconds until the next one will be."""
        if self._per_minute <= 0:
            return 0.0
        group, now = client_group(client), self._clock.monotonic()
        tokens, since = self._buckets.pop(group, (self._per_minute, now))
        rate = self._per_minute / 60.0
        tokens = min(self._per_minute, tokens + (now - since) * rate)
        granted = tokens >= 1.0
        self._buckets[group] = (tokens - 1.0 if granted else tokens, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1.0 - tokens) / rate


class ByteBudget:
    """A bucket of bytes per client, per key and for everybody: `per_hour` of each may come at once, all together
    `EVERYBODY` times as much. So nobody makes a source of traffic of the echo, with many keys or from many places."""

    #: All clients together may have as much as so many of them.
    EVERYBODY = 20

    def __init__(self, clock: Clock, per_hour: int) -> None:
        """`per_hour` in bytes."""
        self._clock = clock
        self._per_hour = float(per_hour)
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, key_id: str, count: int) -> float:
        """Spend `count` bytes: 0.0 when granted, else the seconds until as many will be."""
        now = self._clock.monotonic()
        shares = ((client_group(client), 1), (f"key {key_id}", 1), ("everybody", self.EVERYBODY))
        left = [(name, self._left(name, share, now), share) for name, share in shares]
        wait_s = max((count - has) / (self._per_hour * share / 3600.0) for _, has, share in left)
        if wait_s > 0.0:
            return wait_s
        for name, has, _ in left:
            self._used[name] = (has - count, now)
            self._used.move_to_end(name)
        while len(self._used) > _CLIENTS:
            self._used.popitem(last=False)
        return 0.0

    def _left(self, name: str, share: int, now: float) -> float:
        most = self._per_hour * share
        has, since = self._used.get(name, (most, now))
        return min(most, has + (now - since) * most / 3600.0)


class InFlight:
    """What is going on at this moment, in all and per client, each bounded; `idle` is set while nothing is."""

    def __init__(self, *, total: int, per_client: int) -> None:
        """`total` and `per_client` are the most that may be in flight at once."""
        self._total = total
        self._per_client = per_client
        self._clients: Counter[str] = Counter()
        self.count = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def enter(self, client: str) -> bool:
        """Whether one more may begin; every True needs a `leave`."""
        group = client_group(client)
        if self.count >= self._total or self._clients[group] >= self._per_client:
            if not self._clients[group]:
                del self._clients[group]
            return False
        self.count += 1
        self.idle.clear()
        self._clients[group] += 1
        return True

    def leave(self, client: str) -> None:
        """One has ended."""
        group = client_group(client)
        self.count -= 1
        if not self.count:
            self.idle.set()
        self._clients[group] -= 1
        if not self._clients[group]:
            del self._clients[group]
