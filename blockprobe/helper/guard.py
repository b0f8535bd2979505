"""Where the helper may connect to: it must not become a way into networks that only it can reach (SSRF).

Every address is judged here *after* resolution, and the connection then goes to that very address, so a name that
resolves differently a moment later (DNS rebinding) gains nothing. `model.addresses` says which addresses lead nowhere
on the Internet; this module is stricter, because a wrong yes costs more here than a wrong no.
"""

import errno
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from blockprobe.model.addresses import is_bogon

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: What browsers refuse too (WHATWG Fetch, "bad port"), because HTTP sent to SMTP, IMAP or LPD is a known way to
#: make one protocol speak another; and stores that obey whoever reaches them.
_BAD_PORTS = frozenset(
    {0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109}
    | {110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530}
    | {531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 853, 989, 990, 993, 995}
    | {
        1719,
        1720,
        1723,
        2049,
        3659,
        4045,
        4190,
        5060,
        5061,
        6000,
        6566,
        6665,
        6666,
        6667,
        6668,
        6669,
        6679,
        6697,
        10080,
    }
    | {2375, 2376, 2379, 2380, 3306, 5432, 6379, 9200, 9300, 10250, 11211, 27017}
)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the gateway would connect to the address inside
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291, 2.4: what IANA has given out
#: Cloud metadata on addresses that no registry calls special.
_METADATA = frozenset({ipaddress.IPv4Address("168.63.129.16")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """`public`: reserved ranges that count as public (laboratories); `own`: the addresses this helper listens on."""

    public: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()

    def allows(self, address: str) -> bool:
        """Whether a connection to this IP literal may be made; anything that is no plain literal may not."""
        parsed = _parse(address)
        if parsed is None or str(parsed) in self.own or parsed in _METADATA:
            return False
        if self._laboratory(parsed):
            return True
        return self._global(parsed) and not _is_ours(parsed)

    def filter(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """The addresses that may be connected to, in canonical form, each once, in order."""
        canonical = {str(parsed): None for text in addresses if (parsed := _parse(text)) is not None}
        return tuple(address for address in canonical if self.allows(address))

    def _laboratory(self, address: Address) -> bool:
        return any(address in ipaddress.ip_network(net, strict=False) for net in self.public)

    def _global(self, address: Address) -> bool:
        if is_bogon(str(address), self.public):
            return False
        if isinstance(address, ipaddress.IPv4Address):
            return address.is_global and not address.is_multicast and not address.is_reserved
        if address in _NAT64:
            return self.allows(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        if address.sixtofour is not None:  # RFC 3056; `ipaddress` calls all of it private in 3.13
            return self.allows(str(address.sixtofour))
        return address.is_global and address in _GLOBAL_UNICAST


def port_allowed(port: int) -> bool:
    """Whether a URL's explicit port may be connected to: all but `_BAD_PORTS`."""
    return 0 < port <= 65535 and port not in _BAD_PORTS


def host_allowed(host: str) -> bool:
    """Whether this is an IP literal or a DNS name that cannot be mistaken for one.

    "127.1", "0x7f.0.0.1" and "2130706433" are addresses to inet_aton and to browsers: a name whose last label is a
    number is refused (WHATWG URL, "ends in a number"). Names are expected in ASCII (punycode) already.
    """
    if _parse(host) is not None:
        return True
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not host.isascii() or not all(1 <= len(label) <= 63 for label in labels):
        return False
    last = labels[-1].lower()
    if last.isdigit() or last.startswith("0x"):
        return False
    return all(c.isalnum() or c in "-_" for label in labels for c in label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a URL leads: `port` is the URL's own or the scheme's; `explicit` whether the URL named it."""

    url: str
    scheme: str
    host: str
    port: int
    explicit: bool
    target: str

    @property
    def tls(self) -> bool:
        """Whether the scheme is https."""
        return self.scheme == "https"

    @property
    def literal(self) -> bool:
        """Whether the host is an IP literal, so that there is nothing to resolve."""
        return _parse(self.host) is not None

    @property
    def authority(self) -> str:
        """The Host header (RFC 9110, 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port != (443 if self.tls else 80) else host


def place_of(url: str) -> Place | None:
    """Where the URL leads; None when the helper does not go there (scheme, port, user name, control characters)."""
    if any(c <= " " or c == "\x7f" for c in url):
        return None
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna" if not (parts.hostname or "").isascii() else "ascii").decode()
        explicit = parts.port
    except (ValueError, UnicodeError):
        return None
    scheme = parts.scheme.lower()
    port = explicit if explicit is not None else (443 if scheme == "https" else 80)
    if scheme not in ("http", "https") or not host or parts.username is not None:
        return None
    if not host_allowed(host) or not port_allowed(port):
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(url=url, scheme=scheme, host=host, port=port, explicit=explicit is not None, target=target)


def endpoint_of(text: str) -> tuple[str, int] | None:
    """ "203.0.113.5:443" or "[2001:db8::5]:443" taken apart; None when it is neither."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    parsed = _parse(host)
    if not colon or parsed is None or not (port.isascii() and port.isdigit() and len(port) <= 5):
        return None
    return (str(parsed), int(port)) if 0 < int(port) < 65536 else None


def endpoint_text(address: str, port: int) -> str:
    """The inverse of `endpoint_of`, as Go's net.JoinHostPort writes it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _parse(address: str) -> Address | None:
    """An IP literal without scope id; an IPv4-mapped IPv6 address is none, for it would be dialled as IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and (parsed.scope_id is not None or parsed.ipv4_mapped is not None):
        return None
    return parsed


def _is_ours(address: Address) -> bool:
    """Whether this machine bears the address: then a connection would come from inside its firewall.

    Binding answers that in microseconds and sends nothing.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return True
