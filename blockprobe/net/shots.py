"""One packet with a limited hop count, and all that its socket hears of it (RFC 792, RFC 4443); no privilege needed.

Unlike `path.py`, which answers one question of a measurement, a shot keeps everything: an ICMP error and a reset after
it, an answer and the router that let the question pass. What a socket cannot hear: who sent an ICMP error on an open
connection (the kernel keeps the error alone), and whatever comes after a reset, which ends the socket.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from blockprobe.model.failure import Failure
from blockprobe.model.observation import Icmp, PathReply
from blockprobe.model.trace import Event, Heard
from blockprobe.net.classify import failure_of
from blockprobe.net.dial import TcpOptions, read_quoted, readable, report_icmp, set_hop_limit
from blockprobe.net.path import reply_of
from blockprobe.net.session import Session
from blockprobe.net.tcp import Endpoint

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds
_MAX_BYTES = 65_535
_MAX_EVENTS = 8
_NOTE_CHARS = 80
_PORT_UNREACHABLE = ((3, 3), (1, 4))  # type and code: RFC 792; RFC 4443, 3.1

_BY_REPLY = {
    PathReply.TIME_EXCEEDED: Heard.TIME_EXCEEDED,
    PathReply.UNREACHABLE: Heard.UNREACHABLE,
    PathReply.PROHIBITED: Heard.PROHIBITED,
}
_BY_FAILURE = {
    Failure.CONNECTION_REFUSED: Heard.REFUSED,
    Failure.CONNECTION_RESET: Heard.RESET,
    Failure.CONNECTION_ABORTED: Heard.RESET,
    Failure.PERMISSION_DENIED: Heard.PROHIBITED,
}

Reader = Callable[[bytes], str | None]
"""What a datagram says if it answers the question just sent; None if it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One hop limit (None: the usual one), how long to wait for a first sound, and how long to go on after it (s)."""

    ttl: int | None
    wait_s: float
    grace_s: float


class Ear:
    """The events of one shot while it goes on."""

    def __init__(self, session: Session) -> None:
        """Times count from now; `restart` counts them anew."""
        self._clock = session.clock
        self._began = session.clock.monotonic()
        self.events: list[Event] = []

    def restart(self) -> None:
        """The packet goes out now."""
        self._began = self._clock.monotonic()

    def note(self, what: Heard, *, sender: str | None = None, note: str | None = None) -> None:
        """Keep an event, unless the same was heard before."""
        same = any(event.what is what and event.sender == sender for event in self.events)
        if not same and len(self.events) < _MAX_EVENTS:
            t_s = round(self._clock.monotonic() - self._began, 6)
            self.events.append(Event(what=what, t_s=t_s, sender=sender, note=note))

    def has(self, what: Heard) -> bool:
        """Whether such a thing was heard."""
        return any(event.what is what for event in self.events)


async def shoot_syn(session: Session, endpoint: Endpoint, shot: Shot, source_port: int) -> tuple[Event, ...]:
    """One SYN; its first echo ends the socket. A connection that comes about is reset at once."""
    ear = Ear(session)
    options = TcpOptions(ttl=shot.ttl, source_port=source_port)
    attempt = await session.dialer.attempt(endpoint.address, endpoint.port, timeout_s=shot.wait_s, options=options)
    if attempt.sock is not None:
        ear.note(Heard.CONNECTED)
        _reset(attempt.sock)
    elif attempt.icmp is not None:
        _note_icmp(ear, attempt.icmp)
    elif attempt.error is not None:
        word = _BY_FAILURE.get(failure_of(attempt.error))
        if word is not None:
            ear.note(word)
    return tuple(ear.events)


async def shoot_opening(
    session: Session, endpoint: Endpoint, shot: Shot, data: bytes, source_port: int
) -> tuple[bool, tuple[Event, ...]]:
    """Connect without a limit, then send `data` with one: whether the connection came about, and what followed."""
    ear = Ear(session)
    options = TcpOptions(source_port=source_port)
    attempt = await session.dialer.attempt(
        endpoint.address, endpoint.port, timeout_s=session.timeout_s, options=options
    )
    sock = attempt.sock
    if sock is None:
        return False, ()
    try:
        set_hop_limit(sock, shot.ttl)
        report_icmp(sock, on=True)
        ear.restart()
        await _converse(sock, data, shot, ear)
    finally:
        _reset(sock)
    return True, tuple(ear.events)


async def _converse(sock: socket.socket, data: bytes, shot: Shot, ear: Ear) -> None:
    try:
        async with asyncio.timeout(shot.wait_s) as patience:
            await asyncio.get_running_loop().sock_sendall(sock, data)
            await _listen(sock, shot, ear, patience)
    except TimeoutError:
        return
    except OSError as error:  # of sending: the answer was faster than we
        _note_error(ear, error)
        return
    if ear.has(Heard.CLOSED):
        # The end of the stream is always readable, so nothing can be waited for; an error that follows is kept.
        await asyncio.sleep(shot.grace_s)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            _note_error(ear, OSError(code, ""))


async def _listen(sock: socket.socket, shot: Shot, ear: Ear, patience: asyncio.Timeout) -> None:
    """Until the socket is dead or the stream has ended."""
    while not (ear.has(Heard.RESET) or ear.has(Heard.CLOSED)):
        try:
            data = sock.recv(_MAX_BYTES)
        except (BlockingIOError, InterruptedError):
            await readable(sock)
            continue
        except OSError as error:
            _note_error(ear, error)
        else:
            ear.note(Heard.DATA, note=first_line(data)) if data else ear.note(Heard.CLOSED)
        _hurry(patience, shot)
        await asyncio.sleep(0)  # neither an error nor a flood is a wait: let the time run out


def _note_error(ear: Ear, error: OSError) -> None:
    """What a failed call says; any ICMP error but a prohibition counts as `time_exceeded`, for the kernel keeps
    neither its kind nor its sender on an open connection."""
    ear.note(_BY_FAILURE.get(failure_of(error), Heard.TIME_EXCEEDED))


def _note_icmp(ear: Ear, icmp: Icmp) -> None:
    if (icmp.type, icmp.code) in _PORT_UNREACHABLE and (icmp.type == 3) is (":" not in icmp.sender):
        ear.note(Heard.REFUSED, sender=icmp.sender)
        return
    word = _BY_REPLY.get(reply_of(icmp))
    if word is not None:
        ear.note(word, sender=icmp.sender)


def _hurry(patience: asyncio.Timeout, shot: Shot) -> None:
    """Something was heard: what else belongs to it comes soon."""
    soon = asyncio.get_running_loop().time() + shot.grace_s
    when = patience.when()
    if when is not None and soon < when:
        patience.reschedule(soon)


def _reset(sock: socket.socket) -> None:
    """End the connection with a RST that reaches the far end, so that the source port is free again at both ends."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        set_hop_limit(sock, None)
    sock.close()


