"""Answers made up on the path: proof that somebody other than the asked server replied."""

from blockprobe.model.observation import DnsObservation, DnsReply, Place, Test
from blockprobe.verdict.dns_reading import FIRM_LIES, Reading, read_reply
from blockprobe.verdict.leg import Leg, addresses_in
from blockprobe.verdict.view import LOOKS, View


def injected_reply(view: View, leg: Leg) -> DnsObservation | None:
    """An observation whose reply is proven to be injected for the listed name, or None.

    Proof is any of: an address that runs no resolver answered the listed name and stays silent for a neutral one; the
    helper's echo was asked and the reply lacks its signature, while the neutral question came back signed; one
    question brought more answers than datagrams were sent, different ones, the later of them the site's own (no server
    answers twice), and this more than once.
    """
    return _from_silence(view, leg) or _from_echo(view, leg) or _from_second_answer(view, leg)


def is_intercepted(view: View) -> bool:
    """Whether questions for neutral names too are answered by somebody other than the server asked."""
    if view.line.intercepted:
        return True
    neutral = [dns for dns in view.dns if not dns.why.listed]
    silent = any(dns.why.place is Place.SILENT and dns.reply is not None for dns in neutral)
    forged = any(dns.why.place is Place.ECHO and dns.authentic is False for dns in neutral)
    return silent or forged


def _from_silence(view: View, leg: Leg) -> DnsObservation | None:
    if view.line.intercepted:
        return None
    asked = [d for d in view.dns if d.why.test is Test.SILENT]
    neutral = [d for d in asked if not d.why.listed]
    if not neutral or any(dns.reply is not None for dns in neutral):
        return None
    return next((d for d in asked if _tells(view, leg, d)), None)


def _from_echo(view: View, leg: Leg) -> DnsObservation | None:
    asked = [d for d in view.dns if d.why.test is Test.ECHO]
    if not any(d.authentic for d in asked if not d.why.listed):
        return None
    if any(d.authentic is False for d in asked if not d.why.listed):
        return None
    return next((d for d in asked if d.authentic is False and _tells(view, leg, d)), None)


def _tells(view: View, leg: Leg, asked: DnsObservation) -> bool:
    """The listed name got an answer in substance; that a server will not or cannot answer is no forgery."""
    if not asked.why.listed or asked.qname != leg.host or asked.reply is None:
        return False
    return asked.reply.rcode in ("NOERROR", "NXDOMAIN")


def _from_second_answer(view: View, leg: Leg) -> DnsObservation | None:
    doubled = [
        dns
        for dns in view.looks(leg)
        if len(dns.extra) >= dns.packets
        and dns.why.test in LOOKS
        and _is_false(view, leg, dns.reply)
        and any(addresses_in(reply) and read_reply(view, leg, reply) is Reading.REAL for reply in dns.extra)
    ]
    return doubled[0] if len(doubled) >= 2 else None


def _is_false(view: View, leg: Leg, reply: DnsReply | None) -> bool:
    """A lie; or addresses that nothing proves and where nothing answers, which a content network's would."""
    reading = read_reply(view, leg, reply)
    return reading in FIRM_LIES or (reading is Reading.UNCONFIRMED and not answers_at(view, addresses_in(reply)))


def answers_at(view: View, addresses: tuple[str, ...]) -> bool:
    """Whether a certificate or a page came from any of the addresses for the listed name."""
    shown = any(t.chain and t.why.listed and t.address in addresses for t in view.tls)
    return shown or any(p.status is not None and p.why.listed and p.address in addresses for p in view.http)
