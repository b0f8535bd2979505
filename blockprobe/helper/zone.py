"""The delegated zone: shows a probe which machine asked on its behalf, because only that machine comes here.

The names of the zone are `<key id>-<nonce>`, of one use. A TXT question for one whose key is alive is answered with
what was seen of the asker, signed with the probe's key. Resolvers hold no key, so a datagram may come from a forged
address: it gets an answer no longer than itself, which for a TXT question means TC=1 and the truth over TCP.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

from blockprobe.helper.budget import RequestBudget
from blockprobe.helper.echo_dns import key_and_nonce, read_query
from blockprobe.helper.keys import KeyTable
from blockprobe.net import echo, egress
from blockprobe.net.clock import Clock

#: Names remembered between a resolver's question over UDP and its return over TCP.
_NAMES = 10_000
#: The numbers of the SOA record: serial, refresh, retry, expire, and how long "no such name" may be kept (seconds).
_SOA_NUMBERS = "1 3600 600 86400 0"
_TTL_S = 3600


@dataclass(slots=True, kw_only=True)
class DelegatedZone:
    """Answers questions under `zone`, as a name server to which it is delegated.

    `addresses`: those that `ns.<zone>` has. `count` is told part (zone_udp, zone_tcp) and rcode of every answer.
    """

    zone: str
    addresses: tuple[str, ...]
    keys: KeyTable
    budget: RequestBudget
    clock: Clock
    count: Callable[[str, str], None]
    _apex: dns.name.Name = field(init=False)
    _askers: OrderedDict[str, tuple[egress.Asker, ...]] = field(init=False, default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._apex = dns.name.from_text(self.zone)

    def over_udp(self, wire: bytes, client: str) -> bytes | None:
        """The datagram to send back, never longer than `wire`; None: not our question, or too many of them."""
        query = self._mine(wire, client)
        if query is None:
            return None
        answer = self._answer(query, self._seen(query, client, "udp"))
        message = answer.to_wire()
        if len(message) > len(wire):
            short = dns.message.make_response(query, pad=0)
            short.set_rcode(answer.rcode())
            short.flags |= dns.flags.AA | (dns.flags.TC if answer.answer else 0)
            message = short.to_wire()
        if len(message) > len(wire):
            return None
        self.count("zone_udp", dns.rcode.to_text(answer.rcode()))
        return message

    def over_tcp(self, wire: bytes, client: str) -> bytes | None:
        """The message to send back; None: not our question, or too many of them."""
        query = self._mine(wire, client)
        if query is None:
            return None
        answer = self._answer(query, self._seen(query, client, "tcp"))
        self.count("zone_tcp", dns.rcode.to_text(answer.rcode()))
        return answer.to_wire()

    def _mine(self, wire: bytes, client: str) -> dns.message.Message | None:
        query = read_query(wire)
        if query is None or key_and_nonce(query) is not None:
            return None
        if not query.question[0].name.is_subdomain(self._apex) or self.budget.take(client):
            return None
        return query

    def _answer(self, query: dns.message.Message, asker: egress.Asker) -> dns.message.Message:
        question = query.question[0]
        answer = dns.message.make_response(query, pad=0)
        answer.flags |= dns.flags.AA
        label = self._label(question.name)
        live = self._live(label)
        if live is not None:
            key, nonce = live
            if question.rdtype == dns.rdatatype.TXT:
                answer.answer.append(self._signed(question.name, key, nonce, asker))
        elif label == "":
            self._put(answer, {"SOA": [self._soa()], "NS": [f"ns.{self._apex}"]})
        elif label == "ns":
            v6 = [address for address in self.addresses if ":" in address]
            self._put(answer, {"A": [one for one in self.addresses if one not in v6], "AAAA": v6})
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        if not answer.answer:
            answer.authority.append(dns.rrset.from_text(self._apex, 0, "IN", "SOA", self._soa()))
        return answer

    def _put(self, answer: dns.message.Message, records: dict[str, list[str]]) -> None:
        question = answer.question[0]
        values = records.get(dns.rdatatype.to_text(question.rdtype))
        if values:
            answer.answer.append(dns.rrset.from_text(question.name, _TTL_S, "IN", question.rdtype, *values))

    def _signed(self, name: dns.name.Name, key: echo.EchoKey, nonce: str, asker: egress.Asker) -> dns.rrset.RRset:
        """The TXT record; notes the asker, so that who came over UDP is named when somebody comes over TCP."""
        before = self._askers.pop(nonce, ())
        askers = before if asker in before else (*before[: egress.MAX_ASKERS - 1], asker)
        self._askers[nonce] = askers
        if len(self._askers) > _NAMES:
            self._askers.popitem(last=False)
        sighting = egress.Sighting(askers=askers, at_s=int(self.clock.now().timestamp()))
        strings = [one.encode() for one in egress.zone_strings(key, name.to_text(), nonce, sighting)]
        return dns.rrset.from_rdata(name, 0, TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings))

    def _live(self, label: str | None) -> tuple[echo.EchoKey, str] | None:
        """The key and nonce of a name that may be asked for."""
        read = egress.read_label(label) if label else None
        key = self.keys.live(read[0]) if read else None
        return (key, read[1]) if read and key else None

    def _label(self, name: dns.name.Name) -> str | None:
        """The one label before the zone, "" for the zone itself, None for a deeper name."""
        labels = name.relativize(self._apex).labels
        if len(labels) > 1:
            return None
        return labels[0].decode("ascii", "replace").lower() if labels else ""

    def _soa(self) -> str:
        return f"ns.{self._apex} hostmaster.{self._apex} {_SOA_NUMBERS}"

    def _seen(self, query: dns.message.Message, client: str, transport: str) -> egress.Asker:
        ecs = next((one for one in query.options if isinstance(one, dns.edns.ECSOption)), None)
        return egress.Asker(
            transport=transport,
            address=client,
            edns_bytes=query.payload if query.edns >= 0 else None,
            ecs=f"{ecs.address}/{ecs.srclen}" if ecs is not None else None,
        )
