"""One question over UDP: a socket of its own, several datagrams, and an ear kept open for a second answer.

A socket per question, connected, makes the kernel report ICMP errors, picks a fresh source port (RFC 5452) and
spares any dispatching; it costs about 30 µs.
"""

import asyncio
import socket

from blockprobe.model.failure import Failure
from blockprobe.net.classify import failure_of
from blockprobe.net.dial import read_icmp
from blockprobe.net.dns_outcome import Outcome, Strays, joined
from blockprobe.net.dns_wire import Asked, Message, read_reply, same_answer
from blockprobe.net.ready import poller
from blockprobe.net.session import Session

#: When the datagrams of one attempt go out, seconds: silence counts only after enough packets (docs/method.md, 5). At
#: 10 % loss each way one datagram stays unanswered 19 % of the time, four 0.13 %; uneven gaps outlast a burst.
UDP_SCHEDULE_S = (0.0, 0.6, 1.4, 2.6)
#: An ear that nobody settles is closed after this, seconds.
MAX_LISTEN_S = 15.0
#: Different later replies kept.
MAX_LATER = 8
_MAX_DATAGRAM = 65535
#: Datagrams read in one turn of the loop, so that a flood starves nobody.
_BATCH = 16


class UdpExchange:
    """A question under way on its own socket; `later` are different replies after the first, with their times."""

    def __init__(self, session: Session, sock: socket.socket, asked: Asked, among: set["UdpExchange"]) -> None:
        """Take over a connected, non-blocking socket; the exchange is in `among` as long as that is open."""
        self.asked = asked
        self.later: list[tuple[float, Message]] = []
        self.outcome: Outcome | None = None
        self._session = session
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._poller = poller()
        self._watched = False
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._strays = Strays()
        self._packets = 0
        self._t0_s = session.elapsed()
        self._started = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._among = among
        among.add(self)

    async def first(self) -> Outcome:
        """Send until the first matching reply, an error or the timeout. The socket stays open after a reply only."""
        try:
            self._poller.watch(self._sock.fileno(), self._readable)
            self._watched = True
            self._send()
            await self._done
        except BaseException:
            self.close()
            raise
        assert self.outcome is not None
        return self.outcome

    def hear(self) -> None:
        """Read what has come by now, without waiting for the loop to see it."""
        if self._sock.fileno() >= 0:
            self._readable()

    def close(self) -> None:
        """Stop listening, or asking: then the outcome is `interrupted`. May be called again."""
        if self.outcome is None:
            self._finish(Failure.INTERRUPTED, None)
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._watched:
            self._watched = False
            self._poller.unwatch(self._sock.fileno())
        self._sock.close()
        self._among.discard(self)

    def _send(self) -> None:
        attempt = self._packets
        try:
            self._sock.send(self.asked.wire)
        except BlockingIOError:
            pass  # the send buffer is full; it counts as sent and lost, and the next is due soon
        except OSError as error:
            self._fail(error)
            return
        self._packets += 1
        due = UDP_SCHEDULE_S[attempt + 1] if attempt + 1 < len(UDP_SCHEDULE_S) else self._session.timeout_s
        if due >= self._session.timeout_s:
            self._timer = self._loop.call_at(self._started + self._session.timeout_s, self._give_up)
        else:
            self._timer = self._loop.call_at(self._started + due, self._send)

    def _give_up(self) -> None:
        self._finish(self._strays.closest or Failure.GENERIC_TIMEOUT_ERROR, None)

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                data = self._sock.recv(_MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._fail(error)
                return
            self._take(data)

    def _fail(self, error: OSError) -> None:
        """An ICMP error: the end before a reply, of no consequence after it."""
        icmp = read_icmp(self._sock)
        if self.outcome is None:
            said = f"ICMP type {icmp.type} code {icmp.code} from {icmp.sender}" if icmp else None
            self._finish(failure_of(error), None, said)
            return
        while icmp is not None:  # as long as the error queue holds anything, epoll wakes us at once
            icmp = read_icmp(self._sock)

    def _take(self, data: bytes) -> None:
        message = read_reply(self.asked, data)
        if isinstance(message, Failure):
            self._strays.add(message)
        elif self.outcome is None:
            self._finish(None, message)
        elif len(self.later) < MAX_LATER and self._is_new(message):
            self.later.append((self._session.elapsed(), message))

    def _is_new(self, message: Message) -> bool:
        assert self.outcome is not None
        assert self.outcome.message is not None
        known = (self.outcome.message, *(other for _, other in self.later))
        return not any(same_answer(message.reply, other.reply) for other in known)

    def _finish(self, failure: Failure | None, message: Message | None, note: str | None = None) -> None:
        self.outcome = Outcome(
            t0_s=self._t0_s,
            t_s=self._session.elapsed(),
            failure=failure,
            asked=self.asked,
            message=message,
            packets=self._packets,
            detail=joined(note, self._strays.note),
        )
        if self._timer is not None:
            self._timer.cancel()
        if not self._done.done():
            self._done.set_result(None)
        if message is None:
            self.close()
        else:
            self._timer = self._loop.call_later(MAX_LISTEN_S, self.close)
