"""Answers made up on the path: proof that somebody other than the asked server replied."""

from blockprobe.model.observation import DnsObservation, Place, Test
from blockprobe.verdict.dns_reading import Reading, read_reply
from blockprobe.verdict.view import LOOKS, Leg, View, addresses_in


def injected_reply(view: View, leg: Leg) -> DnsObservation | None:
    """An observation whose reply is proven to be injected for the listed name, or None.

    Proof is any of: an address that runs no resolver answered the listed name and stays silent for a neutral one; the
    helper's echo was asked and the reply lacks its signature, while the neutral question came back signed; one
    question brought two different answers, the later of them the site's own (no server answers twice).
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
    asked = [d for d in view.dns if d.why.test is Test.SILENT]
    neutral = [d for d in asked if not d.why.listed]
    if not neutral or any(dns.reply is not None for dns in neutral):
        return None
    return next((d for d in asked if d.why.listed and d.qname == leg.host and d.reply is not None), None)


def _from_echo(view: View, leg: Leg) -> DnsObservation | None:
    asked = [d for d in view.dns if d.why.test is Test.ECHO]
    if not any(d.authentic for d in asked if not d.why.listed):
        return None
    if any(d.authentic is False for d in asked if not d.why.listed):
        return None
    return next((d for d in asked if d.why.listed and d.qname == leg.host and d.authentic is False), None)


def _from_second_answer(view: View, leg: Leg) -> DnsObservation | None:
    doubled = [
        dns
        for dns in view.looks(leg)
        if dns.extra
        and dns.why.test in LOOKS
        and read_reply(view, leg, dns.reply) is not Reading.REAL
        and any(addresses_in(reply) and read_reply(view, leg, reply) is Reading.REAL for reply in dns.extra)
    ]
    return doubled[0] if len(doubled) >= 2 else None
