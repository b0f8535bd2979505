"""A measurement becomes a verdict: legs, the deciding one, and everything that goes beside the state."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from blockprobe.model.record import Attribution, Interference, Measurement, Verdict
from blockprobe.model.words import (
    AttributionBasis,
    AttributionBy,
    AttributionCause,
    LineState,
    Mechanism,
    Reason,
    SiteState,
    State,
)
from blockprobe.verdict.dns_injection import is_intercepted
from blockprobe.verdict.dns_reading import EDE_WITHHELD
from blockprobe.verdict.facts import Facts, Finding, HttpFact, LegFindings, QuicFact, SiteFact, TlsFact
from blockprobe.verdict.fingerprint import Fingerprint, FingerprintSet
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.legs import MAX_HOPS, chain_of_legs, leg_findings
from blockprobe.verdict.rules import LOOP, NOTHING, RULES_VERSION, Rule, first_match
from blockprobe.verdict.speed_facts import FREEZES, THROTTLES
from blockprobe.verdict.view import View, remembered

__all__ = ["RULES_VERSION", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLeg:
    """A leg with its findings and the rule that decides it."""

    leg: Leg
    findings: LegFindings
    rule: Rule

    @property
    def state(self) -> State:
        """The state the rule gives."""
        return self.rule.state

    def finding(self) -> Finding:
        """The finding of the layer that the rule speaks of."""
        layers = {
            "dns": self.findings.dns,
            "address": self.findings.address,
            "tls": self.findings.tls,
            "http": self.findings.http,
            "speed": self.findings.speed,
        }
        return layers.get(self.rule.layer) or Finding(fact="")

    def all(self) -> tuple[Finding, ...]:
        """All findings, in the order in which a browser meets the layers."""
        return (self.findings.dns, self.findings.address, self.findings.tls, self.findings.http, self.findings.speed)


def judge(measurement: Measurement, fingerprints: tuple[Fingerprint, ...] = ()) -> Verdict:
    """The verdict on a measurement; a pure function of its two arguments."""
    known = fingerprints if isinstance(fingerprints, FingerprintSet) else FingerprintSet(fingerprints)
    return judge_view(View(measurement, known))


def judge_view(view: View) -> Verdict:
    """`judge` for a measurement that somebody has asked about already: what was found out then need not be again."""
    chains = [[judge_leg(view, leg) for leg in chain_of_legs(view, first)] for first in view.first_legs]
    if not chains:
        return _nothing_measured(view.measurement)
    main = _main_chain(chains)
    deciding = _deciding(view, main)
    judged = [leg for chain in chains for leg in chain]
    twins = [twin for leg in judged if (twin := view.twin(leg.leg)) is not None]
    known_legs = {(leg.leg.hop, leg.leg.host, leg.leg.port) for leg in judged}
    judged += [judge_leg(view, twin) for twin in twins if (twin.hop, twin.host, twin.port) not in known_legs]
    return _verdict(view, deciding, judged)


@remembered
def judge_leg(view: View, leg: Leg) -> JudgedLeg:
    """The findings and the rule of one leg; `measure` asks this too, to see what is still unproven."""
    findings = leg_findings(view, leg)
    return JudgedLeg(leg=leg, findings=findings, rule=first_match(findings.facts))


def deciding_leg(view: View) -> JudgedLeg | None:
    """The leg whose rule the verdict would state now; None when the target has none."""
    chains = [[judge_leg(view, leg) for leg in chain_of_legs(view, first)] for first in view.first_legs]
    return _deciding(view, _main_chain(chains)) if chains else None


def main_leg(view: View) -> Leg:
    """The leg at which the deciding chain begins; raises ValueError when the target has none."""
    chains = [[judge_leg(view, leg) for leg in chain_of_legs(view, first)] for first in view.first_legs]
    if not chains:
        raise ValueError("a target without a leg")
    return _main_chain(chains)[0].leg


def _main_chain(chains: list[list[JudgedLeg]]) -> list[JudgedLeg]:
    """https decides; http only where the control has no https, or where https fails and http shows a proven block."""
    https = chains[0]
    if len(chains) == 1:
        return https
    http = chains[1]
    if _has_no_https(https[0]) and http[-1].state is not State.INCONCLUSIVE:
        return http
    fell_back = https[-1].state in (State.INCONCLUSIVE, State.DOWN)
    return http if fell_back and http[-1].state is State.BLOCKED else https


def _has_no_https(https: JudgedLeg) -> bool:
    """The control could not open https either, although the name resolves."""
    same = {"same_failure"}
    return https.findings.address.fact in same or https.findings.tls.fact in same or (
        https.findings.facts.address == "not_tried" and https.findings.facts.site is SiteFact.DOWN
    )  # fmt: skip


def _deciding(view: View, chain: list[JudgedLeg]) -> JudgedLeg:
    """The first leg that does not simply redirect on; a redirect without end is a fault of the site's own."""
    for judged in chain:
        if judged.state is State.BLOCKED or judged.findings.http.fact != HttpFact.REDIRECT:
            return judged
    last = chain[-1]
    if last.leg.hop >= MAX_HOPS and _control_loops(view, chain[0].leg):
        return replace(last, rule=LOOP)
    return last


