"""What the line checks and the control allow to conclude at all."""

from blockprobe.model.failure import Failure
from blockprobe.verdict.facts import LineFact, SiteFact
from blockprobe.verdict.leg import Leg
from blockprobe.verdict.refusals import REFUSING
from blockprobe.verdict.tls_facts import CLOCK_TOLERANCE_S
from blockprobe.verdict.view import View


def line_fact(view: View) -> LineFact:
    """The state of the line while the target was measured."""
    line = view.line
    if line.portal:
        return LineFact.PORTAL
    if line.families and not any(works is not False for works in line.families.values()):
        off = line.clock_offset_s is not None and abs(line.clock_offset_s) > CLOCK_TOLERANCE_S
        return LineFact.CLOCK_WRONG if off else LineFact.NO_FAMILY
    checks = [check.ok for check in line.neutral if view.usable(check.family)]
    if len(checks) >= 3 and sum(checks) * 2 < len(checks):
        return LineFact.LOSSY
    return LineFact.USABLE


def site_fact(view: View, leg: Leg) -> SiteFact:
    """What helpers saw of the leg's URL; one that saw the site alive outweighs those that did not."""
    controls = view.controls(leg)
    if not controls:
        asked = [c for c in view.control_asked(leg) if c.failure is not Failure.HELPER_BAD_ANSWER]
        neutral = any(view.line.families.values()) or any(check.ok for check in view.line.neutral)
        return SiteFact.HELPER_INTERFERED if asked and neutral else SiteFact.NO_CONTROL
    hops = view.control_pages(leg) or [hop for control in controls for hop in control.hops[:1]]
    if any(hop.failure is None and (hop.status or 0) < 500 and hop.status not in REFUSING for hop in hops):
        return SiteFact.ALIVE
    if any(hop.status in REFUSING for hop in hops):
        return SiteFact.REFUSES
    if not hops and any(tls.ok for control in controls for tls in control.tls):
        return SiteFact.ALIVE
    return SiteFact.DOWN
