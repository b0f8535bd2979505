"""How one DNS reply to a question about the listed name reads: real, false, negative, silent."""

from enum import StrEnum

from blockprobe.model.failure import Failure
from blockprobe.model.observation import DnsObservation, DnsReply, Place, ResourceRecord, Test
from blockprobe.model.words import Mechanism
from blockprobe.verdict.leg import Leg, addresses_in
from blockprobe.verdict.pages import resembles
from blockprobe.verdict.view import LOOKS, View

#: Extended errors by which a resolver says itself that it withholds an answer (RFC 8914, 4.16 to 4.18).
EDE_WITHHELD = frozenset({15, 16, 17})
#: Extended errors that put a failure on the zone's signatures or servers (RFC 8914: DNSSEC 5-12, authority 22, 23).
EDE_ZONE_FAULT = frozenset({5, 6, 7, 8, 9, 10, 11, 12, 22, 23})


class Reading(StrEnum):
    """What a reply amounts to."""

    REAL = "real"
    BOGON = "bogon"
    NOTICE = "notice"  # the address or page of a known block page
    OTHER_SITE = "other_site"  # somebody answers there, and it is not the site
    UNCONFIRMED = "unconfirmed"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    REFUSED = "refused"
    SERVFAIL = "servfail"
    FORMERR = "formerr"
    SILENT = "silent"
    BROKEN = "broken"


#: Replies that cannot come about by a slow or overloaded resolver: two of them are a finding even among good ones.
FIRM_LIES = frozenset({Reading.BOGON, Reading.NOTICE, Reading.OTHER_SITE, Reading.NXDOMAIN, Reading.NODATA})

MECHANISMS = {
    Reading.BOGON: Mechanism.DNS_BOGON,
    Reading.NOTICE: Mechanism.DNS_BLOCKPAGE,
    Reading.OTHER_SITE: Mechanism.DNS_BLOCKPAGE,
    Reading.UNCONFIRMED: Mechanism.DNS_BLOCKPAGE,
    Reading.NXDOMAIN: Mechanism.DNS_NXDOMAIN,
    Reading.NODATA: Mechanism.DNS_NODATA,
    Reading.REFUSED: Mechanism.DNS_REFUSED,
    Reading.SERVFAIL: Mechanism.DNS_SERVFAIL,
    Reading.FORMERR: Mechanism.DNS_FORMERR,
    Reading.SILENT: Mechanism.DNS_TIMEOUT,
    Reading.BROKEN: Mechanism.DNS_TIMEOUT,
}

_BY_RCODE = {
    "NXDOMAIN": Reading.NXDOMAIN,
    "NOERROR": Reading.NODATA,
    "REFUSED": Reading.REFUSED,
    "SERVFAIL": Reading.SERVFAIL,
    "FORMERR": Reading.FORMERR,
}


def read_reply(view: View, leg: Leg, reply: DnsReply | None) -> Reading:
    """How the reply reads for the leg's host; no reply at all reads as silence."""
    if reply is None:
        return Reading.SILENT
    addresses = addresses_in(reply)
    if not addresses:
        return _BY_RCODE.get(reply.rcode, Reading.BROKEN)
    real = view.real_addresses(leg)
    if any(view.plain(address) in real for address in addresses):
        return Reading.REAL
    if all(view.is_bogon(address) for address in addresses):
        return Reading.BOGON
    if _is_notice(view, leg, reply, addresses):
        return Reading.NOTICE
    if all(_is_other_site(view, leg, address) for address in addresses):
        return Reading.OTHER_SITE
    return Reading.UNCONFIRMED


def read(view: View, leg: Leg, observation: DnsObservation) -> Reading:
    """How the observation reads; failures without a reply other than silence are `broken`."""
    if observation.reply is None and observation.failure not in (None, Failure.GENERIC_TIMEOUT_ERROR):
        return Reading.BROKEN
    return read_reply(view, leg, observation.reply)


def _is_notice(view: View, leg: Leg, reply: DnsReply, addresses: tuple[str, ...]) -> bool:
    """A known block page by its address, by an alias on the way, or by the page that the address serves, where others
    get other addresses: else the resolver may be honest, and the page put into the connection."""
    prints = view.fingerprints
    if any(prints.match_address(address) for address in addresses):
        return True
    if any(r.type == "CNAME" and prints.match_cname(r.value) for r in reply.answers):
        return True
    return bool(view.real_addresses(leg)) and any(
        page.address in addresses and not page.tls and page.why.listed and view.notice_of(page) is not None
        for page in view.http
    )


