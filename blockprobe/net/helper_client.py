"""Asks a helper for a control measurement.

The connection is kept, because a handshake per target would cost more than the target's own measurement. httpx would
cost 30 MB of memory and, its connections left out, still a fiftieth of the CPU of a healthy target.
"""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from blockprobe.model.control import Control
from blockprobe.model.errors import ConfigError
from blockprobe.model.failure import Failure
from blockprobe.net.classify import failure_of
from blockprobe.net.clock import Clock
from blockprobe.net.dial import Dialer
from blockprobe.net.echo import EchoKey
from blockprobe.net.helper_answer import MAX_ANSWER_BYTES, Answer, read_answer
from blockprobe.net.helper_wire import AnswerTooLong, HelperWire, NotTrusted, Post
from blockprobe.net.http import ACCEPT, ACCEPT_LANGUAGE, USER_AGENT
from blockprobe.net.session import Session
from blockprobe.net.tls import TlsContexts

#: Seconds for one control measurement, waiting for a busy helper included; a helper takes 15 at most.
TOTAL_S = 20.0
#: As many as targets are measured at a time; a helper takes seconds for a site that is down.
_CONNECTIONS = 64
#: With so many connections busy, one of them is waited for a little (seconds) before yet another is opened: a handshake
#: costs both sides more than the question.
_FEW = 8
_PATIENCE_S = 0.3
#: A key is given out as long as it has this many seconds to live, by the helper's clock.
_KEY_MARGIN_S = 60.0
_MAX_KEY_LIFE_S = 3600.0
_BUSY = frozenset({429, 503})
_EXTENSION = {"version": 1}
#: What the probe's own fetch sends too, so that both ask for the same page.
_FORWARDED = {"User-Agent": [USER_AGENT], "Accept": [ACCEPT], "Accept-Language": [ACCEPT_LANGUAGE]}


class BadAnswer(Exception):
    """The helper answered, but not with a control measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """One HTTP answer, read completely; `received` is our Unix time then, `rtt_s` the connection's round trip."""

    status: int
    body: bytes
    date: str | None
    retry_after: str | None
    received: float
    rtt_s: float


