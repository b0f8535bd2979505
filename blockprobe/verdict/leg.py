"""A leg: one scheme, host and port at one redirect hop; and how addresses and endpoints are written."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from blockprobe.model.addresses import family_of
from blockprobe.model.observation import DnsReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One scheme, host and port at one redirect hop (0 is what the user typed)."""

    hop: int
    url: str
    scheme: str
    host: str
    port: int
    is_ip: bool

    def __hash__(self) -> int:
        """The hop and the URL tell legs apart; hashing all the rest took as long as looking up what is remembered."""
        return hash((self.hop, self.url))

    @property
    def tls(self) -> bool:
        """Whether the leg is https."""
        return self.scheme == "https"


@lru_cache(maxsize=1024)
def leg_of(url: str, hop: int) -> Leg | None:
    """The leg of a URL, or None when the URL has no host or another scheme than http and https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https") or not host:
        return None
    port = port or (443 if parts.scheme == "https" else 80)
    return Leg(hop=hop, url=url, scheme=parts.scheme, host=host, port=port, is_ip=family_of(host) is not None)


def addresses_in(reply: DnsReply | None) -> tuple[str, ...]:
    """The A and AAAA values of a reply."""
    return tuple(record.value for record in reply.answers if record.type in ("A", "AAAA")) if reply else ()


def endpoint_of(address: str, port: int) -> str:
    """ "203.0.113.5:443" or "[2001:db8::5]:443", as OONI's helper API writes it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
