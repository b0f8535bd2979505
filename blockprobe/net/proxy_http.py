"""CONNECT to an HTTP proxy (RFC 9110, 9.3.6): the request, and a reader of the answer that trusts nothing in it."""

import base64
import re
from dataclasses import dataclass

from blockprobe.model.failure import Failure
from blockprobe.net.proxy_words import Destination, Login, ProxyRefusal, bad_answer, printable

#: An answer's head may have this many bytes, interim responses included.
HEAD_BYTES = 16_384

_BEGINNING = b"HTTP/1."
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: ([^\r\n]*))?")
# A line may end in LF alone (RFC 9112, 2.2).
_END = re.compile(rb"\r?\n\r?\n")
_CHALLENGE = re.compile(rb"\nproxy-authenticate:[ \t]*([^\r\n]*)", re.IGNORECASE)
_UNAUTHORISED = 407


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectAnswer:
    """A final answer's status and reason, the first `challenge` of a 407, and `rest`: what came behind the head."""

    status: int
    reason: str
    challenge: str
    rest: bytes


def connect_request(destination: Destination, login: Login | None) -> bytes:
    """The request; `login` goes as Basic credentials (RFC 7617), in UTF-8."""
    lines = [f"CONNECT {destination.authority} HTTP/1.1", f"Host: {destination.authority}"]
    lines += [f"{name}: {value}" for name, value in login_headers(login)]
    return "\r\n".join([*lines, "", ""]).encode("ascii", "replace")


def login_headers(login: Login | None) -> tuple[tuple[str, str], ...]:
    """The header that carries a login in any request to a proxy."""
    if login is None:
        return ()
    token = base64.b64encode(f"{login.user}:{login.password}".encode()).decode("ascii")
    return (("Proxy-Authorization", f"Basic {token}"),)


def read_connect(raw: bytes) -> ConnectAnswer | None:
    """The final answer at the beginning of `raw`; None when more must come. Raises ProxyRefusal for what is no HTTP.

    Interim responses (1xx) are skipped. Content-Length and Transfer-Encoding mean nothing here (RFC 9110, 9.3.6).
    """
    at = 0
    while True:
        begun = raw[at : at + len(_BEGINNING)]
        if not _BEGINNING.startswith(begun):
            raise bad_answer(f"its answer is no HTTP: {printable(raw[at:], 60)!r}")
        end = _END.search(raw, at, HEAD_BYTES)
        if end is None:
            if len(raw) >= HEAD_BYTES:
                raise bad_answer(f"the head of its answer does not end within {HEAD_BYTES} bytes")
            return None
        head = raw[at : end.start()]
        status = _STATUS.match(head)
        if status is None or head[status.end() : status.end() + 1] not in (b"", b"\r", b"\n"):
            raise bad_answer(f"its answer has no status line: {printable(head, 60)!r}")
        if int(status[1]) >= 200:
            challenge = _CHALLENGE.search(head)
            return ConnectAnswer(
                status=int(status[1]),
                reason=printable(status[2] or b""),
                challenge=printable(challenge[1]) if challenge else "",
                rest=raw[end.end() :],
            )
        at = end.end()


def judged(answer: ConnectAnswer, *, login: bool) -> bytes:
    """`rest` of an answer that opened the tunnel; raises ProxyRefusal for any other. `login`: one had been sent."""
    if 200 <= answer.status < 300:
        return answer.rest
    said = f"status {answer.status} {answer.reason}".strip()
    if answer.status == _UNAUTHORISED:
        wants = f" ({answer.challenge})" if answer.challenge else ""
        which = "does not accept the login" if login else "wants a login"
        raise ProxyRefusal(Failure.PROXY_LOGIN_REFUSED, f"it {which}: {said}{wants}")
    raise ProxyRefusal(Failure.PROXY_REFUSED, f"it does not connect: {said}")
