"""Services that hold names without a site of their own: parking, sales, seizures (probes/parking.toml)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class ServiceKind(StrEnum):
    """What a name is doing there."""

    PARKING = "parking"  # advertisements, an offer to sell, expired
    SEIZURE = "seizure"  # taken by an authority


@dataclass(frozen=True, slots=True, kw_only=True)
class NameService:
    """One service; its hosts stand for everything below them as well. `source` is a public page that says so."""

    id: str
    title: str
    kind: ServiceKind
    source: str
    name_servers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def service_of(
    services: Iterable[NameService], *, name_servers: Iterable[str] = (), aliases: Iterable[str] = ()
) -> NameService | None:
    """The first service that has one of a name's servers or aliases; hosts in lower case, without a final dot."""
    servers, others = tuple(name_servers), tuple(aliases)
    for service in services:
        if _below(servers, service.name_servers) or _below(others, service.aliases):
            return service
    return None


def _below(hosts: tuple[str, ...], tops: tuple[str, ...]) -> bool:
    return any(host == top or host.endswith(f".{top}") for host in hosts for top in tops)
