"""The laboratory without any rule: closed to the outside, healthy inside, quick."""

import socket
import time
from pathlib import Path

import pytest

from . import plan
from .dns_servers import ABSENT, LAME
from .eyes import ask, connect, get, handshake, hops
from .needs import PROGRAMS
from .real import RealLab, rule
from .sites import NEUTRAL, PLAIN, SITES, title

PACKAGES = Path(__file__).parents[2] / ".ci" / "packages.txt"


def test_ci_installs_what_the_laboratory_needs() -> None:
    lines = PACKAGES.read_text().splitlines()
    listed = {line for line in lines if line and not line.startswith("#")}
    assert set(PROGRAMS.values()) - {"util-linux"} <= listed  # util-linux is essential on Debian


def _interfaces() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def test_nothing_leads_out(lab: RealLab) -> None:
    assert lab.probe.see(_interfaces) == {"lo", "isp1"}
    # An address of nobody: transit says so, and there is no next hop.
    assert lab.probe.see(hops, "192.88.99.1", range(4, 5)) == [["198.18.0.6"]]
    links = lab.run_in_probe(["ls", "/sys/class/net"]).stdout.split()
    assert sorted(links) == ["isp1", "lo"]


def test_it_comes_up_and_switches_quickly(lab: RealLab) -> None:
    assert lab.began_s < 20, "about half a second without the helper, two with it, on an idle machine"
    began = time.monotonic()
    for each in PLAIN[:8]:
        lab.rule_on("dns-nxdomain", each.name)
        lab.rule_on("sni-rst", each.name)
    lab.switch([])
    assert (time.monotonic() - began) / 17 < 0.5


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"no rule kind 'sni-reset'; there are dns-drop, .*sni-rst"):
        rule("sni-reset", "s1.example")


def test_all_sites_are_healthy(lab: RealLab) -> None:
    see, trust = lab.probe.see, lab.trust()
    for site in (*NEUTRAL, *PLAIN):
        for resolver in (plan.RESOLVER, plan.PUBLIC_RESOLVER):
            assert see(ask, site.name, resolver).addresses == site.v4
            assert see(ask, f"www.{site.name}", resolver, kind="AAAA").addresses == site.v6
        for address in (*site.v4, *site.v6):
            assert see(handshake, address, site.name, trust) == "ok"
            assert title(site.name) in see(get, address, site.name).body


def test_neutral_sites_are_of_unrelated_networks(lab: RealLab) -> None:
    assert len({site.v4[0].rpartition(".")[0].rpartition(".")[0] for site in NEUTRAL}) == len(NEUTRAL) == 6
    paths = {tuple(map(tuple, lab.probe.see(hops, site.v4[0], range(1, 4)))) for site in NEUTRAL}
    assert paths == {(("198.51.100.1",), ("198.18.0.2",), ("198.18.0.6",))}


def test_names_that_are_broken_for_everybody(lab: RealLab) -> None:
    for server in (plan.RESOLVER, plan.PUBLIC_RESOLVER):
        absent = lab.probe.see(ask, ABSENT, server)
        assert (absent.rcode, absent.soa) == ("NXDOMAIN", True)
        assert lab.probe.see(ask, LAME, server).rcode == "SERVFAIL"
        assert lab.probe.see(ask, "loopback.example", server).addresses == ("127.0.0.1",)
        nodata = lab.probe.see(ask, "v4only.example", server, kind="AAAA")
        assert (nodata.rcode, nodata.addresses, nodata.soa) == ("NOERROR", (), True)


@pytest.mark.parametrize("address", [*plan.SILENT, "2001:db8:83::202"])
def test_silent_addresses(lab: RealLab, address: str) -> None:
    assert lab.probe.see(connect, address) == "timeout"
    assert lab.control.see(connect, address) == "timeout"


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("untrusted.example", "certificate:20"),
        ("wrongname.example", "certificate:62"),
        ("expired.example", "certificate:10"),
        ("plainhttp.example", "tls:TLSV1_UNRECOGNIZED_NAME"),
        ("nobody.example", "tls:TLSV1_UNRECOGNIZED_NAME"),
    ],
)
def test_certificates_that_are_broken_for_everybody(lab: RealLab, name: str, seen: str) -> None:
    address = SITES[name].v4[0] if name in SITES else "203.0.113.99"
    for place in (lab.probe, lab.control):
        assert place.see(handshake, address, name, lab.trust()) == seen


@pytest.mark.parametrize(
    ("name", "path", "probe", "control"),
    [
        ("captcha.example", "/", "503", "200"),
        ("forbidden.example", "/", "403", "200"),
        ("legal-probe.example", "/", "451", "200"),
        ("legal-all.example", "/", "451", "451"),
        ("region.example", "/", "https://region.example/region/", "200"),
        ("region.example", "/region/", "200", "200"),
        ("broken.example", "/", "https://", "https://n1.example/"),
        ("short.example", "/http/www.s1.example", "http://www.s1.example/", "http://www.s1.example/"),
        ("loop.example", "/redirect/15", "/redirect/14", "/redirect/14"),
        ("large.example", "/", "200", "200"),
    ],
)
def test_sites_that_treat_the_probe_differently(lab: RealLab, name: str, path: str, probe: str, control: str) -> None:
    for place, seen in ((lab.probe, probe), (lab.control, control)):
        page = place.see(get, SITES[name].v4[0], name, path=path, context=lab.trust())
        assert (page.header("location") or str(page.status)) == seen


def test_a_command_at_the_probe(lab: RealLab) -> None:
    done = lab.run_in_probe(["sh", "-c", "cat /etc/resolv.conf; echo $SSL_CERT_FILE $X"], {"X": "y"})
    assert done.stdout == f"nameserver {plan.RESOLVER}\n{lab.pki.trust} y\n"


def test_the_helper_runs(lab: RealLab) -> None:
    assert lab.helper_runs, "blockprobe helper did not come up in `ctl`"
    assert lab.probe.see(handshake, plan.HELPER, plan.HELPER, lab.trust()) == "ok"
    for echo in (*plan.ECHOES, *plan.ECHOES_V6):
        assert [lab.probe.see(connect, echo, port) for port in (53, 80, 443)] == ["ok"] * 3
