"""What becomes of handshakes with the real name at the site's own addresses."""

import re
from dataclasses import replace

from blockprobe.model.addresses import family_of
from blockprobe.model.control import ControlTls
from blockprobe.model.failure import CERTIFICATE_FAILURES, Failure
from blockprobe.model.observation import Certificate, Place, Test, TlsObservation
from blockprobe.model.record import Interference
from blockprobe.model.words import Grade, Mechanism, Reason, Scope
from blockprobe.verdict.address_facts import judged_addresses
from blockprobe.verdict.exchange import Exchange, fails
from blockprobe.verdict.facts import Finding, TlsFact
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.name_square import NameScope, Square, square
from blockprobe.verdict.view import LOOKS, View

#: A clock further off than this (seconds) makes certificate dates meaningless.
CLOCK_TOLERANCE_S = 86_400.0

MECHANISMS = {
    Failure.CONNECTION_RESET: Mechanism.TLS_RESET_SNI,
    Failure.CONNECTION_ABORTED: Mechanism.TLS_RESET_SNI,
    Failure.GENERIC_TIMEOUT_ERROR: Mechanism.TLS_TIMEOUT_SNI,
    Failure.EOF_ERROR: Mechanism.TLS_EOF_SNI,
    Failure.SSL_FAILED_HANDSHAKE: Mechanism.TLS_ALERT_SNI,
}

_SCOPES = {
    NameScope.NAME: (TlsFact.NAME_PROVEN, Scope.NAME),
    NameScope.NAME_PARTIAL: (TlsFact.NAME_PARTIAL, Scope.NAME),
    NameScope.ADDRESS_AND_NAME: (TlsFact.ADDRESS_AND_NAME_PROVEN, Scope.ADDRESS_AND_NAME),
    NameScope.NAME_HERE: (TlsFact.ADDRESS_AND_NAME_PROVEN, None),
}


def tls_finding(view: View, leg: Leg) -> Finding:
    """The fact of the TLS layer for the leg; http legs have none."""
    if not leg.tls:
        return Finding(fact=TlsFact.NOT_TRIED)
    addresses = judged_addresses(view, leg)
    looks = [tls for tls in handshakes(view, leg) if tls.address in addresses]
    if not looks:
        return _at_echo_alone(view, leg)
    by_address = {a: [t for t in looks if t.address == a] for a in dict.fromkeys(t.address for t in looks)}
    shape = square(view, leg, _exchanges(view, leg))
    named = _named(leg, by_address, shape)
    opened = any(t.valid for t in looks if view.usable(family_of(t.address)))
    if opened and named and shape.scope is NameScope.NAME_PARTIAL:
        return _found(TlsFact.NAME_PARTIAL, named)
    if opened:
        return Finding(fact=TlsFact.VALID, interference=named if shape.scope is not NameScope.UNPROVEN else ())
    if named and shape.scope is not NameScope.UNPROVEN:
        return _with_large_hello(view, leg, _found(_SCOPES[shape.scope][0], named))
    return _without_square(view, leg, by_address)


def _with_large_hello(view: View, leg: Leg, found: Finding) -> Finding:
    """Whether a ClientHello in two segments passes: some filters do not put segments together, and browsers differ."""
    large = [t for t in view.tls if t.why.test is Test.LARGE_HELLO and t.why.hop == leg.hop and t.port == leg.port]
    passed = [t for t in large if not fails(t)]
    if not passed:
        return found
    return replace(found, gap=True, detail=f"a ClientHello of {passed[0].hello_bytes} bytes passes")


def _at_echo_alone(view: View, leg: Leg) -> Finding:
    """The origin could not be spoken to at all; the name may be filtered nonetheless."""
    shape = square(view, leg, _exchanges(view, leg))
    if shape.scope not in (NameScope.NAME, NameScope.NAME_PARTIAL) or shape.failure is None:
        return Finding(fact=TlsFact.NOT_TRIED)
    mechanism = MECHANISMS.get(shape.failure, Mechanism.TLS_RESET_SNI)
    found = Interference(mechanism=mechanism, hop=leg.hop, host=leg.host, port=leg.port, scope=Scope.NAME, k=shape.k,
                         n=shape.n)  # fmt: skip
    return _found(_SCOPES[shape.scope][0], (found,))


def handshakes(view: View, leg: Leg) -> list[TlsObservation]:
    """Handshakes with the leg's own name, as a browser would make them."""
    return [
        t
        for t in view.tls
        if t.why.hop == leg.hop and t.why.test in LOOKS and t.why.place is Place.ORIGIN and t.port == leg.port
    ]


def _exchanges(view: View, leg: Leg) -> list[Exchange]:
    return [t for t in view.tls if t.why.hop == leg.hop and (t.port == leg.port or t.why.place is Place.ECHO)]


def _named(leg: Leg, by_address: dict[str, list[TlsObservation]], shape: Square) -> tuple[Interference, ...]:
    """Interference that follows the name, one entry a family in which it was met."""
    if shape.scope is NameScope.UNPROVEN or shape.failure is None:
        return ()
    mechanism = MECHANISMS.get(shape.failure, Mechanism.TLS_RESET_SNI)
    families = {family_of(a) for a, looks in by_address.items() if any(fails(t) for t in looks)}
    return tuple(
        Interference(mechanism=mechanism, hop=leg.hop, host=leg.host, family=family, port=leg.port,
                     scope=_SCOPES[shape.scope][1], k=shape.k, n=shape.n)
        for family in sorted(f for f in families if f is not None)
    )  # fmt: skip


