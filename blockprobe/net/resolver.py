"""Which resolver to ask and how: udp://, tcp://, tls:// (RFC 7858) and https:// (RFC 8484) URLs."""

import ipaddress
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

from blockprobe.model.errors import ConfigError
from blockprobe.model.observation import ResolverGroup
from blockprobe.net.dns_names import UnaskableName, name_to_wire

DEFAULT_PORTS = {"udp": 53, "tcp": 53, "tls": 853, "https": 443}
#: The path that RFC 8484 uses in its examples and that public resolvers have.
DOH_PATH = "/dns-query"
_EXAMPLE = "write udp://198.51.100.53, tcp://…, tls://dns.example or https://dns.example/dns-query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """One way to one resolver; `url` is its archived name.

    `server_name` is the name that the certificate must prove (tls, https; an IP literal where the URL has one) and
    None in the clear. `address` is "" as long as nobody has looked up the name: see `with_address`.
    """

    url: str
    group: ResolverGroup
    address: str
    port: int
    server_name: str | None
    path: str = DOH_PATH

    @property
    def scheme(self) -> str:
        """udp, tcp, tls or https."""
        return self.url.partition("://")[0]

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the path can read or forge the answers."""
        return self.server_name is not None

    def with_address(self, address: str) -> "Resolver":
        """The same resolver at a looked-up address (the bootstrap of RFC 8484, 3)."""
        return replace(self, address=str(ipaddress.ip_address(address)))


def parse_resolver(url: str, group: ResolverGroup, address: str | None = None) -> Resolver:
    """The resolver that `url` names; a plain IP address means udp. Raises ConfigError with what is wrong."""
    parts = _split(url)
    host, port = _host(url, parts), _port(url, parts)
    literal = _literal(host)
    if address is not None and _literal(address) is None:
        raise ConfigError(f"resolver {url!r}: address {address!r} is no IP address")
    if parts.scheme in ("udp", "tcp"):
        if literal is None:
            raise ConfigError(f"resolver {url!r}: {parts.scheme}:// needs an IP address, not the name {host!r}")
        return _plain(parts.scheme, literal, port, group)
    return _encrypted(parts, literal or host, port, group=group, address=_literal(address or "") or literal or "")


def _plain(scheme: str, address: str, port: int, group: ResolverGroup) -> Resolver:
    return Resolver(
        url=f"{scheme}://{_bracketed(address)}:{port}", group=group, address=address, port=port, server_name=None
    )


def _encrypted(parts: SplitResult, host: str, port: int, *, group: ResolverGroup, address: str) -> Resolver:
    path = (parts.path if len(parts.path) > 1 else DOH_PATH) + (f"?{parts.query}" if parts.query else "")
    shown_port = "" if port == DEFAULT_PORTS[parts.scheme] else f":{port}"
    shown_path = path if parts.scheme == "https" else ""
    url = f"{parts.scheme}://{_bracketed(host)}{shown_port}{shown_path}"
    return Resolver(url=url, group=group, address=address, port=port, server_name=host, path=path)


def _split(url: str) -> SplitResult:
    text = url.strip()
    literal = _literal(text)
    if literal is not None:
        text = f"udp://{_bracketed(literal)}"
    if not text.isascii() or any(character <= " " for character in text):
        raise ConfigError(f"resolver {url!r}: blanks and non-ASCII characters have no place here (use punycode)")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ConfigError(f"resolver {url!r}: {error}; {_EXAMPLE}") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise ConfigError(f"resolver {url!r}: no scheme blockprobe speaks; {_EXAMPLE}")
    _refuse_extras(url, parts)
    return parts


def _refuse_extras(url: str, parts: SplitResult) -> None:
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"resolver {url!r}: user names and passwords are not used")
    if parts.fragment:
        raise ConfigError(f"resolver {url!r}: remove '#{parts.fragment}'")
    if parts.scheme != "https" and (parts.path.strip("/") or parts.query):
        raise ConfigError(f"resolver {url!r}: only https:// has a path; remove {parts.path or parts.query!r}")


def _host(url: str, parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if not host:
        raise ConfigError(f"resolver {url!r}: the host is missing; {_EXAMPLE}")
    if ":" in host and _literal(host) is None:
        raise ConfigError(f"resolver {url!r}: {host!r} is no IPv6 address")
    try:
        name_to_wire(host)
    except UnaskableName as error:
        raise ConfigError(f"resolver {url!r}: {error}") from error
    return host


def _port(url: str, parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"resolver {url!r}: the port must be a number from 1 to 65535") from error
    if port == 0:
        raise ConfigError(f"resolver {url!r}: the port must be a number from 1 to 65535")
    return port or DEFAULT_PORTS[parts.scheme]


def _literal(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        return None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
