"""What becomes of QUIC to a site that advertises it: beside the verdict, never in it. PURE.

A browser does not use HTTP/3 before it has been told to, so that no state rests on this (docs/quic.md).
"""

import re
from collections.abc import Iterable

from blockprobe.model.addresses import family_of
from blockprobe.model.failure import Failure
from blockprobe.model.observation import Place, QuicObservation, Test
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Scope
from blockprobe.verdict.address_facts import connects
from blockprobe.verdict.at_echo import AT_ECHO, surrounded, undisturbed
from blockprobe.verdict.exchange import works
from blockprobe.verdict.facts import Finding, QuicFact
from blockprobe.verdict.https_records import offers_in
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.name_square import SILENCES_NEEDED
from blockprobe.verdict.quic_path import path_withholds_quic
from blockprobe.verdict.view import LOOKS, View

#: Datagrams without an answer before one attempt counts as silent; a whole attempt of 4 s sends five.
PACKETS_NEEDED = 4
#: A line of alternatives is read no further (characters).
_MOST = 2_000
_ALTERNATIVE = re.compile(r'\bh3="(?P<host>[^":]{0,255}):(?P<port>\d{1,5})"')  # RFC 7838, 3


def advertised(view: View, leg: Leg) -> bool:
    """Whether the site says that it speaks HTTP/3 on the leg's own host and port: in an https response, ours or a
    helper's (Alt-Svc), or in the HTTPS record of its name."""
    if not leg.tls or leg.is_ip:
        return False
    ours = [page.headers for page in view.pages(leg) if page.status is not None]
    theirs = [page.headers for page in view.control_pages(leg) if page.failure is None]
    if any(_alternative(headers, leg) for headers in (*ours, *theirs)):
        return True
    asked = (dns for dns in view.dns if dns.qname == leg.host and dns.qtype == "HTTPS")
    return leg.port == 443 and any("h3" in offer.alpn for dns in asked for offer in offers_in(dns) or ())


def _alternative(headers: Iterable[tuple[str, str]], leg: Leg) -> bool:
    values = (value[:_MOST] for name, value in headers if name.lower() == "alt-svc")
    found = (one for value in values for one in _ALTERNATIVE.finditer(value))
    return any(one["host"].lower() in ("", leg.host) and int(one["port"]) == leg.port for one in found)


def quic_looks(view: View, leg: Leg, address: str | None = None) -> list[QuicObservation]:
    """Handshakes with the leg's own name at the site's addresses, or at one of them."""
    return [
        q
        for q in view.quic
        if q.why.hop == leg.hop and q.why.test in LOOKS and q.why.place is Place.ORIGIN and q.port == leg.port
        if address is None or q.address == address
    ]


def is_silent(q: QuicObservation) -> bool:
    """Nothing at all came back for enough packets."""
    return q.failure is Failure.GENERIC_TIMEOUT_ERROR and not q.bytes_received and q.packets >= PACKETS_NEEDED


def silent_addresses(view: View, leg: Leg) -> list[str]:
    """Addresses where every attempt with the listed name met silence, often enough that it is not chance."""
    looks = quic_looks(view, leg)
    by_address = {q.address: [one for one in looks if one.address == q.address] for q in looks}
    return [a for a, tried in by_address.items() if len(tried) >= SILENCES_NEEDED and all(map(is_silent, tried))]


def quic_finding(view: View, leg: Leg) -> Finding:
    """The fact of QUIC for the leg."""
    looks = quic_looks(view, leg)
    if not looks:
        return Finding(fact=QuicFact.NOT_TRIED)
    silent = silent_addresses(view, leg)
    named = _by_name(view, leg, silent)
    found = (*named, *(_by_address(leg, a, looks) for a in silent if not named and address_proven(view, leg, a)))
    if found:
        return Finding(
            fact=QuicFact.BLOCKED,
            mechanisms=tuple(dict.fromkeys(one.mechanism for one in found)),
            interference=found,
            grade=Grade.COUNTERFACTUAL,
        )
    if any(q.valid and q.failure is None for q in looks):
        return Finding(fact=QuicFact.OPEN)
    if silent and not echo_works(view, leg):
        return Finding(fact=QuicFact.LINE, detail="QUIC to neutral names does not work from here either")
    return Finding(fact=QuicFact.UNPROVEN, detail=f"{looks[-1].address}: {looks[-1].failure}")


