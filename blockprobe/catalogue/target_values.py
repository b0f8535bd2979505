"""What an order's entry may name, brought into the form that goes over the wire."""

import ipaddress
from collections.abc import Container
from urllib.parse import urlsplit

from blockprobe.model.addresses import family_of, is_bogon
from blockprobe.model.errors import TargetError
from blockprobe.model.order import OrderTarget, TargetKind
from blockprobe.model.target import parse_target, shown


def normal_value(text: str, kind: TargetKind, public: tuple[str, ...] = ()) -> str:
    """`text` as the model keeps it: lower case and punycode; raises TargetError with what is wrong and what to write.

    `public` are reserved ranges that count as public ([addresses] public).
    """
    match kind:
        case TargetKind.DOMAIN | TargetKind.HOST:
            return _name(text)
        case TargetKind.ADDRESS:
            return _public(text, _address(text), public)
        case TargetKind.URL:
            target = parse_target(text)
            if "://" not in text:
                raise TargetError(f'{shown(text)}: is no URL; write https:// before it, or kind = "domain"')
            _public(text, target.host, public)
            return target.url


def kind_of(text: str) -> TargetKind:
    """What a value of a list looks like: an address, a URL with more than a host, or else a domain."""
    if family_of(text.strip().strip("[]")) is not None:
        return TargetKind.ADDRESS
    _, scheme, rest = text.strip().partition("://")
    return TargetKind.URL if scheme and rest.rstrip("/").find("/") > 0 else TargetKind.DOMAIN


def bare_value(text: str, kind: TargetKind) -> str:
    """`text` of a list without what a name does not need: scheme, slash and leading `*.`, where a domain is meant."""
    typed = text.strip()
    if kind is TargetKind.ADDRESS:
        return typed.strip("[]")
    if kind is TargetKind.URL:
        return typed
    return typed.rpartition("://")[2].rstrip("/").removeprefix("*.")


def host_of(target: OrderTarget) -> str:
    """The host or address that an entry names."""
    if target.kind is not TargetKind.URL:
        return target.value
    return urlsplit(target.value).hostname or target.value


def first_above(host: str, names: Container[str]) -> str | None:
    """The first of `host`, the name above it, the one above that, … that is among `names`; None where none is."""
    while host:
        if host in names:
            return host
        host = host.partition(".")[2]
    return None


def _name(text: str) -> str:
    if "://" in text:
        raise TargetError(f'{shown(text)}: is a URL; write the name alone, or kind = "url"')
    target = parse_target(text)
    if family_of(target.host) is not None:
        raise TargetError(f'{shown(text)}: is an address; write kind = "address"')
    if target.port is not None:
        raise TargetError(f"{shown(text)}: has a port; orders name hosts, so write the name alone")
    return target.host


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        remedy = "a range is not measured" if "/" in text else "give one like 203.0.113.5 or 2001:db8::1"
        raise TargetError(f"{shown(text)}: is no IP address; {remedy}") from None
    if "%" in text:
        raise TargetError(f"{shown(text)}: an address with a zone is no public site; remove it")
    return str(address)


def _public(text: str, host: str, public: tuple[str, ...]) -> str:
    if is_bogon(host, public):
        remedy = "correct it (laboratories list their ranges in [addresses] public)"
        raise TargetError(f"{shown(text)}: no public site can have this address; {remedy}")
    return host