def _control_loops(view: View, leg: Leg) -> bool:
    """A helper gave up on the redirects as well: its last hop redirects still, or it says so."""
    return any(
        control.hops and (control.hops[-1].failure is not None or (control.hops[-1].status or 0) // 100 == 3)
        for control in view.controls(leg)
    )


def _verdict(view: View, deciding: JudgedLeg, judged: list[JudgedLeg]) -> Verdict:
    rule, finding = deciding.rule, deciding.finding()
    blocked = rule.state is State.BLOCKED
    found = (one for leg in judged for one in (*leg.all(), leg.findings.quic))
    interference = _unique(i for one in found for i in one.interference)
    if is_intercepted(view):
        whole = Interference(mechanism=Mechanism.DNS_INTERCEPTED, host=deciding.leg.host, port=53)
        interference = (*interference, whole)
    mechanisms = _mechanisms(deciding, judged) if blocked else ()
    reason = finding.reason or rule.reason
    suspected = tuple(dict.fromkeys(m for found in deciding.all() for m in found.suspected))
    artefacts = tuple(dict.fromkeys(a for leg in judged for found in leg.all() for a in found.artefacts))
    return Verdict(
        state=rule.state,
        line_state=_line_state(rule, interference),
        site_state=_site_state(rule, deciding.findings.facts),
        grade=finding.grade or rule.grade if blocked else None,
        mechanisms=mechanisms,
        layer=mechanisms[0].layer if mechanisms else None,
        rule=rule.id,
        because=_because(deciding),
        reasons=(reason,) if rule.state is State.INCONCLUSIVE and reason else (),
        suspected=suspected if rule.state is State.INCONCLUSIVE else (),
        refusal=finding.refusal if rule.state is State.REFUSED else None,
        partial=blocked and rule.partial,
        via_redirect=blocked and deciding.leg.hop > 0,
        parity_gap=_parity_gap(deciding, judged, interference),
        interference=interference,
        attribution=_attribution(view, deciding, finding) if blocked else Attribution(),
        artefacts=artefacts if blocked else (),
    )


def _mechanisms(deciding: JudgedLeg, judged: list[JudgedLeg]) -> tuple[Mechanism, ...]:
    """All that deny the deciding leg, then those that deny another scheme of the same host: two may act at once."""
    found = [m for layer in deciding.all() for m in layer.mechanisms]
    for leg in judged:
        same = leg.leg.hop == deciding.leg.hop and leg.leg.host == deciding.leg.host
        if same and leg is not deciding and leg.state is State.BLOCKED:
            found += [m for layer in leg.all() for m in layer.mechanisms]
    return tuple(dict.fromkeys(found))


def _because(deciding: JudgedLeg) -> str:
    detail = deciding.finding().detail
    speed = deciding.findings.speed.detail
    return deciding.rule.because.format(
        host=deciding.leg.host,
        url=deciding.leg.url,
        detail=f" ({detail})" if detail else "",
        speed=f"; {speed}" if speed else "",
    )


def _line_state(rule: Rule, interference: tuple[Interference, ...]) -> LineState:
    if interference and rule.state is not State.INCONCLUSIVE:
        return LineState.INTERFERED
    return rule.line


def _site_state(rule: Rule, facts: Facts) -> SiteState:
    if rule.site is not None:
        return rule.site
    match facts.site:
        case SiteFact.ALIVE:
            return SiteState.ALIVE
        case SiteFact.REFUSES:
            return SiteState.REFUSES
        case SiteFact.DOWN:
            return SiteState.ALIVE if facts.tls is TlsFact.VALID else SiteState.DOWN
        case _:
            return SiteState.ALIVE if facts.tls is TlsFact.VALID else SiteState.UNKNOWN


def _parity_gap(deciding: JudgedLeg, judged: list[JudgedLeg], interference: tuple[Interference, ...]) -> bool:
    """Something is blocked and something beside it is open: a family, an address, the other scheme, QUIC."""
    if deciding.state is State.ACCESSIBLE:
        return any(i.host == deciding.leg.host and i.mechanism not in THROTTLES | FREEZES for i in interference)
    if deciding.state is not State.BLOCKED:
        return False
    if deciding.finding().gap or deciding.findings.quic.fact == QuicFact.OPEN:
        return True
    return any(leg.state is State.ACCESSIBLE and leg.leg.hop == deciding.leg.hop for leg in judged)


def _attribution(view: View, deciding: JudgedLeg, finding: Finding) -> Attribution:
    """Who and why, where an artefact says so; unknown otherwise."""
    for dns in view.looks(deciding.leg):
        if dns.group != "isp" or dns.reply is None:
            continue
        for ede in dns.reply.ede:
            if ede.code not in EDE_WITHHELD:
                continue
            known = view.fingerprints.match_ede(ede.code, ede.text)
            if known is not None:
                return Attribution(by=known.by, cause=known.cause, basis=AttributionBasis.EDE_TEXT)
            cause = AttributionCause.PARENTAL if ede.code == 17 else AttributionCause.UNKNOWN
            return Attribution(by=AttributionBy.ISP, cause=cause, basis=AttributionBasis.EDE_TEXT)
    known = next((f for f in view.fingerprints if f.id == finding.fingerprint), None) or _known_page(view, deciding.leg)
    if known is None:
        return Attribution()
    return Attribution(by=known.by, cause=known.cause, basis=AttributionBasis.FINGERPRINT)


def _known_page(view: View, leg: Leg) -> Fingerprint | None:
    """The fingerprint of a block page that was fetched in cleartext on the way."""
    ids = {
        view.notice_of(page) for page in view.http if page.why.hop == leg.hop and not page.tls and page.why.listed
    }  # fmt: skip
    return next((f for f in view.fingerprints if f.id in ids), None)


def _unique(found: Iterable[Interference]) -> tuple[Interference, ...]:
    return tuple(dict.fromkeys(found))


def _nothing_measured(measurement: Measurement) -> Verdict:
    return Verdict(
        state=NOTHING.state, line_state=NOTHING.line, site_state=SiteState.UNKNOWN, rule=NOTHING.id,
        because=NOTHING.because.format(host=measurement.target.input), reasons=(Reason.TOO_FEW_ATTEMPTS,),
    )  # fmt: skip