def at_echo(view: View, leg: Leg, *, listed: bool) -> list[QuicObservation]:
    """The square's handshakes with our own server."""
    square = (q for q in view.quic if q.why.test in AT_ECHO and q.why.place is Place.ECHO)
    return [q for q in square if q.why.hop == leg.hop and q.why.listed is listed]


def echo_works(view: View, leg: Leg) -> bool:
    """Whether a neutral name got through to our own server over QUIC."""
    return any(q.failure is None and q.authentic is not False for q in at_echo(view, leg, listed=False))


def _by_name(view: View, leg: Leg, silent: list[str]) -> tuple[Interference, ...]:
    """Silence that follows the name to our own server: one entry a family in which the site shows the same.

    At the site it shows where a neutral name, sent afterwards, is answered at the very same address. Where that is so
    nowhere (its QUIC server is down as well, say), the family of the echo is named.
    """
    neutral = [q for q in at_echo(view, leg, listed=False) if q.authentic is not False]
    listed = undisturbed(view, at_echo(view, leg, listed=True), neutral)
    failed = [q for q in surrounded(view, listed, neutral) if is_silent(q)]
    if len(failed) < SILENCES_NEEDED or not silent:
        return ()
    families = {family_of(address) for address in silent if _answers_neutral(view, leg, address)}
    families = families or {family_of(failed[0].address)}
    return tuple(
        Interference(mechanism=Mechanism.QUIC_TIMEOUT_SNI, hop=leg.hop, host=leg.host, family=family, port=leg.port,
                     scope=Scope.NAME, k=len(failed), n=len(listed))
        for family in sorted(f for f in families if f is not None)
    )  # fmt: skip


def _answers_neutral(view: View, leg: Leg, address: str) -> bool:
    """Whether a neutral name was answered at the address after the listed one had not been."""
    last = max(q.t0_s for q in quic_looks(view, leg, address))
    return any(works(q) and q.t0_s >= last for q in _neutral_at(view, leg, address))


def _neutral_at(view: View, leg: Leg, address: str) -> list[QuicObservation]:
    square = (q for q in view.quic if q.why.test is Test.SQUARE and q.why.place is Place.ORIGIN and not q.why.listed)
    return [q for q in square if q.address == address and q.why.hop == leg.hop and q.port == leg.port]


def address_in_doubt(view: View, leg: Leg, address: str) -> bool:
    """Whether nothing but the address can explain the silence: no name is answered there over QUIC, TCP is open, and
    our own server answers both names."""
    neutral = _neutral_at(view, leg, address)
    if len(neutral) < 2 or not all(map(is_silent, neutral)):
        return False
    if not any(tcp.failure is None for tcp in connects(view, leg, address)) or not echo_works(view, leg):
        return False
    listed = at_echo(view, leg, listed=True)
    return bool(listed) and all(q.failure is None for q in listed)


def address_proven(view: View, leg: Leg, address: str) -> bool:
    """Whether the common path drops what goes to the address over QUIC, while a helper gets through to it."""
    control = view.control_quic(leg, address)
    alive = control is not None and control.ok
    return alive and address_in_doubt(view, leg, address) and path_withholds_quic(view, leg, address)


def _by_address(leg: Leg, address: str, looks: list[QuicObservation]) -> Interference:
    tried = [q for q in looks if q.address == address]
    return Interference(
        mechanism=Mechanism.QUIC_TIMEOUT_IP, hop=leg.hop, host=leg.host, family=family_of(address), port=leg.port,
        scope=Scope.ADDRESS, k=len(tried), n=len(tried),
    )  # fmt: skip
