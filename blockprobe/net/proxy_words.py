"""What every kind of proxy shares: where to, with which login, and the one exception for what a proxy did wrong."""

import re
from dataclasses import dataclass, field

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure

#: RFC 1929, 2: a length of one byte each. HTTP sets no limit of its own.
MAX_LOGIN_BYTES = 255
_HOST = re.compile(r"[-_.:0-9A-Za-z]{1,253}")


class ProxyRefusal(Exception):
    """A proxy answered, and there is no tunnel: `failure` is the word for it, the text says what it said."""

    def __init__(self, failure: Failure, text: str) -> None:
        """Hold the word; `text` is one phrase without a full stop."""
        super().__init__(text)
        self.failure = failure


def bad_answer(text: str) -> ProxyRefusal:
    """The refusal for an answer that the protocol does not allow."""
    return ProxyRefusal(Failure.PROXY_BAD_ANSWER, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What the proxy is asked to connect to: a host name in ASCII (punycode) or a numeric address, and a port.

    Raises ValueError for what no request line could carry.
    """

    host: str
    port: int

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host) or not 0 < self.port < 65_536:
            raise ValueError(f"{self.host!r}, port {self.port}, is nothing that a proxy can be asked for")

    @property
    def authority(self) -> str:
        """As in a CONNECT request (RFC 9110, 7.1): an IPv6 address in brackets, the port always there."""
        return f"[{self.host}]:{self.port}" if family_of(self.host) == 6 else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """User name and password, 1 to 255 bytes of UTF-8 each; raises ValueError for others.

    A user name has no colon (RFC 7617, 2); neither has control characters, which would end a header line.
    """

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        for what, text in (("user name", self.user), ("password", self.password)):
            if not 0 < len(text.encode(errors="replace")) <= MAX_LOGIN_BYTES:
                raise ValueError(f"a proxy's {what} has 1 to {MAX_LOGIN_BYTES} bytes")
            if any(ord(character) < 32 or ord(character) == 127 for character in text):
                raise ValueError(f"a proxy's {what} has no control characters")
        if ":" in self.user:
            raise ValueError("a proxy's user name has no colon")


def printable(raw: bytes, limit: int = 120) -> str:
    """The beginning of what a proxy said, as text that is safe to show: visible ASCII, the rest as dots."""
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw[:limit]).strip()
