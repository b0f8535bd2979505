"""The helper's own look-ups: addresses, the zone's SOA, and what the resolver has to say about a failure."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from blockprobe.helper.limits import DNS_S, Deadline
from blockprobe.helper.protocol import ooni_dns_failure
from blockprobe.model.control import ControlDns
from blockprobe.model.errors import ConfigError
from blockprobe.model.failure import Failure
from blockprobe.model.observation import DnsObservation, Place, ResolverGroup, ResourceRecord, Test, Why
from blockprobe.net.dns import DnsClient
from blockprobe.net.dns_wire import Question
from blockprobe.net.resolver import Resolver, parse_resolver

_WHY = Why(test=Test.LOOK, place=Place.RESOLVER)
_RESOLV_CONF = Path("/etc/resolv.conf")
#: Resolvers that are tried, one after the other, when the first stays silent.
_TRIED = 2
_MAX_ADDRESSES = 16
_TYPES = ("A", "AAAA", "SOA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a name resolved to: `failure` is our word where `dns.failure` is OONI's."""

    dns: ControlDns
    failure: Failure | None


class Names:
    """Resolves names with one resolver, or the system's."""

    def __init__(self, url: str | None, client: DnsClient) -> None:
        """`url` as in [helper_server] resolver; raises ConfigError when it is none. `client` is the caller's."""
        urls = (url,) if url is not None else _system_resolvers()
        self._resolvers = [parse_resolver(one, ResolverGroup.PUBLIC) for one in urls[:_TRIED]]
        self._client = client

    async def look_up(self, deadline: Deadline, host: str) -> Resolution:
        """Addresses of both families; an IP literal is its own answer and nobody is asked."""
        try:
            literal = str(ipaddress.ip_address(host))
        except ValueError:
            pass
        else:
            return Resolution(dns=ControlDns(failure=None, addresses=(literal,)), failure=None)
        share_s = DNS_S / len(self._resolvers)
        questions = [Question(qname=host, qtype=qtype) for qtype in _TYPES]
        observed: list[DnsObservation] = []
        for resolver in self._resolvers:
            known = resolver if resolver.address else await self._bootstrap(resolver)
            observed = await self._client.query_many(deadline.session(share_s), _WHY, known, questions)
            if any(one.reply is not None for one in observed):
                break
        return _resolution(observed)

    async def _bootstrap(self, resolver: Resolver) -> Resolver:
        """The resolver's own address, from the system, once."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(resolver.server_name, resolver.port, type=socket.SOCK_STREAM)
        except OSError:
            return resolver
        known = resolver.with_address(str(found[0][4][0]))
        self._resolvers = [known if one.url == known.url else one for one in self._resolvers]
        return known


def _resolution(observed: list[DnsObservation]) -> Resolution:
    by_type = {one.qtype: one for one in observed}
    a, aaaa = by_type["A"], by_type["AAAA"]
    addresses = [record.value for one in (a, aaaa) for record in _answers(one) if record.type == one.qtype]
    failure = None if addresses else _worse(a.failure, aaaa.failure)
    reply = a.reply or aaaa.reply
    ede = {error.code for one in observed if one.reply is not None for error in one.reply.ede}
    dns = ControlDns(
        failure=ooni_dns_failure(failure),
        addresses=tuple(dict.fromkeys(addresses))[:_MAX_ADDRESSES],
        rcode=reply.rcode if reply is not None else None,
        ede=tuple(sorted(ede)),
        soa=_soa(observed),
    )
    return Resolution(dns=dns, failure=failure)


def _worse(a: Failure | None, aaaa: Failure | None) -> Failure | None:
    """The failure of a name without addresses: "no such record" only when both families say so."""
    return next((word for word in (a, aaaa) if word not in (None, Failure.DNS_NO_ANSWER)), Failure.DNS_NO_ANSWER)


def _answers(observation: DnsObservation) -> tuple[ResourceRecord, ...]:
    return observation.reply.answers if observation.reply is not None else ()


def _soa(observed: list[DnsObservation]) -> ResourceRecord | None:
    """The zone's SOA: the answer to our question, or AUTHORITY of a negative answer (RFC 2308, 3)."""
    replies = [one.reply for one in reversed(observed) if one.reply is not None]
    records = (record for reply in replies for record in (*reply.answers, *reply.authority))
    return next((record for record in records if record.type == "SOA"), None)


def _system_resolvers() -> tuple[str, ...]:
    """The name servers of resolv.conf(5)."""
    try:
        lines = _RESOLV_CONF.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ConfigError(f"helper_server.resolver: {_RESOLV_CONF}: {error}; name a resolver") from error
    found = [fields[1] for line in lines if len(fields := line.split()) >= 2 and fields[0] == "nameserver"]
    servers = tuple(address for address in found if "%" not in address)
    if not servers:
        raise ConfigError(f"helper_server.resolver: {_RESOLV_CONF} names no server; name a resolver")
    return servers
