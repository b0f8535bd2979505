"""What a value of the right type may still get wrong: ranges, addresses, URLs, and keys that need each other."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from blockprobe.catalogue.config_types import UnfitValue
from blockprobe.model.errors import BlockprobeError
from blockprobe.model.observation import ResolverGroup
from blockprobe.model.settings import PublicResolver, Settings
from blockprobe.model.target import parse_target
from blockprobe.net.resolver import parse_resolver

Check = Callable[[Any], None]

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NETWORK_ID = re.compile(r"[a-z]{2}/[a-z0-9]+(-[a-z0-9]+)*")


def check_value(name: str, value: Any) -> None:
    """Raise UnfitValue when "section.key" cannot hold `value`; each element of a list is checked."""
    check = _CHECKS.get(name)
    if check is None or value is None:
        return
    faults: list[str] = []
    for one in value if isinstance(value, tuple) else (value,):
        try:
            check(one)
        except UnfitValue as error:
            faults.extend(error.faults)
    if faults:
        raise UnfitValue(*faults)


def check_company(given: set[str]) -> tuple[str, ...]:
    """Which "section.key" is missing beside those `given`, one line each."""
    pair = {"helper_server.certificate", "helper_server.key"}
    missing = pair - given if pair & given else set()
    return tuple(f"{name}: is missing; TLS needs certificate and key (one file may hold both)" for name in missing)


def check_settings(settings: Settings) -> tuple[str, ...]:
    """What is wrong between values, one line each."""
    server = settings.helper_server
    faults = []
    if server.https and server.address in server.echo_address:
        faults.append("helper_server.echo_address: is the API's own address; a punished echo would take it along")
    return tuple(faults)


def _between(low: float, high: float) -> Check:
    def check(value: float) -> None:
        if not low <= value <= high:
            raise UnfitValue(f"{value} is out of range; give {low} to {high}")

    return check


def _address(value: str) -> None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise UnfitValue(f"{value!r} is no IP address; give one like 203.0.113.5 or 2001:db8::1") from None


def _network(value: str) -> None:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        raise UnfitValue(f"{error}; give a range like 203.0.113.0/24 or 2001:db8::/32") from None


def _resolver(value: str | PublicResolver) -> None:
    url, address = (value.url, value.address) if isinstance(value, PublicResolver) else (value, None)
    if "@" in url:
        raise UnfitValue("a resolver URL has no user name or password; remove the part up to '@'")
    try:
        parse_resolver(url, ResolverGroup.PUBLIC, address)
    except BlockprobeError as error:
        raise UnfitValue(str(error)) from None


def _target(value: str) -> None:
    try:
        parse_target(value)
    except BlockprobeError as error:
        raise UnfitValue(str(error)) from None


def _helper_url(value: str) -> None:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UnfitValue(f"{value!r} is no helper; give a URL like https://ctl.example/")
    if parts.username is not None:
        raise UnfitValue("a helper URL has no user name or password; put a token into helper.token_file")


def _name_or_address(value: str) -> None:
    if "/" in value:
        raise UnfitValue(f"{value!r} is a URL; give the name or address alone")
    _target(value)


def _zone(value: str) -> None:
    _name_or_address(value)
    if ":" in value or value.replace(".", "").isdigit():
        raise UnfitValue(f"{value!r} is no zone; give a name like w.ctl.example")


def _country(value: str) -> None:
    if not (len(value) == 2 and value.isascii() and value.isalpha()):
        raise UnfitValue(f"{value!r} is no country; give two letters of ISO 3166, like GB")


def _listen(value: str) -> None:
    if not value:
        return
    host, _, port = value.rpartition(":")
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    numbered = port.isascii() and port.isdigit() and int(port) <= 65535
    if not (host and numbered and (":" in inner) == (inner != host)):
        raise UnfitValue(f"{value!r} is no address with port; give one like 127.0.0.1:9890 or [::1]:9890")
    if inner != "localhost":
        _address(inner)


def _slug(value: str) -> None:
    if not _SLUG.fullmatch(value):
        raise UnfitValue(f"{value!r} is no name of the catalogue; give one like website: a-z, 0-9 and inner -")


def _network_id(value: str) -> None:
    if not _NETWORK_ID.fullmatch(value):
        raise UnfitValue(f"{value!r} is no network of the catalogue; give country/name, like gb/example")


def _textfile(value: str) -> None:
    if not value.endswith(".prom"):
        raise UnfitValue(f"{value!r} would not be read: node_exporter's textfile collector takes names ending in .prom")


def _proxy(*schemes: str) -> Check:
    """A proxy's URL of one of the schemes: a host and a port, and no login, which stands in bypass.secrets_file."""
    example = f"give one like {schemes[0]}://proxy.example:1080"

    def check(value: str) -> None:
        if "@" in value:
            raise UnfitValue("a proxy URL has no user name or password; put them into bypass.secrets_file")
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and bool(parts.hostname) and bool(parts.port)
        except ValueError:
            usable = False
        if not usable or parts.path.strip("/") or parts.query or parts.fragment:
            raise UnfitValue(f"{value!r} is no {schemes[0]} proxy; {example}")
        _name_or_address(parts.hostname or "")

    return check