def first_line(data: bytes) -> str:
    """The beginning of what came, as a person would call it: a TLS record's kind, or the first line of text."""
    kinds = {0x15: "TLS alert", 0x16: "TLS handshake"}
    if len(data) > 2 and data[0] in kinds and data[1] == 3:
        return kinds[data[0]]
    line = data[:_NOTE_CHARS].split(b"\r\n", 1)[0].decode("latin-1")
    return "".join(c if c.isprintable() else "\ufffd" for c in line)


class Datagrams:
    """One UDP socket, so one source port, for all questions of one flow; one question at a time."""

    def __init__(self, session: Session, endpoint: Endpoint) -> None:
        """Opens the socket; raises OSError where there is no route."""
        self._session = session
        self._sock = session.dialer.udp(endpoint.address, endpoint.port)

    @property
    def source_port(self) -> int:
        """The local port, kept until `close`."""
        return int(self._sock.getsockname()[1])

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    async def shoot(self, data: bytes, shot: Shot, read: Reader) -> tuple[Event, ...]:
        """Send one datagram and hear it out; what earlier ones still bring is dropped."""
        ear = Ear(self._session)
        self._drain()
        set_hop_limit(self._sock, shot.ttl)
        ear.restart()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(shot.wait_s) as patience:
                self._send(data)
                while True:
                    if self._take(data, ear, read):
                        patience.reschedule(asyncio.get_running_loop().time() + shot.grace_s)
                    await readable(self._sock)
        return tuple(ear.events)

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            try:
                self._sock.send(data)
            except BlockingIOError:
                return  # the buffer is full: a packet lost like any other
            except OSError:
                self._sock.send(data)  # the error of an earlier datagram, told late

    def _drain(self) -> None:
        """Forget what came for earlier questions."""
        for _ in range(_MAX_EVENTS):
            try:
                self._sock.recv(_MAX_BYTES)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                while read_quoted(self._sock) is not None:
                    pass
        while read_quoted(self._sock) is not None:
            pass

    def _take(self, data: bytes, ear: Ear, read: Reader) -> bool:
        """Read what is there; whether any of it belongs to this datagram."""
        known = len(ear.events)
        while (found := read_quoted(self._sock)) is not None:
            quoted, icmp = found
            if data.startswith(quoted) or quoted.startswith(data):
                _note_icmp(ear, icmp)
        try:
            answer = read(self._sock.recv(_MAX_BYTES))
        except OSError:  # nothing there, or the errno of the ICMP error that the queue has told already
            answer = None
        if answer is not None:
            first = next((event for event in ear.events if event.what is Heard.ANSWER), None)
            if first is None:
                ear.note(Heard.ANSWER, note=answer)
            elif first.note != answer:
                ear.note(Heard.OTHER_ANSWER, note=answer)
        return len(ear.events) > known
