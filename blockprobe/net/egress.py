"""The helper's delegated zone: names of one use, and what the helper signs of whoever asked for them.

A probe asks a resolver for `<key id>-<nonce>.<zone>`. Some machine then asks the helper, and that machine is the
resolver really used, whatever the address that the probe sent its question to. Client and helper share this module.
"""

import re
from dataclasses import dataclass

from blockprobe.net import echo

#: Machines that one name may show; resolvers that ask from more addresses than these are not counted further.
MAX_ASKERS = 4
_LABEL = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})")
_STRING = re.compile(r'"([^"\\]*)"')
_NOTHING = "-"
_KIND = "zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """One machine that asked the helper for a name.

    `transport`: udp or tcp. `edns_bytes`: the UDP size it offered (RFC 6891; None: no EDNS). `ecs`: the part of its
    client's address that it passed on (RFC 7871), as a prefix; None: nothing.
    """

    transport: str
    address: str
    edns_bytes: int | None = None
    ecs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Everyone who asked for one name, in the order of their coming, and when the helper said so (Unix seconds)."""

    askers: tuple[Asker, ...]
    at_s: int


def label_of(key: echo.EchoKey, nonce: str) -> str:
    """The label to put before the zone; `nonce` is one of `echo.new_nonce`."""
    return f"{key.id}-{nonce}"


def read_label(label: str) -> tuple[str, str] | None:
    """Key id and nonce of a label, in whatever case it comes (0x20 mixing); None when it is not one of ours."""
    found = _LABEL.fullmatch(label.lower())
    return (found[1], found[2]) if found else None


def zone_strings(key: echo.EchoKey, qname: str, nonce: str, sighting: Sighting) -> tuple[str, ...]:
    """The strings of the TXT record: key and nonce, the time, each asker, and the code over all of it."""
    said = (str(sighting.at_s), *(_asker_text(asker) for asker in sighting.askers))
    return echo.dns_option(key, nonce).decode("ascii"), *said, echo.mac(key, _statement(qname, nonce, said))


def read_sighting(key: echo.EchoKey, qname: str, nonce: str, value: str) -> Sighting | None:
    """What a TXT record (as in the zone file) says of `qname`; None when the helper did not sign it."""
    strings = _STRING.findall(value)
    if value != " ".join(f'"{one}"' for one in strings) or not 4 <= len(strings) <= 3 + MAX_ASKERS:
        return None
    head, *said, code = strings
    if head != echo.dns_option(key, nonce).decode("ascii"):
        return None
    if not echo.check(key, _statement(qname, nonce, tuple(said)), code):
        return None
    return Sighting(askers=tuple(_read_asker(one) for one in said[1:]), at_s=int(said[0]))


def _statement(qname: str, nonce: str, said: tuple[str, ...]) -> echo.Statement:
    return echo.Statement(kind=_KIND, subject=echo.dns_subject(qname, "TXT"), nonce=nonce, client="; ".join(said))


def _asker_text(asker: Asker) -> str:
    edns = _NOTHING if asker.edns_bytes is None else str(asker.edns_bytes)
    return f"{asker.transport} {asker.address} {edns} {asker.ecs or _NOTHING}"


def _read_asker(text: str) -> Asker:
    """What `_asker_text` wrote: only signed text comes here."""
    transport, address, edns, ecs = text.split(" ")
    return Asker(
        transport=transport,
        address=address,
        edns_bytes=None if edns == _NOTHING else int(edns),
        ecs=None if ecs == _NOTHING else ecs,
    )