def _web_proxy(value: str) -> None:
    if value.count("{url}") != 1:
        raise UnfitValue(
            f"{value!r} does not say where the page goes; write {{url}} once, as https://p.example/?q={{url}}"
        )
    _target(value.replace("{url}", "x"))


def _mirror(value: str) -> None:
    """`target=mirror`, both names or addresses."""
    target, separator, mirror = value.partition("=")
    if not separator:
        raise UnfitValue(
            f"{value!r} does not say whose mirror it is; write target=mirror, as a.example=a.mirror.example"
        )
    _name_or_address(target)
    _name_or_address(mirror)


def _interface(value: str) -> None:
    if not re.fullmatch(r"[^\s/:]{1,15}", value):
        raise UnfitValue(f"{value!r} is no name of a network interface; give one like wg0 (see `ip link`)")


_CHECKS: dict[str, Check] = {
    "vantage.asn": _between(1, 4_294_967_295),
    "vantage.country": _country,
    "vantage.isp": _network_id,
    "vantage.must_open": _target,
    "vantage.must_block": _target,
    "resolvers.isp": _resolver,
    "resolvers.public": _resolver,
    "helper.urls": _helper_url,
    "helper.echo": _name_or_address,
    "helper.zone": _zone,
    "controls.neutral": _target,
    "controls.silent": _address,
    "limits.concurrency": _between(1, 4096),
    "limits.attempts": _between(1, 20),
    "limits.timeout_s": _between(0.05, 120.0),
    "limits.body_bytes": _between(1024, 64 * 1024 * 1024),
    "addresses.public": _network,
    "agent.plans": _slug,
    "agent.cycle_s": _between(1.0, 86_400.0),
    "agent.line_check_s": _between(10.0, 86_400.0),
    "store.max_bytes": _between(1_000_000, 2**60),
    "store.retention_days": _between(1, 36_500),
    "metrics.listen": _listen,
    "metrics.textfile": _textfile,
    "metrics.max_series": _between(1, 10_000_000),
    "helper_server.address": _address,
    "helper_server.echo_address": _address,
    "helper_server.https": _between(0, 65535),
    "helper_server.http": _between(0, 65535),
    "helper_server.dns": _between(0, 65535),
    "helper_server.quic": _between(0, 65535),
    "helper_server.zone": _zone,
    "helper_server.resolver": _resolver,
    "helper_server.requests_per_minute": _between(1, 1_000_000),
    "helper_server.megabytes_per_hour": _between(1, 1_000_000),
    "bypass.http_proxies": _proxy("http", "https"),
    "bypass.socks_proxies": _proxy("socks5"),
    "bypass.web_proxies": _web_proxy,
    "bypass.mirrors": _mirror,
    "bypass.tor": _proxy("socks5"),
    "bypass.interface": _interface,
    "bypass.connections": _between(20, 100_000),
    "bypass.bytes": _between(100_000, 2**40),
    "bypass.seconds": _between(5.0, 3600.0),
}
