"""Sites of the laboratory as data: names, addresses, certificates, and what they answer to whom."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Client = Literal["any", "probe", "isp", "helper", "outside"]
"""Who asks: the subscriber, a machine of the ISP, the helper, or anybody but the subscriber and the ISP."""


class Cert(StrEnum):
    """What certificate a site shows."""

    VALID = "valid"
    EXPIRED = "expired"
    WRONG_NAME = "wrong_name"
    UNTRUSTED = "untrusted"
    INCOMPLETE = "incomplete"


class Door(StrEnum):
    """What a port does before any HTTP. CLOSED and SILENT need the origin wire; the rest happens after connecting."""

    OPEN = "open"
    CLOSED = "closed"
    SILENT = "silent"
    GARBAGE = "garbage"
    RESET = "reset"
    EOF = "eof"
    HANG = "hang"
    TLS_ONLY = "tls_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A response with a text made from `seed` (default: the site's name), about `size` bytes long, that begins after
    `delay_s`."""

    status: int = 200
    title: str | None = None
    seed: str | None = None
    size: int = 3000
    headers: tuple[tuple[str, str], ...] = ()
    html: str | None = None
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """A redirection; `location` is sent as it stands. With `countdown`, /path/N leads to /path/N-1 until 0."""

    location: str = ""
    status: int = 302
    countdown: bool = False


class Trouble(StrEnum):
    """Answers that no well-behaved server gives."""

    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"
    ENDLESS = "endless"
    HUGE_HEADERS = "huge_headers"
    GZIP_BOMB = "gzip_bomb"
    GARBAGE = "garbage"
    CUT_SHORT = "cut_short"


Behaviour = Page | Redirect | Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One line of a site's behaviour; the first that fits wins. A `path` that ends in * is a prefix."""

    then: Behaviour
    path: str = "*"
    client: Client = "any"
    scheme: Literal["any", "http", "https"] = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site. `strict_sni` answers unknown names with a TLS alert as CDNs do; `dropped` and `refused` clients meet the
    origin's own firewall (on the origin wire). `any_host` takes requests for every name. `quic`: HTTP/3 as well, which
    its pages over https advertise."""

    names: tuple[str, ...]
    v4: tuple[str, ...] = ()
    v6: tuple[str, ...] = ()
    cert: Cert = Cert.VALID
    https: Door = Door.OPEN
    http: Door = Door.OPEN
    replies: tuple[Reply, ...] = (Reply(then=Page()),)
    strict_sni: bool = False
    dropped: tuple[Client, ...] = ()
    refused: tuple[Client, ...] = ()
    ports: tuple[tuple[int, Literal["http", "https"]], ...] = ()
    ttl: int = 300
    in_dns: bool = True
    any_host: bool = False
    quic: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """Both families."""
        return self.v4 + self.v6


def place(number: int) -> tuple[str, str]:
    """The IPv4 and IPv6 address of the n-th site: each of 64 in a row in another /16, by another operator."""
    octet, row = 64 + number % 64, 10 + number // 64
    return f"100.{octet}.{row}.10", f"2001:db8:{0x8000 + number:x}::10"


def site(name: str, number: int, *replies: Reply, **options: object) -> Site:
    """A dual-stack site at the n-th place; `options` are those of `Site`."""
    v4, v6 = place(number)
    settings: dict[str, object] = {"names": (name,), "v4": (v4,), "v6": (v6,)} | options
    if replies:
        settings["replies"] = replies
    return Site(**settings)  # type: ignore[arg-type]  # the keys are Site's own; pytest reads every scenario


def says(then: Behaviour, **where: str) -> Reply:
    """A reply; `where` are path, client and scheme."""
    return Reply(then=then, **where)  # type: ignore[arg-type]  # likewise