def _found(fact: TlsFact, interference: tuple[Interference, ...]) -> Finding:
    return Finding(
        fact=fact,
        mechanisms=tuple(dict.fromkeys(i.mechanism for i in interference)),
        interference=interference,
        grade=Grade.COUNTERFACTUAL,
    )


def _without_square(view: View, leg: Leg, by_address: dict[str, list[TlsObservation]]) -> Finding:
    """No name filter is proven: a swapped certificate, the same fault for the control, or an open question."""
    swapped = {a: looks for a, looks in by_address.items() if _is_swapped(view, leg, a, looks)}
    if swapped and all(a in swapped or not view.usable(family_of(a)) for a in by_address):
        return _swapped(view, leg, swapped)
    if any(_only_dates(t) for looks in by_address.values() for t in looks) and _clock_is_off(view):
        return Finding(fact=TlsFact.CLOCK, reason=Reason.CLOCK_WRONG)
    controls = {a: view.control_tls(leg, a) for a in by_address}
    last = next(iter(by_address.values()))[-1]
    suspected = (_suspicion(last),)
    detail = f"{last.address}: {last.failure}"
    if controls and all(c is not None and not c.ok for c in controls.values()):
        return Finding(fact=TlsFact.SAME_FAILURE, detail=detail)
    page = view.control_page(leg)
    if page is not None and page.failure is not None and not any(c is not None and c.ok for c in controls.values()):
        return Finding(fact=TlsFact.SAME_FAILURE, detail=detail)
    if page is None and all(c is None for c in controls.values()):
        return Finding(fact=TlsFact.NO_CONTROL, reason=Reason.NO_CONTROL, suspected=suspected, detail=detail)
    silent = all(t.failure is Failure.GENERIC_TIMEOUT_ERROR for looks in by_address.values() for t in looks)
    few = max(len(looks) for looks in by_address.values()) < (3 if silent else 2)
    reason = Reason.TOO_FEW_ATTEMPTS if few else Reason.SERVER_OR_NETWORK
    return Finding(fact=TlsFact.UNPROVEN, reason=reason, suspected=suspected, detail=detail)


def _suspicion(tls: TlsObservation) -> Mechanism:
    if tls.failure in CERTIFICATE_FAILURES:
        return Mechanism.TLS_MITM
    return MECHANISMS.get(tls.failure or Failure.UNKNOWN_FAILURE, Mechanism.TLS_RESET_SNI)


def _is_swapped(view: View, leg: Leg, address: str, looks: list[TlsObservation]) -> bool:
    """Twice a chain that does not prove the name, where every helper that tried got one that does, and another leaf.

    The same leaf, key or issuing organisation on both sides means that our own trust store or clock is at fault;
    wrong dates alone prove nothing. A helper that does not tell the leaf (OONI's) leaves the wrong name as proof: a
    chain that is merely unknown may be one that the server sends incomplete and the helper completes.
    """
    bad = [t for t in looks if t.failure in CERTIFICATE_FAILURES and t.chain]
    if len(bad) < 2 or any(t.valid for t in looks) or all(_only_dates(t) for t in bad):
        return False
    theirs = view.control_handshakes(leg, address)
    if not theirs or not all(tls.ok for tls in theirs):
        return False
    return not any(_may_be_the_sites(t.chain[0], t.failure, control) for t in bad for control in theirs)


def _may_be_the_sites(leaf: Certificate, failure: Failure | None, control: ControlTls) -> bool:
    if control.leaf_sha256 is None:
        return failure is not Failure.SSL_INVALID_HOSTNAME
    if leaf.sha256 == control.leaf_sha256 or (control.spki_sha256 and leaf.spki_sha256 == control.spki_sha256):
        return True
    return failure is not Failure.SSL_INVALID_HOSTNAME and _same_issuer(leaf.issuer, control.issuer or "")


def _same_issuer(one: str, other: str) -> bool:
    """Whether both name the same certificate authority: its organisation, or where there is none, the whole name."""
    organisation = re.compile(r"(?:^|[,/+])\s*(?:O|organizationName)\s*=\s*([^,/+]+)", re.IGNORECASE)
    ours, theirs = organisation.search(one), organisation.search(other)
    if ours and theirs:
        return ours[1].strip().lower() == theirs[1].strip().lower()
    return bool(one) and one == other


def _swapped(view: View, leg: Leg, swapped: dict[str, list[TlsObservation]]) -> Finding:
    leaves = [t.chain[0] for looks in swapped.values() for t in looks if t.chain]
    known = next((f for leaf in leaves if (f := view.fingerprints.match_issuer(leaf.issuer)) is not None), None)
    found = tuple(
        Interference(mechanism=Mechanism.TLS_MITM, hop=leg.hop, host=leg.host, family=family_of(a), port=leg.port,
                     k=len(looks), n=len(looks))
        for a, looks in swapped.items()
    )  # fmt: skip
    return Finding(
        fact=TlsFact.MITM_ARTEFACT if known else TlsFact.MITM_PROVEN,
        mechanisms=(Mechanism.TLS_MITM,),
        interference=found,
        grade=Grade.ARTEFACT if known else Grade.COUNTERFACTUAL,
        artefacts=(f"certificate of {known.title}",) if known else tuple({f"issuer {c.issuer}": None for c in leaves}),
        fingerprint=known.id if known else None,
        detail=f"the certificate shown was issued by {leaves[0].issuer}",
    )


def _only_dates(tls: TlsObservation) -> bool:
    detail = (tls.detail or "").lower()
    return tls.failure is Failure.SSL_INVALID_CERTIFICATE and ("expired" in detail or "not yet valid" in detail)


def _clock_is_off(view: View) -> bool:
    return view.line.clock_offset_s is not None and abs(view.line.clock_offset_s) > CLOCK_TOLERANCE_S
