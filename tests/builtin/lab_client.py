"""Plain sockets that say in one word what happened."""

import socket
import ssl
import time
from functools import cache

import dns.message
import dns.query  # noqa: TID251 - a second opinion beside our own client
import dns.rcode


@cache
def trusting(path: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)


def fetch(lab, name, address, *, tls=True, port=None, path="/", timeout=1.5, context=None):
    """(word, bytes): a status code, or how it failed and at which step."""
    step, connection, data = "connect", None, b""
    try:
        connection = socket.create_connection((address, port or (443 if tls else 80)), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = "tls"
        if tls:
            context = context or trusting(str(lab.directory / "ca.pem"))
            connection = context.wrap_socket(connection, server_hostname=name)
        step = "http"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        while len(data) < 1_000_000 and (more := connection.recv(65536)):
            data += more
    except OSError as error:
        return f"{step} {word(error)}", b""
    finally:
        if connection is not None:
            connection.close()
    if not data:
        return "http eof", b""
    return data.split(b" ", 2)[1].decode("latin-1"), data


def word(error):
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"cert {error.verify_code}"
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):  # which of the two depends on Python's version
        return "eof"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "ssl").lower()
    if isinstance(error, TimeoutError):
        return "timeout"
    return {104: "reset", 111: "refused", 113: "host unreachable", 101: "net unreachable", 13: "prohibited"}.get(
        error.errno, repr(error)
    )


def ask(resolver, name, kind="A", *, tcp=False, timeout=1.0, cd=False):
    """(rcode, sorted addresses, whole message); the rcode is `silence` when nothing comes."""
    query = dns.message.make_query(name, kind, use_edns=0)
    if cd:
        query.flags |= dns.flags.CD
    try:
        answer = (dns.query.tcp if tcp else dns.query.udp)(query, resolver, timeout=timeout)  # noqa: TID251
    except dns.exception.Timeout:
        return "silence", [], None
    except OSError as error:
        return word(error), [], None
    found = sorted(item.to_text() for rrset in answer.answer for item in rrset if rrset.rdtype in (1, 28))
    return dns.rcode.to_text(answer.rcode()), found, answer


def all_answers(resolver, name, *, wait=0.3):
    """Every datagram that comes back for one query."""
    query = dns.message.make_query(name, "A")
    family = socket.AF_INET6 if ":" in resolver else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.connect((resolver, 53))
        connection.send(query.to_wire())
        end, answers = time.monotonic() + wait, []
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            try:
                answers.append(dns.message.from_wire(connection.recv(4096)))
            except OSError:
                break
    return answers


def hops(address, port=443, *, most=5, timeout=0.5):
    """Who answers a SYN of each TTL: router addresses, `connected`, `silent` or an error's word."""
    v6 = ":" in address
    level, option, recverr = (41, 16, 25) if v6 else (0, 2, 11)
    seen = []
    for ttl in range(1, most + 1):
        with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(level, option, ttl)
            probe.setsockopt(level, recverr, 1)
            probe.settimeout(timeout)
            try:
                probe.connect((address, port))
                # An ICMP error that came while the kernel held the socket wakes `connect` with SO_ERROR still 0.
                seen.append(_router(probe, v6) or "connected")
            except OSError as error:
                seen.append(_router(probe, v6) or word(error))
        if not seen[-1][0].isdigit():
            if seen[-1] == "timeout":
                continue
            break
    return seen


def _router(probe, v6):
    try:
        _, ancillary, _, _ = probe.recvmsg(1, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    for _, _, data in ancillary:
        return socket.inet_ntop(socket.AF_INET6, data[24:40]) if v6 else socket.inet_ntoa(data[20:24])
    return None


def unanswered(resolver, name, count):
    """Which of so many questions, sent 4 ms apart, got no answer within 2 s of the last: late is not lost."""
    family = socket.AF_INET6 if ":" in resolver else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((resolver, 53))
        for number in range(count):
            sock.send(dns.message.make_query(name, "A", id=number).to_wire())
            time.sleep(0.004)
        answered, end = set(), time.monotonic() + 2.0
        while len(answered) < count and (left := end - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                answered.add(int.from_bytes(sock.recv(4096)[:2]))
            except TimeoutError:
                break
    return [number not in answered for number in range(count)]
