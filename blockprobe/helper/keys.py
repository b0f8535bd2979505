"""The short-lived keys with which the echoes sign: handed out over the API, known to one client each."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from blockprobe.net.clock import Clock
from blockprobe.net.echo import EchoKey

#: Addresses one key may be used from over UDP: the one it was handed to, and those that proved themselves by TCP.
_ADDRESSES = 4


@dataclass(slots=True, kw_only=True)
class _Entry:
    key: EchoKey
    addresses: set[str] = field(default_factory=set)


class KeyTable:
    """Live keys by id, at most `capacity`; the oldest goes first.

    A client that asks again gets the key it has until half of its life is over: one address cannot fill the table,
    and every answer's key is good for at least five minutes.
    """

    def __init__(self, clock: Clock, *, lifetime_s: float = 600.0, capacity: int = 10_000) -> None:
        """`lifetime_s` counts from the moment of issue."""
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._capacity = capacity
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._latest: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def issue(self, client: str) -> EchoKey:
        """A key for this address, new or still fresh."""
        now = self._now()
        self._drop_expired(now)
        entry = self._entries.get(self._latest.get(client, ""))
        if entry is not None and entry.key.expires - now > self._lifetime_s / 2:
            return entry.key
        key = EchoKey(
            id=secrets.token_hex(8), secret=secrets.token_hex(32), expires=now + self._lifetime_s, client=client
        )
        self._entries[key.id] = _Entry(key=key, addresses={client})
        self._latest[client] = key.id
        if len(self._entries) > self._capacity:
            self._forget(next(iter(self._entries)))
        return key

    def over_tcp(self, key_id: str, address: str) -> EchoKey | None:
        """The live key of this id, whoever names it: a TCP handshake proves the address.

        That address may then use the key over UDP too. So a probe that reached the API over IPv4 has an echo over
        IPv6, and a forged source address still gets nothing.
        """
        entry = self._live(key_id)
        if entry is None:
            return None
        if len(entry.addresses) < _ADDRESSES:
            entry.addresses.add(address)
        return entry.key

    def over_udp(self, key_id: str, address: str) -> EchoKey | None:
        """The live key of this id if this address has been proven to hold it."""
        entry = self._live(key_id)
        return entry.key if entry is not None and address in entry.addresses else None

    def live(self, key_id: str) -> EchoKey | None:
        """The live key of this id, for an answer that proves something to its holder and lets nobody in."""
        entry = self._live(key_id)
        return entry.key if entry is not None else None

    def _live(self, key_id: str) -> _Entry | None:
        entry = self._entries.get(key_id)
        return entry if entry is not None and entry.key.expires > self._now() else None

    def _drop_expired(self, now: float) -> None:
        # all live equally long, so that the first to be issued is the first to expire
        while self._entries:
            key_id, entry = next(iter(self._entries.items()))
            if entry.key.expires > now:
                return
            self._forget(key_id)

    def _forget(self, key_id: str) -> None:
        client = self._entries.pop(key_id).key.client
        if self._latest.get(client) == key_id:
            del self._latest[client]

    def _now(self) -> float:
        return self._clock.now().timestamp()
