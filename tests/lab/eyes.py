"""What a test sees with plain sockets, dnspython and ssl: short functions that answer with one word or one record."""

import contextlib
import errno
import http.client
import socket
import ssl
import struct
import time
from dataclasses import dataclass

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

TIMEOUT_S = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A DNS answer: rcode, addresses, the extended error if any, and whether it had a SOA and was truncated."""

    rcode: str
    addresses: tuple[str, ...] = ()
    ede: int | None = None
    text: str = ""
    soa: bool = False
    truncated: bool = False


def _answer(message: dns.message.Message) -> Answer:
    rdata = [item for rrset in message.answer for item in rrset]
    errors = [option for option in message.options if isinstance(option, dns.edns.EDEOption)]
    return Answer(
        rcode=dns.rcode.to_text(message.rcode()),
        addresses=tuple(sorted(item.address for item in rdata if item.rdtype in (1, 28))),
        ede=int(errors[0].code) if errors else None,
        text=(errors[0].text or "") if errors else "",
        soa=any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority),
        truncated=bool(message.flags & dns.flags.TC),
    )


def ask(name: str, server: str, *, kind: str = "A", how: str = "udp", context: ssl.SSLContext | None = None) -> Answer:
    """One query over udp, tcp, tls or https; a silence is rcode `timeout`, a refused connection `refused`."""
    query = dns.message.make_query(name, kind, use_edns=0, payload=1232)
    try:
        if how == "udp":
            return _over_udp(query, server)
        if how == "https":
            return _over_https(query, server, context)
        return _over_stream(query, server, context if how == "tls" else None)
    except TimeoutError:
        return Answer(rcode="timeout")
    except ConnectionRefusedError:
        return Answer(rcode="refused")


def tell(message: dns.message.Message, server: str) -> Answer:
    """A message that is no question, such as an update (RFC 2136)."""
    return _over_udp(message, server)


def _over_udp(query: dns.message.Message, server: str) -> Answer:
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(TIMEOUT_S)
        s.connect((server, 53))
        s.send(query.to_wire())
        return _answer(dns.message.from_wire(s.recv(4096)))


def _over_stream(query: dns.message.Message, server: str, context: ssl.SSLContext | None) -> Answer:
    with contextlib.ExitStack() as stack:
        s: socket.socket = stack.enter_context(socket.create_connection((server, 853 if context else 53), TIMEOUT_S))
        if context:
            s = stack.enter_context(context.wrap_socket(s, server_hostname=server))
        wire = query.to_wire()
        s.sendall(len(wire).to_bytes(2, "big") + wire)
        stream = stack.enter_context(s.makefile("rb"))
        return _answer(dns.message.from_wire(stream.read(int.from_bytes(stream.read(2), "big"))))


def _over_https(query: dns.message.Message, server: str, context: ssl.SSLContext | None) -> Answer:
    """DoH (RFC 8484) by POST over HTTP/1.1."""
    connection = http.client.HTTPSConnection(server, timeout=TIMEOUT_S, context=context)
    try:
        connection.request("POST", "/dns-query", query.to_wire(), {"Content-Type": "application/dns-message"})
        return _answer(dns.message.from_wire(connection.getresponse().read()))
    finally:
        connection.close()


def overhear(name: str, server: str, *, kind: str = "A", listen_s: float = 0.3) -> list[Answer]:
    """Every UDP answer to one query that arrives within `listen_s`."""
    query = dns.message.make_query(name, kind)
    heard: list[Answer] = []
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((server, 53))
        s.send(query.to_wire())
        until = time.monotonic() + listen_s
        while (left := until - time.monotonic()) > 0:
            s.settimeout(left)
            try:
                heard.append(_answer(dns.message.from_wire(s.recv(4096), ignore_trailing=True)))
            except TimeoutError:
                break
    return heard


def _word(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate:{error.verify_code}"
    if isinstance(error, ssl.SSLEOFError):
        return "eof"
    if isinstance(error, ssl.SSLError):
        return f"tls:{error.reason}"
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def connect(address: str, port: int = 443) -> str:
    """`ok`, `timeout` or the errno's name."""
    try:
        with socket.create_connection((address, port), TIMEOUT_S):
            return "ok"
    except OSError as error:
        return _word(error)


def handshake(address: str, name: str, context: ssl.SSLContext) -> str:
    """A verified TLS handshake: `ok`, or `certificate:CODE`, `eof`, `timeout`, `tls:REASON`, an errno's name."""
    try:
        with (
            socket.create_connection((address, 443), TIMEOUT_S) as raw,
            context.wrap_socket(raw, server_hostname=name),
        ):
            return "ok"
    except OSError as error:
        return _word(error)


def split_hello(address: str, name: str, context: ssl.SSLContext) -> str:
    """A ClientHello sent in two segments that part in the middle of the name: `ok` if the server says anything."""
    outgoing = ssl.MemoryBIO()
    session = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    hello = outgoing.read()
    middle = hello.index(name.encode()) + len(name) // 2
    try:
        with socket.create_connection((address, 443), TIMEOUT_S) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.sendall(hello[:middle])
            time.sleep(0.02)
            s.sendall(hello[middle:])
            return "ok" if s.recv(1) else "eof"
    except OSError as error:
        return _word(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An HTTP answer, or the failure word in `failure`."""

    status: int = 0
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    failure: str = ""

    def header(self, name: str) -> str:
        return {key.lower(): value for key, value in self.headers}.get(name, "")


def get(address: str, host: str, *, path: str = "/", context: ssl.SSLContext | None = None, port: int = 0) -> Page:
    """One GET with a Host of its own, over TLS (SNI = host) where a context is given; redirects are not followed."""
    connection = http.client.HTTPConnection(address, port or (443 if context else 80), timeout=TIMEOUT_S)
    try:
        connection.connect()
        if context:
            connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read(1 << 20).decode("utf-8", "replace")
        return Page(status=answer.status, body=body, headers=tuple(answer.getheaders()))
    except http.client.HTTPException as error:
        return Page(failure=type(error).__name__)
    except OSError as error:
        return Page(failure=_word(error))
    finally:
        connection.close()


def hops(address: str, ttls: range, *, port: int = 443, per_ttl: int = 1) -> list[list[str]]:
    """For each TTL of a SYN: which router complained, `open`, `timeout` or an errno's name."""
    return [[_hop(address, port, ttl) for _ in range(per_ttl)] for ttl in ttls]


def _hop(address: str, port: int, ttl: int) -> str:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_IP, socket.IP_TTL, ttl)
        s.setsockopt(socket.SOL_IP, 11, 1)  # IP_RECVERR
        s.settimeout(TIMEOUT_S)
        try:
            s.connect((address, port))
            word = "open"  # unless an ICMP error woke it while SO_ERROR was still 0
        except OSError as error:
            word = _word(error)
        try:
            _, extra, _, _ = s.recvmsg(512, 512, socket.MSG_ERRQUEUE)
        except OSError:
            return word
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_IP, 11) and struct.unpack_from("=IB", data)[1] == 2:
                return socket.inet_ntoa(data[20:24])
        return word