class HelperClient:
    """One helper, ours or any that speaks OONI's test-helper API."""

    def __init__(
        self, url: str, *, clock: Clock, dialer: Dialer, contexts: TlsContexts, token: str | None = None
    ) -> None:
        """Opens no connection yet; a name in `url` is looked up by the system. Raises ConfigError for a bad URL."""
        self.url = url
        self._secure = _scheme(url) == "https"
        self._clock = clock
        self._key: EchoKey | None = None
        self._key_until = 0.0  # by the clock's monotonic time, because the wall clock may be wrong
        self._dialer = dialer
        self._contexts = contexts
        self._idle: asyncio.LifoQueue[HelperWire] = asyncio.LifoQueue()
        self._busy = 0
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        #: When it answered last as it should, whatever it was asked (the clock's monotonic seconds; None: never).
        self.answered_at: float | None = None
        self._how = Post(target=_target(url), headers=_headers(url, token))

    @property
    def current_key(self) -> EchoKey | None:
        """The latest key for the helper's echoes; None when there is none that will live for another minute."""
        return self._key if self._clock.monotonic() < self._key_until else None

    async def control(self, session: Session, url: str, endpoints: Sequence[str], *, bare: bool = False) -> Control:
        """What the helper sees of `url` and of `endpoints` ("203.0.113.5:443"); never raises for the network.

        `bare`: ask as OONI's own clients do, without our extension.
        """
        t0 = session.elapsed()
        asked = {"http_request": url, "http_request_headers": _FORWARDED, "tcp_connect": list(endpoints)}
        try:
            answer, offset = await self._ask(asked, bare=bare)
        except Exception as error:  # the network's, h11's, and what a strange answer sets off
            return Control(
                helper=self.url,
                url=url,
                t0_s=t0,
                t_s=session.elapsed(),
                failure=_failure(error),
                detail=f"{type(error).__name__}: {error}"[:300],
            )
        return Control(
            helper=self.url,
            url=url,
            t0_s=t0,
            t_s=session.elapsed(),
            failure=None,
            extended=answer.extended,
            dns=answer.dns,
            tcp=answer.tcp,
            tls=answer.tls,
            hops=answer.hops,
            clock_offset_s=offset,
        )

    async def quic(self, session: Session, url: str, endpoints: Sequence[str]) -> Control | None:
        """The helper's QUIC handshakes with `endpoints` for the host of `url`, and nothing else of its answer; None
        where it made none. Never raises for the network."""
        t0 = session.elapsed()
        asked = {"http_request": url, "http_request_headers": _FORWARDED, "tcp_connect": list(endpoints)}
        try:
            answer, _ = await self._ask(asked | {"x_quic_enabled": True}, bare=False)
        except Exception:  # what is wrong with the helper, the control beside this one says
            return None
        if not answer.quic:
            return None
        return Control(
            helper=self.url, url=url, t0_s=t0, t_s=session.elapsed(), failure=None, extended=answer.extended,
            quic=answer.quic,
        )  # fmt: skip

    async def echo_key(self, session: Session) -> EchoKey | None:
        """`current_key`, or a new one that is asked for now; None when this helper gives none."""
        if self.current_key is None:
            with contextlib.suppress(Exception):  # what is wrong with the helper, the next control will say
                await self._ask({"http_request": ""}, bare=False)
        return self.current_key

    async def aclose(self) -> None:
        """Close the kept connections."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    async def _ask(self, asked: dict[str, Any], *, bare: bool) -> tuple[Answer, float | None]:
        """The answer, and the helper's clock minus ours; raises whatever goes wrong."""
        if not bare:
            asked["x_blockprobe"] = _EXTENSION
        body = json.dumps(asked, separators=(",", ":")).encode()
        async with asyncio.timeout(TOTAL_S):
            reply = await self._until_free(body)
        if reply.status != 200:
            raise BadAnswer(f"status {reply.status}: {reply.body[:160].decode('utf-8', 'replace')}")
        try:
            answer = read_answer(reply.body, asked["http_request"])
        except ValueError as error:
            raise BadAnswer(str(error)) from error
        self.answered_at = self._clock.monotonic()
        self._take_key(answer)
        return answer, _offset(answer, reply)

    async def _until_free(self, body: bytes) -> _Reply:
        """Post, and again when a busy helper says when to come back."""
        while True:
            reply = await self._post(body)
            wait = reply.retry_after if reply.retry_after and reply.retry_after.isdecimal() else None
            if reply.status not in _BUSY or wait is None or len(wait) > 2 or int(wait) >= TOTAL_S:
                return reply
            await asyncio.sleep(max(0.2, int(wait)))

    async def _post(self, body: bytes) -> _Reply:
        async with self._slots:
            connection = await self._free()
            self._busy += 1
            try:
                found = await connection.exchange(self.url, self._how, body, most=MAX_ANSWER_BYTES)
            finally:
                self._busy -= 1
            self._idle.put_nowait(connection)
        said = dict(found.headers)
        return _Reply(
            status=found.status,
            body=found.body,
            date=_text(said.get(b"date")),
            retry_after=_text(said.get(b"retry-after")),
            received=self._clock.now().timestamp(),
            rtt_s=found.rtt_s,
        )

    async def _free(self) -> HelperWire:
        """A kept connection; a new one where few are busy, or where none of them comes free soon."""
        if self._idle.empty() and self._busy >= _FEW:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    return await self._idle.get()
        if self._idle.empty():
            return HelperWire(self._clock, self._dialer, self._contexts)
        return self._idle.get_nowait()

    def _take_key(self, answer: Answer) -> None:
        """Keep the key; one that came in the clear is everybody's, and proves nothing."""
        wire = answer.key
        if wire is None or answer.client is None or answer.now is None or not self._secure:
            return
        self._key = EchoKey(id=wire.id, secret=wire.secret, expires=wire.expires, client=answer.client)
        life_s = min(wire.expires - answer.now, _MAX_KEY_LIFE_S)
        self._key_until = self._clock.monotonic() + life_s - _KEY_MARGIN_S


def _text(value: bytes | None) -> str | None:
    return value.decode("latin-1") if value is not None else None


def _headers(url: str, token: str | None) -> tuple[tuple[str, str], ...]:
    """`Accept-Encoding: identity`, because an answer that was never compressed cannot be a bomb."""
    headers = (
        ("Host", urlsplit(url).netloc),
        ("Content-Type", "application/json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "blockprobe"),
    )
    return headers if token is None else (*headers, ("Authorization", f"Bearer {token}"))


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _scheme(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"helper.urls: {url!r} is no helper's URL; write https://ctl.example/")
    return parts.scheme


def _offset(answer: Answer, reply: _Reply) -> float | None:
    """The helper's clock minus ours when the answer was on its way; from the Date header to half a second."""
    if answer.now is not None:
        return answer.now + reply.rtt_s / 2 - reply.received
    try:
        date = parsedate_to_datetime(reply.date or "").timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return date + 0.5 + reply.rtt_s / 2 - reply.received


def _failure(error: Exception) -> Failure:
    if isinstance(error, NotTrusted):
        return error.failure
    return Failure.HELPER_BAD_ANSWER if isinstance(error, BadAnswer | AnswerTooLong) else failure_of(error)
