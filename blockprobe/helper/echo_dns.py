"""The DNS echo: answers any question with proof of who asked it, and resolves nothing.

UDP is an invitation to send a stranger what he did not ask for. So a datagram is answered only when it names a live
key and comes from an address that holds it, and never with more bytes than it had.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import cast

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

from blockprobe.helper.keys import KeyTable
from blockprobe.helper.peer import peer_address
from blockprobe.net import echo

_OWNER = dns.name.from_text(echo.DNS_OWNER)
_MAX_QUERY_BYTES = 4096
_QUERIES_PER_CONNECTION = 200
_IDLE_S = 10.0

#: What may answer a question that is none to the echo: the delegated zone. Bytes and client's address; None: nothing.
Answerer = Callable[[bytes, str], bytes | None]


def answer_udp(wire: bytes, client: str, keys: KeyTable) -> bytes | None:
    """The datagram to send back, never longer than `wire`; None: say nothing."""
    query = read_query(wire)
    asked = key_and_nonce(query) if query is not None else None
    key = keys.over_udp(asked[0], client) if asked is not None else None
    if query is None or asked is None or key is None:
        return None
    answer = _signed(query, key, asked[1], client)
    if len(answer) <= len(wire):
        return answer
    short = _truncated(query)
    return short if len(short) <= len(wire) else None


def answer_tcp(wire: bytes, client: str, keys: KeyTable) -> bytes | None:
    """The message to send back: REFUSED without a live key; None when it was no question at all."""
    query = read_query(wire)
    if query is None:
        return None
    asked = key_and_nonce(query)
    key = keys.over_tcp(asked[0], client) if asked is not None else None
    if asked is None or key is None:
        refusal = dns.message.make_response(query, pad=0)
        refusal.set_rcode(dns.rcode.REFUSED)
        return refusal.to_wire()
    return _signed(query, key, asked[1], client)


class UdpEcho(asyncio.DatagramProtocol):
    """The echo on a UDP socket; `count` is told of every datagram that the echo answered."""

    def __init__(self, keys: KeyTable, count: Callable[[], None], zone: Answerer | None = None) -> None:
        """`keys` are those that the API hands out; what is no question to the echo may be one to the `zone`."""
        self._keys = keys
        self._count = count
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast(asyncio.DatagramTransport, transport)  # in 3.11 it is one by behaviour only

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        """Answer, or not."""
        client = peer_address(addr)
        answer = answer_udp(data, client, self._keys)
        if answer is not None:
            self._count()
        elif self._zone is not None:
            answer = self._zone(data, client)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


async def converse_tcp(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    client: str,
    keys: KeyTable,
    zone: Answerer | None = None,
) -> int:
    """Answer questions on one connection (RFC 7766) until the peer stops asking; how many the echo answered."""
    answered = by_zone = 0
    with contextlib.suppress(OSError, TimeoutError, EOFError):
        while answered + by_zone < _QUERIES_PER_CONNECTION:
            async with asyncio.timeout(_IDLE_S):
                length = int.from_bytes(await reader.readexactly(2))
                wire = await reader.readexactly(length) if 0 < length <= _MAX_QUERY_BYTES else b""
            of_zone = zone(wire, client) if zone is not None else None
            answer = of_zone or answer_tcp(wire, client, keys)
            if answer is None:
                break
            by_zone += of_zone is not None
            answered += of_zone is None
            writer.write(len(answer).to_bytes(2) + answer)
            async with asyncio.timeout(_IDLE_S):
                await writer.drain()
    return answered


def read_query(wire: bytes) -> dns.message.Message | None:
    """The one question of class IN in these bytes; None for anything else."""
    if not 12 < len(wire) <= _MAX_QUERY_BYTES:
        return None
    try:
        query = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError, IndexError, KeyError):
        return None
    if query.flags & dns.flags.QR or query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        return None
    return query if query.question[0].rdclass == dns.rdataclass.IN else None


def key_and_nonce(query: dns.message.Message) -> tuple[str, str] | None:
    """What the option of the echo says; None where there is none."""
    for option in query.options:
        if option.otype == echo.DNS_OPTION and isinstance(option, dns.edns.GenericOption):
            return echo.read_dns_option(option.data)
    return None


def _signed(query: dns.message.Message, key: echo.EchoKey, nonce: str, client: str) -> bytes:
    question = query.question[0]
    subject = echo.dns_subject(question.name.to_text(), dns.rdatatype.to_text(question.rdtype))
    statement = echo.Statement(kind="dns", subject=subject, nonce=nonce, client=client)
    strings = [text.encode() for text in echo.dns_strings(key, statement)]
    answer = dns.message.make_response(query, pad=0)
    answer.flags |= dns.flags.AA
    txt = TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings)
    answer.additional.append(dns.rrset.from_rdata(_OWNER, 0, txt))
    return answer.to_wire()


def _truncated(query: dns.message.Message) -> bytes:
    """Nothing but the question and TC: come back over TCP."""
    answer = dns.message.make_response(query, pad=0)
    answer.use_edns(False)
    answer.flags |= dns.flags.TC
    return answer.to_wire()
