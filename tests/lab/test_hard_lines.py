"""Lines and zones that are broken in ways that look like blocking, and one liar among several resolvers."""

import resource
import time
from typing import Any

import pytest

from . import dns_servers, plan
from .eyes import ask
from .needs import ACCEPTANCE
from .real import RealLab, rule
from .runs import records, verdicts
from .sites import FORGED, PLAIN, SIGNED, SITES, STALE

FIRST, SECOND, THIRD = plan.RESOLVERS[:3]


# -- the clock of the machine is a year off -------------------------------------------------------------------------


@pytest.mark.parametrize("offset", ["+365d", "-365d"])
def test_a_clock_a_year_off(lab: RealLab, offset: str) -> None:
    under = ("faketime", "--exclude-monotonic", "-f", offset)
    found = verdicts(lab, "https://s1.example/", "https://multi.example/", "s2.example", under=under)
    assert {name: (v["state"], v["reasons"]) for name, v in found.items()} == dict.fromkeys(
        found, ("inconclusive", ["clock_wrong"])
    )


# -- zones with broken signatures, and an ISP whose resolvers validate ----------------------------------------------


@pytest.fixture(scope="module")
def validating(whole_lab: RealLab) -> RealLab:
    for address, ede in zip(plan.VALIDATORS, (False, True), strict=True):
        folder = whole_lab.folder / f"validator-{address}"
        config = dns_servers.write_validator(folder, address, whole_lab.folder / "bind", ede=ede)
        whole_lab.start_resolver(address, ["unbound", "-d", "-c", str(config)])
    return whole_lab


@pytest.mark.parametrize("resolver", plan.VALIDATORS, ids=["without a word", "with an extended error"])
def test_broken_signatures_are_the_zones_own_fault(validating: RealLab, resolver: str) -> None:
    for name in (STALE, FORGED):
        seen = validating.probe.see(ask, name, resolver)
        assert (seen.rcode, seen.ede is not None) == ("SERVFAIL", resolver == plan.VALIDATORS[1])
        assert validating.probe.see(ask, name, plan.RESOLVER).addresses == SITES[name].v4
    targets = {
        f"https://{STALE}/": "down",
        FORGED: "down",
        f"https://{SIGNED}/": "accessible",
        "s1.example": "accessible",
    }
    found = verdicts(validating, *targets, resolvers=(resolver,))
    assert {name: verdict["state"] for name, verdict in found.items()} == targets


def test_a_validator_that_lies_is_still_caught(validating: RealLab) -> None:
    """One resolver validates, the other lies about the signed zone; neither excuses the other."""
    with validating.rules(rule("dns-nxdomain", SIGNED, ede=None)):
        found = verdicts(validating, SIGNED, resolvers=(plan.VALIDATORS[0], FIRST))[SIGNED]
    assert (found["state"], found["partial"], found["mechanisms"]) == ("blocked", True, ["dns.nxdomain"])


# -- one liar among several -----------------------------------------------------------------------------------------


def test_one_of_three_resolvers_lies(lab: RealLab) -> None:
    lab.rule_on("dns-nxdomain", "s1.example", resolvers=(SECOND,), ede=None)
    found = verdicts(lab, "https://s1.example/", "https://s2.example/", resolvers=(FIRST, SECOND, THIRD))
    lied_to, spared = found["https://s1.example/"], found["https://s2.example/"]
    assert (lied_to["state"], lied_to["partial"], lied_to["mechanisms"]) == ("blocked", True, ["dns.nxdomain"])
    liars = {each["resolver"] for each in lied_to["interference"] if each["mechanism"] == "dns.nxdomain"}
    assert liars == {f"udp://{SECOND}:53"}
    assert (spared["state"], spared["interference"]) == ("accessible", [])


def test_two_of_five_answers_are_lies(lab: RealLab) -> None:
    """A site whose every answer happened to be true is open; most are not so lucky, and then the lies are a finding."""
    sites = [site.name for site in PLAIN[:6]]
    kinds = ["dns-nxdomain", "dns-garden"] * 3
    lab.switch([rule(kind, name, share=0.4, ede=None) for kind, name in zip(kinds, sites, strict=True)])
    found = verdicts(lab, *sites, "s20.example")
    spared = found.pop("s20.example")
    assert (spared["state"], spared["interference"]) == ("accessible", [])
    for name, verdict in found.items():
        if verdict["state"] == "blocked":
            assert (verdict["partial"], bool(verdict["interference"])) == (True, True), name
        else:
            assert verdict["state"] == "accessible", (name, verdict["because"])
    assert sum(bool(verdict["interference"]) for verdict in found.values()) >= len(sites) / 2


# -- resolvers that ration their answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["REFUSED", *(["drop"] if ACCEPTANCE else [])])
def test_a_rationing_resolver_blocks_nobody(lab: RealLab, action: str) -> None:
    """Thirty sites at once are far more questions than it serves; half a minute where it drops the others."""
    address = plan.RATIONING[action]
    config = dns_servers.write_rationing(lab.folder / f"rationing-{action}", address, action)
    lab.start_resolver(address, ["dnsdist", "--supervised", "--disable-syslog", "-C", str(config)])
    time.sleep(1)
    found = verdicts(lab, *(f"https://{site.name}/" for site in PLAIN[:30]), resolvers=(address,))
    assert {verdict["state"] for verdict in found.values()} <= {"accessible", "inconclusive"}
    assert any(verdict["state"] == "inconclusive" for verdict in found.values()), "the ration was never used up"


# -- and many that are well -----------------------------------------------------------------------------------------


def test_a_hundred_healthy_sites(lab: RealLab, capsys: Any) -> None:
    """One run, by three of the ISP's resolvers; none is blocked, nor even in doubt."""
    plain = [site.name for site in PLAIN[:40]]
    targets = [f"https://{name}/" for name in plain] + [f"http://www.{name}/" for name in plain] + plain[:20]
    cpu_s, began = _cpu_of_children_s(), time.monotonic()
    found = records(lab, *targets, resolvers=(FIRST, SECOND, THIRD))
    wall_s, cpu_s = time.monotonic() - began, _cpu_of_children_s() - cpu_s
    with capsys.disabled():
        print(f"\n  {len(found)} healthy sites: {wall_s:.1f} s, {cpu_s:.1f} s of CPU, start and line check included")
    assert len(found) == 100
    assert [name for name, record in found.items() if record["verdict"]["state"] != "accessible"] == []
    assert [name for name, record in found.items() if record["verdict"]["interference"]] == []


def _cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
