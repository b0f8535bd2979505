"""The ordered table: the first rule whose predicate holds decides. Ids are public; a changed meaning gets a new id.

`docs/rules.md` explains each rule in a sentence that a judge could read; a test holds the two together.
"""

from collections.abc import Callable
from dataclasses import dataclass

from blockprobe.model.words import Grade, LineState, Reason, SiteState, State
from blockprobe.verdict.facts import AddressFact as A
from blockprobe.verdict.facts import DnsFact as D
from blockprobe.verdict.facts import Facts
from blockprobe.verdict.facts import HttpFact as H
from blockprobe.verdict.facts import LineFact as L
from blockprobe.verdict.facts import SiteFact as S
from blockprobe.verdict.facts import SpeedFact as V
from blockprobe.verdict.facts import TlsFact as T

#: In every record. Raise it with any change after which some archived measurement would get another verdict: a rule
#: added, removed, moved or given another predicate, state or grade; a fact won from other evidence; a threshold. Not
#: for wording, speed or a new fingerprint (the catalogue's hash is in the record too). Then regenerate the golden
#: records (`python -m tests.goldens.regenerate`) and name in the change log what moved and why.
RULES_VERSION = 5

#: The layers of which one's finding gives a rule its mechanisms, reason and detail.
LAYERS = ("line", "dns", "address", "tls", "http", "speed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: when `holds`, the state; `layer` names the finding that speaks; `because` is the sentence.

    `because` may use {host}, {url}, {detail} (a clause in brackets, or nothing) and {speed} (a clause after a
    semicolon, or nothing). `reason` is the default where the finding has none of its own. `site` is what the rule says
    of the site; None: what the control saw.
    """

    id: str
    state: State
    line: LineState
    layer: str
    because: str
    holds: Callable[[Facts], bool]
    grade: Grade | None = None
    site: SiteState | None = None
    reason: Reason | None = None
    partial: bool = False


#: The name leads a browser to the site.
NAMED = frozenset({D.NOT_NEEDED, D.REAL})


def _blocked(id_: str, layer: str, grade: Grade, because: str, holds: Callable[[Facts], bool]) -> Rule:
    return Rule(id=id_, state=State.BLOCKED, line=LineState.INTERFERED, layer=layer, because=because, holds=holds,
                grade=grade, partial=id_.endswith(".partial"))  # fmt: skip


def _unknown(id_: str, layer: str, reason: Reason, because: str, holds: Callable[[Facts], bool]) -> Rule:
    return Rule(id=id_, state=State.INCONCLUSIVE, line=LineState.UNKNOWN, layer=layer, because=because, holds=holds,
                reason=reason)  # fmt: skip


def _down(id_: str, layer: str, because: str, holds: Callable[[Facts], bool]) -> Rule:
    return Rule(id=id_, state=State.DOWN, line=LineState.OPEN, layer=layer, because=because, holds=holds,
                site=SiteState.DOWN)  # fmt: skip


def _opens(f: Facts) -> bool:
    return f.dns in NAMED and f.address is A.OPEN


def _proves_nothing(f: Facts, line: L) -> bool:
    """The line is like that, and not even a certificate, which nobody here can forge, shows the site."""
    return f.line is line and not (_opens(f) and f.tls is T.VALID)


def _real(f: Facts) -> bool:
    """The real site answered with its page, over TLS or in cleartext."""
    return _opens(f) and f.tls in (T.VALID, T.NOT_TRIED) and f.http is H.REAL


RULES: tuple[Rule, ...] = (
    # -- a line that can prove nothing ---------------------------------------------------------------------------
    _unknown("line.portal", "line", Reason.CAPTIVE_PORTAL,
             "This line replaces cleartext pages of neutral sites too: somebody must log in here first.",
             lambda f: _proves_nothing(f, L.PORTAL)),
    _unknown("line.clock", "line", Reason.CLOCK_WRONG,
             "This machine's clock is wrong by more than a day, so that no certificate can be checked.",
             lambda f: _proves_nothing(f, L.CLOCK_WRONG)),
    _unknown("line.no_family", "line", Reason.FAMILIES_UNUSABLE,
             "Neither IPv4 nor IPv6 reaches a neutral site from here.",
             lambda f: _proves_nothing(f, L.NO_FAMILY)),
    # -- proven blocks; they win over a dead site ------------------------------------------------------------------
    _blocked("dns.lie.artefact", "dns", Grade.ARTEFACT,
             "The line's own resolver withholds {host} and what it answered settles it{detail}.",
             lambda f: f.dns is D.LIE_ARTEFACT),
    _blocked("dns.lie.counterfactual", "dns", Grade.COUNTERFACTUAL,
             "The line's own resolver answers other names, and about {host} says what is false, in every form of the "
             "question, while the zone is healthy elsewhere{detail}.",
             lambda f: f.dns is D.LIE_PROVEN),
    _blocked("dns.injection", "dns", Grade.COUNTERFACTUAL,
             "Somebody on the path answers questions about {host} that were put to others, and not those about "
             "neutral names{detail}.",
             lambda f: f.dns is D.INJECTED),
    _blocked("dns.lie.partial", "dns", Grade.COUNTERFACTUAL,
             "Some of the answers that the line's own resolvers give about {host} are proven false{detail}.",
             lambda f: f.dns is D.LIE_PARTIAL),
    _blocked("address.artefact", "address", Grade.ARTEFACT,
             "A router inside this network says that connecting to the address of {host} is prohibited{detail}.",
             lambda f: f.address is A.BLOCKED_ARTEFACT),
    _blocked("address.path", "address", Grade.COUNTERFACTUAL,
             "Packets to the address of {host} are stopped inside this network, while those to its neighbours "
             "pass{detail}.",
             lambda f: f.address is A.BLOCKED_PROVEN),
    _blocked("tls.mitm.artefact", "tls", Grade.ARTEFACT,
             "The certificate shown for {host} is that of a known filter{detail}.",
             lambda f: f.tls is T.MITM_ARTEFACT),
    _blocked("tls.mitm.counterfactual", "tls", Grade.COUNTERFACTUAL,
             "Twice an address of {host} showed a certificate that does not prove the name, while outside this "
             "network it shows a valid one{detail}.",
             lambda f: f.tls is T.MITM_PROVEN),
    _blocked("tls.name", "tls", Grade.COUNTERFACTUAL,
             "The TLS handshake fails where the name {host} is sent, even to our own server elsewhere, and works "
             "with a neutral name of the same length{detail}.",
             lambda f: f.tls is T.NAME_PROVEN),
    _blocked("tls.address_and_name", "tls", Grade.COUNTERFACTUAL,
             "The TLS handshake fails where the name {host} meets its own address, inside the path that unrelated "
             "sites share; a neutral name passes there{detail}.",
             lambda f: f.tls is T.ADDRESS_AND_NAME_PROVEN),
    _blocked("tls.name.partial", "tls", Grade.COUNTERFACTUAL,
             "Some TLS handshakes that carry the name {host} are cut off, even to our own server elsewhere; none "
             "with a neutral name are{detail}.",
             lambda f: f.tls is T.NAME_PARTIAL),
    _blocked("http.page.artefact", "http", Grade.ARTEFACT,
             "The cleartext answer for {host} is a known block page{detail}.",
             lambda f: f.http is H.PAGE_ARTEFACT and f.tls is not T.VALID),
    _blocked("http.page.counterfactual", "http", Grade.COUNTERFACTUAL,
             "The cleartext page for {host} does not come from its server but from the path to it; neutral names get "
             "none{detail}.",
             lambda f: f.http is H.PAGE_PROVEN and f.tls is not T.VALID),
    _blocked("http.name", "http", Grade.COUNTERFACTUAL,
             "Requests that name {host} fail, even at our own server elsewhere, and pass with a neutral name{detail}.",
             lambda f: f.http is H.NAME_PROVEN and f.tls is not T.VALID),
    _blocked("http.address_and_name", "http", Grade.COUNTERFACTUAL,
             "Requests fail where the name {host} meets its own address, inside the path that unrelated sites share; "
             "a neutral name passes there{detail}.",
             lambda f: f.http is H.ADDRESS_AND_NAME_PROVEN and f.tls is not T.VALID),
    _blocked("http.name.partial", "http", Grade.COUNTERFACTUAL,
             "Some requests that name {host} are cut off, even at our own server elsewhere; none with a neutral name "
             "are{detail}.",
             lambda f: f.http is H.NAME_PARTIAL and f.tls is not T.VALID),
    _unknown("speed.starved", "speed", Reason.SERVER_OR_NETWORK,
             "This network starves connections that carry the name {host}, even those to our own server elsewhere and "
             "none with a neutral name; whether that is why the page does not come is unknown{detail}.",
             lambda f: _opens(f) and f.tls in (T.VALID, T.NOT_TRIED) and f.http in (H.REAL, H.UNPROVEN)
             and f.speed is V.STARVED and f.line is L.USABLE),
    # -- the real site answered ----------------------------------------------------------------------------------
    Rule(id="open.throttled", state=State.ACCESSIBLE, line=LineState.INTERFERED, layer="speed", site=SiteState.ALIVE,
         because="{host} opened, but this network slows down connections that carry its name, even those to our own "
                 "server elsewhere{detail}.",
         holds=lambda f: _real(f) and f.speed is V.THROTTLED),
    Rule(id="open.frozen", state=State.ACCESSIBLE, line=LineState.INTERFERED, layer="speed", site=SiteState.ALIVE,
         because="{host} opened, but this network ends connections that carry its name after some bytes, even those to "
                 "our own server elsewhere{detail}.",
         holds=lambda f: _real(f) and f.speed is V.FROZEN),
    Rule(id="open.tls", state=State.ACCESSIBLE, line=LineState.OPEN, layer="http", site=SiteState.ALIVE,
         because="{host} opened over TLS with a certificate valid for the name{speed}.",
         holds=lambda f: _opens(f) and f.tls is T.VALID and f.http is H.REAL),
    Rule(id="open.cleartext", state=State.ACCESSIBLE, line=LineState.OPEN, layer="http", site=SiteState.ALIVE,
         because="{host} opened in cleartext with the page that it shows elsewhere too{speed}.",
         holds=lambda f: _opens(f) and f.tls is T.NOT_TRIED and f.http is H.REAL),
    Rule(id="refused.tls", state=State.REFUSED, line=LineState.OPEN, layer="http", site=SiteState.REFUSES,
         because="{host} itself, under a valid certificate, turns this client away{detail}.",
         holds=lambda f: _opens(f) and f.tls is T.VALID and f.http is H.REFUSED),
    Rule(id="refused.cleartext", state=State.REFUSED, line=LineState.OPEN, layer="http", site=SiteState.REFUSES,
         because="{host} turns clients away, and what it says is proven to be its own answer{detail}.",
         holds=lambda f: _opens(f) and f.tls is T.NOT_TRIED and f.http is H.REFUSED),
    # -- the same for everybody ----------------------------------------------------------------------------------
    _down("down.dns", "dns", "The name {host} does not resolve for anyone{detail}.",
          lambda f: f.dns is D.SAME_FAILURE and f.site is not S.ALIVE),
    _down("down.zone", "dns",
          "The fault is in the zone of {host}, or in an old answer still remembered, not in a rule against "
          "it{detail}.",
          lambda f: f.dns is D.STALE),
    _down("down.address", "address", "The address of {host} does not answer a helper elsewhere either{detail}.",
          lambda f: f.address is A.SAME_FAILURE and f.site in (S.DOWN, S.REFUSES)),
    _down("down.tls", "tls", "The TLS handshake of {host} fails for a helper elsewhere too{detail}.",
          lambda f: f.tls is T.SAME_FAILURE and f.site is not S.ALIVE),
    _down("down.http", "http", "The server of {host} fails for a helper elsewhere too{detail}.",
          lambda f: f.http is H.SAME_FAILURE and f.site is not S.ALIVE),
    # -- we do not know ------------------------------------------------------------------------------------------
    _unknown("unknown.lossy_line", "line", Reason.LOSSY_LINE, "Neutral sites fail from here as well.",
             lambda f: f.line is L.LOSSY),
    _unknown("unknown.clock", "tls", Reason.CLOCK_WRONG,
             "Only the dates of the certificate are wrong, and so is this machine's clock.",
             lambda f: f.tls is T.CLOCK),
    _unknown("unknown.punished", "address", Reason.FLAPPING,
             "The address of {host} worked before a filter was triggered there; its silence now tells nothing.",
             lambda f: f.address is A.PUNISHED),
    _unknown("unknown.helper", "line", Reason.HELPER_INTERFERED,
             "{host} did not open, and no helper could be reached although neutral sites work{detail}.",
             lambda f: f.site is S.HELPER_INTERFERED),
    _unknown("unknown.no_control", "line", Reason.NO_CONTROL,
             "{host} did not open as expected, and there is no control to hold that against{detail}.",
             lambda f: f.site is S.NO_CONTROL),
    _unknown("unknown.dns.silent", "dns", Reason.TOO_FEW_ATTEMPTS,
             "The line's own resolver stayed silent about {host}, and chance or a slow zone are not "
             "excluded{detail}.",
             lambda f: f.dns is D.SILENT),
    _unknown("unknown.dns", "dns", Reason.DIFFERENCE_ONLY,
             "The line's own resolver answers differently about {host} than others do; that alone proves "
             "nothing{detail}.",
             lambda f: f.dns in (D.DIFFERENCE, D.NO_CONTROL, D.UNCONFIRMED, D.SAME_FAILURE)),
    _unknown("unknown.address.lossy", "address", Reason.LOSSY_LINE,
             "Connections to {host} failed, but not often enough to exclude chance{detail}.",
             lambda f: f.address is A.LOSSY),
    _unknown("unknown.address", "address", Reason.SERVER_OR_NETWORK,
             "The address of {host} does not answer here and does elsewhere; a firewall at the far end would look "
             "the same{detail}.",
             lambda f: f.address in (A.UNPROVEN, A.NO_CONTROL, A.SAME_FAILURE, A.NOT_TRIED)),
    _unknown("unknown.tls", "tls", Reason.SERVER_OR_NETWORK,
             "The TLS handshake with {host} fails here and not elsewhere; the server could be doing that "
             "itself{detail}.",
             lambda f: f.tls in (T.UNPROVEN, T.NO_CONTROL, T.SAME_FAILURE)),
    _unknown("unknown.redirect", "http", Reason.UNEXPECTED_REDIRECT,
             "{host} redirects here to a place that it does not redirect to elsewhere{detail}.",
             lambda f: f.http is H.REDIRECT_UNEXPECTED),
    _unknown("unknown.content", "http", Reason.UNPROVEN_CONTENT,
             "A page came for {host} that differs from the one seen elsewhere, in cleartext, where anybody on the "
             "path may have written it{detail}.",
             lambda f: f.http is H.CONTENT_UNPROVEN),
    _unknown("unknown.http", "http", Reason.SERVER_OR_NETWORK,
             "{host} was reached but gave no usable page here{detail}.",
             lambda f: True),
)  # fmt: skip


#: Decided over several legs, or over none, and so not by the facts of one (`judge.py`).
LOOP = _down("down.redirects", "http", "{host} redirects without end, for a helper elsewhere too.", lambda f: False)
NOTHING = _unknown("unknown.nothing", "line", Reason.TOO_FEW_ATTEMPTS, "Nothing was measured of {host}.",
                   lambda f: False)  # fmt: skip


def first_match(facts: Facts) -> Rule:
    """The rule that decides; the last one always holds."""
    return next(rule for rule in RULES if rule.holds(facts))
