"""Proxies of the laboratory as data: where they are, what they speak, and whether they are honest."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from blockprobe.lab import addresses as at


class Conduct(StrEnum):
    """What a proxy does. OWN_PAGE: it says that all is well and then shows a page of its own, whatever was asked."""

    HONEST = "honest"
    OWN_PAGE = "own_page"
    HANG = "hang"
    ENDLESS = "endless"
    GARBAGE = "garbage"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """One proxy of the world, in both families.

    `kind`: http knows CONNECT, socks5 knows names and addresses, web fetches the page that ?u= or its path names and
    shows it with other links and a bar above. With a `name` it speaks TLS and has a certificate for it; `login` is user
    and password.
    """

    kind: Literal["http", "socks5", "web"]
    port: int
    address: str = at.ELSEWHERE
    address_v6: str = at.ELSEWHERE_V6
    conduct: Conduct = Conduct.HONEST
    name: str | None = None
    login: tuple[str, str] | None = None