def _is_other_site(view: View, leg: Leg, address: str) -> bool:
    """Whether what answers at the address is proven to be something else than the site.

    Either it shows a certificate for other names, here and to every helper, while the site has a valid chain elsewhere;
    or it refuses TLS, which the site speaks elsewhere, and serves a page unlike the control's. An address that is
    silent, whose certificate for the name has expired, or whose server reports its own failure proves nothing: it may
    be the site's own, and out of order (an anycast outage).
    """
    if not _speaks_tls_elsewhere(view, leg):
        return False
    shown = [t for t in view.tls if t.address == address and t.why.listed and t.why.place is Place.ORIGIN]
    if any(tls.valid is False and tls.chain for tls in shown):
        foreign = all(not covers_name(tls.chain[0].names, leg.host) for tls in shown if tls.chain)
        return foreign and not any(control.ok for control in view.control_handshakes(leg, address))
    refused = any(
        tcp.address == address
        and tcp.port == 443
        and tcp.failure in (Failure.CONNECTION_REFUSED, Failure.CONNECTION_RESET)
        for tcp in view.tcp
    )
    pages = [p for p in view.http if p.address == address and not p.tls and p.why.listed and (p.status or 500) < 500]
    control_page = view.control_cleartext(leg)
    return refused and any(control_page is not None and not resembles(page, control_page) for page in pages)


def _speaks_tls_elsewhere(view: View, leg: Leg) -> bool:
    """Whether the site has a valid chain: seen from here; or by all helpers alike, where we could not see any chain."""
    if view.witnessed(leg):
        return True
    controls = view.controls(leg)
    theirs = [[t for t in c.tls if t.server_name in (leg.host, "")] for c in controls]
    good = {t.endpoint for found in theirs for t in found if t.ok}
    disputed = any(t.endpoint in good and not t.ok for found in theirs for t in found)
    if not good or disputed or not all(any(t.ok for t in found) for found in theirs):
        return False
    addresses = {endpoint.rpartition(":")[0].strip("[]") for endpoint in good}
    return not any(t.chain and t.why.listed and view.plain(t.address) in addresses for t in view.tls)


def covers_name(names: tuple[str, ...], host: str) -> bool:
    """Whether a certificate's names include the host, a wildcard standing for one label (RFC 9525, 6.3)."""
    wild = "*." + host.partition(".")[2]
    return any(name.lower().rstrip(".") in (host, wild) for name in names)


def genuine_soa(view: View, leg: Leg, reply: DnsReply) -> bool | None:
    """Whether a negative answer bears the zone's own SOA (RFC 2308, 3), as an honest or a stale one does.

    False: none, or one that is not of a zone above the name, or another primary than the zone's from a resolver that
    claims authority itself. None: there is one for a zone above the name and nothing to hold it against; or it names
    another primary, as an old answer does after the zone has moved to other servers.
    """
    soa = next((record for record in reply.authority if record.type == "SOA"), None)
    if soa is None or not _is_above(soa.name, leg.host):
        return False
    known = [record for record in zone_soas(view, leg) if record.name.rstrip(".") == soa.name.rstrip(".")]
    if not known:
        return None
    if any(primary(record) == primary(soa) for record in known):
        return True
    return False if reply.aa else None


def zone_soas(view: View, leg: Leg) -> list[ResourceRecord]:
    """The zone's SOA as helpers and encrypted resolvers gave it."""
    found = [c.dns.soa for c in view.controls(leg) if c.dns is not None and c.dns.soa is not None]
    for dns in view.dns:
        if dns.why.test is Test.ZONE and dns.reply is not None and leg.host.endswith(dns.qname):
            found += [r for r in (*dns.reply.answers, *dns.reply.authority) if r.type == "SOA"]
    return found


def primary(soa: ResourceRecord) -> str:
    """MNAME of a SOA: the first word of its text."""
    return soa.value.split(" ", 1)[0].rstrip(".").lower()


def _is_above(zone: str, host: str) -> bool:
    zone = zone.rstrip(".").lower()
    return zone == "" or host == zone or host.endswith("." + zone)


def attempts_at(view: View, leg: Leg, server: str, family: int) -> list[DnsObservation]:
    """Every form of the listed question to one resolver address, of one family, in order."""
    qtype = "A" if family == 4 else "AAAA"
    forms = LOOKS | {Test.FORM_TCP, Test.FORM_CD, Test.FORM_PLAIN}
    return [
        dns
        for dns in view.dns
        if dns.why.listed
        and dns.why.test in forms
        and dns.qtype == qtype
        and dns.qname == leg.host
        and server_of(dns.resolver) == server
    ]


def server_of(resolver: str) -> str:
    """The address part of a resolver's URL, whatever the transport ("udp://[2001:db8::1]:53" -> "2001:db8::1")."""
    rest = resolver.partition("://")[2].partition("/")[0]
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    return rest.rpartition(":")[0] or rest
