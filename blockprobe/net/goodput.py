"""One transfer, measured: how many bytes came when, and where it stopped (goodput as in RFC 2647, 3.17).

The body is counted and thrown away; what is kept of a transfer does not grow with its size.
"""

import asyncio
import re
from dataclasses import dataclass

from blockprobe.model.failure import Failure
from blockprobe.model.observation import TransferObservation, Why
from blockprobe.net.bare import bare
from blockprobe.net.classify import failure_of
from blockprobe.net.echo import CLIENT_FIELD, MAC_FIELD, EchoKey, Statement, bytes_subject, check, new_nonce
from blockprobe.net.http import request_bytes
from blockprobe.net.http_head import HEAD_BYTES, plain_head
from blockprobe.net.session import Session
from blockprobe.net.stream import Stream

#: The body's first bytes, in which a connection gathers speed; not counted where as many follow.
RAMP_BYTES = 32_768
#: Width of a bin (seconds), and how many at most: with the longest `Bulk` a transfer ends before.
BIN_S = 0.1
MAX_BINS = 600
#: Silence after which a connection that had brought bytes counts as dead (seconds): five retransmissions fit in.
STALL_S = 4.0
# Bytes are counted as they come, chunk sizes included: of a head that is not plain only the status matters.
_CLIENT, _MAC = CLIENT_FIELD.lower().encode(), MAC_FIELD.lower().encode()
_STATUS = re.compile(rb"HTTP/1\.[01] ([2-5][0-9][0-9])[ \r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """What to ask for: `wanted` bytes under `path` from `host`, for at most `most_s` seconds while bytes come.

    `name` is what the connection carries where a filter reads it (the SNI, or Host in cleartext). With `key` it is the
    helper's echo that answers, and its signature is checked.
    """

    name: str
    host: str
    path: str
    wanted: int
    most_s: float
    key: EchoKey | None = None


async def transfer(session: Session, why: Why, stream: Stream, bulk: Bulk) -> TransferObservation:
    """Ask and read until all came, time is up or the connection is dead; the caller closes `stream`.

    Time is looked at when bytes come: a silence that begins before is waited out, for it may be the end.
    """
    reading = _Transfer(session, stream, bulk)
    try:
        await reading.run()
    except (OSError, EOFError) as error:
        reading.error = bare(error)
    return reading.observation(why)


class _Transfer:
    """One request and what has come of its answer."""

    def __init__(self, session: Session, stream: Stream, bulk: Bulk) -> None:
        self._session = session
        self._stream = stream
        self._bulk = bulk
        self._nonce = new_nonce()
        self._t0_s = session.elapsed()
        self._status: int | None = None
        self._signature = ("", "")
        self._first_s: float | None = None
        self._ramp_s: float | None = None
        self._ramp_bytes = 0
        self._last_s: float | None = None
        self._body_bytes = 0
        self._bins: list[int] = []
        self.error: Exception | None = None

    async def run(self) -> None:
        """Raises OSError (TimeoutError: silence), EOFError (closed too soon)."""
        bulk = self._bulk
        signed = (("X-Blockprobe-Key", bulk.key.id), ("X-Blockprobe-Nonce", self._nonce)) if bulk.key else ()
        async with asyncio.timeout(self._session.timeout_s):
            await self._stream.sendall(request_bytes(bulk.host, bulk.path, signed))
            rest = await self._read_head()
        if self._status != 200:
            return
        self._take(len(rest))
        while self._body_bytes < bulk.wanted and self._since() < bulk.most_s:
            async with asyncio.timeout(STALL_S):
                data = await self._stream.recv()
            if not data:
                raise EOFError("the connection was closed before the end of the transfer")
            self._take(len(data))

    async def _read_head(self) -> bytes:
        """Read the answer's head; the beginning of the body."""
        raw = b""
        while b"\r\n\r\n" not in raw and len(raw) <= HEAD_BYTES:
            data = await self._stream.recv()
            if not data:
                raise EOFError("the connection was closed without an answer")
            if self._first_s is None:
                self._first_s = self._since()
            raw += data
        status = _STATUS.match(raw)
        self._status = int(status[1]) if status else None
        plain = plain_head(raw)
        if plain is not None:
            fields = {name.lower(): value.decode("latin-1") for name, value in plain.headers}
            self._signature = (fields.get(_CLIENT, ""), fields.get(_MAC, ""))
        return raw.partition(b"\r\n\r\n")[2]

    def _take(self, count: int) -> None:
        if not count:
            return
        count = min(count, self._bulk.wanted - self._body_bytes)
        now = self._last_s = self._since()
        self._body_bytes += count
        if self._ramp_s is None and self._body_bytes >= RAMP_BYTES:
            self._ramp_s, self._ramp_bytes = now, self._body_bytes
        place = min(int(now / BIN_S), MAX_BINS - 1)
        self._bins += [0] * (place + 1 - len(self._bins))
        self._bins[place] += count

    def _since(self) -> float:
        return round(self._session.elapsed() - self._t0_s, 6)

    def observation(self, why: Why) -> TransferObservation:
        """What happened, in the model's words."""
        return TransferObservation(
            why=why,
            t0_s=self._t0_s,
            t_s=self._session.elapsed(),
            failure=self._failure(),
            address=self._stream.address,
            port=self._stream.port,
            name=self._bulk.name,
            tls=self._stream.tls,
            wanted=self._bulk.wanted,
            status=self._status,
            body_bytes=self._body_bytes,
            first_byte_s=self._first_s,
            ramp_bytes=self._ramp_bytes,
            ramp_s=self._ramp_s,
            last_byte_s=self._last_s,
            ended_s=self._since(),
            bin_s=BIN_S,
            bins=tuple(self._bins),
            wire_bytes=self._stream.bytes_received,
            rtt_s=self._stream.rtt_s,
            authentic=self._is_signed() if self._bulk.key and self._status == 200 else None,
            detail=(str(self.error) or None) if self.error else None,
        )

    def _failure(self) -> Failure | None:
        if self.error is not None:
            return failure_of(self.error)
        return None if self._status is not None else Failure.HTTP_MALFORMED_RESPONSE

    def _is_signed(self) -> bool:
        assert self._bulk.key is not None
        subject = bytes_subject(self._bulk.name, self._bulk.wanted)
        client, mac = self._signature
        return check(self._bulk.key, Statement(kind="bytes", subject=subject, nonce=self._nonce, client=client), mac)
