"""Which line this is: signs of the network it hangs on, and whose resolvers answer here.

Signs are kept as keyed hashes only: they tell a change, and nobody's address can be read from them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from blockprobe.model.line import Line, ResolverEgress
from blockprobe.model.order import Network

#: The kernel's tables of this network namespace.
PROC_NET = Path("/proc/self/net")
#: A new address within the same prefix is the same network still: providers change customers' addresses at will.
_SAME_NETWORK = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the line looks like, as hashes by name: gateway4, gateway6, resolvers, public4, public6."""

    hashes: Mapping[str, str]

    def changed(self, before: "Signs") -> tuple[str, ...]:
        """Names of the signs that are known both times and differ."""
        both = self.hashes.keys() & before.hashes.keys()
        return tuple(sorted(name for name in both if self.hashes[name] != before.hashes[name]))

    def over(self, before: "Signs") -> "Signs":
        """These signs, and those from before that nobody could see this time."""
        return Signs(hashes={**before.hashes, **self.hashes})


def read_signs(resolvers: Iterable[str], address: str | None, *, key: bytes, proc: Path = PROC_NET) -> Signs:
    """The signs of now: the default routes, `resolvers`, and the public `address` that a helper saw (None: unknown)."""
    found = {
        "gateway4": _gateway4(proc),
        "gateway6": _gateway6(proc),
        "resolvers": " ".join(sorted(resolvers)) or None,
    }
    if address is not None:
        version = ip_address(address).version
        found[f"public{version}"] = str(ip_network(f"{address}/{_SAME_NETWORK[version]}", strict=False))
    hashes = {
        name: blake2b(value.encode(), key=key, digest_size=12).hexdigest() for name, value in found.items() if value
    }
    return Signs(hashes=hashes)


def own_resolver(
    egress: Sequence[ResolverEgress], resolvers: Iterable[str], network: Network | None, third_parties: Iterable[str]
) -> bool | None:
    """Whether the line's answers come from its network's own resolvers; False where one is a third party's.

    `egress`: who really asks for each resolver, where that is known. `resolvers`: the URLs or addresses that the line
    asks. `network`: what the catalogue knows of its provider. `third_parties`: addresses of public resolvers. None: it
    cannot be told, as with a router that only passes questions on.
    """
    theirs = set(third_parties)
    foreign = {_network(one.address) for one in egress if one.address and _host(one.resolver) in theirs}
    own = set(() if network is None else network.resolvers)
    found = []
    for host in map(_host, resolvers):
        askers = {one.address for one in egress if one.address and _host(one.resolver) == host}
        if host in theirs or askers & theirs or {_network(address) for address in askers} & foreign:
            return False
        found.append(host in own or (bool(askers) and askers <= own))
    return True if found and all(found) else None


def hijack_suspected(line: Line, egress: Sequence[ResolverEgress], resolvers: Iterable[str]) -> bool | None:
    """Whether questions to others end up with the line's own resolvers; None: it was not tested.

    Either an address that runs no resolver answered, or the same machine asks on behalf of an own and of a foreign one.
    """
    own = {_host(resolver) for resolver in resolvers}
    askers: dict[bool, set[str]] = {True: set(), False: set()}
    for one in egress:
        if one.address is not None:
            askers[_host(one.resolver) in own].add(one.address)
    if line.intercepted or not askers[True].isdisjoint(askers[False]):
        return True
    return False if line.intercepted is False or all(askers.values()) else None


def _network(address: str) -> str:
    version = ip_address(address).version
    return str(ip_network(f"{address}/{_SAME_NETWORK[version]}", strict=False))


def _host(resolver: str) -> str:
    """The address in a resolver's URL, or the address itself."""
    if "://" not in resolver:
        return resolver
    return urlsplit(resolver).hostname or resolver


def _gateway4(proc: Path) -> str | None:
    """Interface, address and hardware address of the IPv4 gateway: 192.168.1.1 is a different one in every home."""
    for fields in _table(proc / "route"):
        if len(fields) > 3 and fields[1] == "00000000" and int(fields[3], 16) & 2:
            octets = bytes.fromhex(fields[2])[::-1]
            address = ".".join(str(octet) for octet in octets)
            hardware = next((row[3] for row in _table(proc / "arp") if len(row) > 5 and row[0] == address), "")
            return f"{fields[0]} {address} {hardware}"
    return None


def _gateway6(proc: Path) -> str | None:
    for fields in _table(proc / "ipv6_route", head=False):
        if len(fields) > 9 and fields[0] == "0" * 32 and fields[1] == "00" and fields[4] != "0" * 32:
            return f"{fields[9]} {fields[4]}"
    return None


def _table(path: Path, *, head: bool = True) -> list[list[str]]:
    """The rows of a kernel table; none where the kernel does not tell."""
    try:
        rows = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeError):
        return []
    return [row.split() for row in rows[1 if head else 0 :]]
