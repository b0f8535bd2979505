"""A resolver that asks from another address than it is asked at: `forwarder.py LISTEN EGRESS ZONE UPSTREAM`.

Questions under the zone go on to its name server, over UDP and, told to by TC, over TCP, as the resolvers of providers
do; it knows nothing else.
"""

import socket
import sys

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query  # noqa: TID251 - another resolver than our own client
import dns.rcode


def main(listen: str, egress: str, zone: str, upstream: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind((listen, 53))
        print("ready", flush=True)
        while True:
            wire, client = door.recvfrom(4096)
            query = dns.message.from_wire(wire)
            answer = dns.message.make_response(query)
            answer.set_rcode(dns.rcode.REFUSED)
            if query.question[0].name.is_subdomain(dns.name.from_text(zone)):
                answer = resolved(query, client[0], egress, upstream)
            door.sendto(answer.to_wire(), client)


def resolved(query: dns.message.Message, client: str, egress: str, upstream: str) -> dns.message.Message:
    """The upstream's answer, under the number of the query that came in."""
    onward = dns.message.make_query(query.question[0].name, query.question[0].rdtype)
    onward.use_edns(0, 0, 1400, options=[dns.edns.ECSOption(client, 24)])
    try:
        answer, _ = dns.query.udp_with_fallback(onward, upstream, timeout=2.0, source=egress)  # noqa: TID251
    except (OSError, dns.exception.DNSException):
        answer = dns.message.make_response(query)
    answer.id = query.id
    answer.use_edns(False)
    return answer


if __name__ == "__main__":
    main(*sys.argv[1:])
