import os
import socket
import sys
import time
from collections import Counter

import pytest
from lab_client import ask, fetch, hops

from blockprobe.lab import addresses as at
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import place, site
from blockprobe.lab.topology import Unroute

PLAIN = Scenario(name="plain", story="a healthy site", sites=(site("fine.example", 10),))


def test_a_healthy_site_opens_over_both_families_and_schemes(lab):
    lab.load(PLAIN)
    for address in place(10):
        assert fetch(lab, "fine.example", address)[0] == "200"
        assert fetch(lab, "fine.example", address, tls=False)[0] == "200"


def test_three_routers_answer_for_every_network(lab):
    lab.load(PLAIN)
    assert hops(place(10)[0]) == ["198.51.100.1", "198.18.0.2", "198.18.0.6", "connected"]
    v6 = ["2001:db8:10::1", "2001:db8:f0:1::2", "2001:db8:f0:2::2", "connected"]
    assert hops(place(10)[1]) == v6
    assert hops(at.HELPER, 80)[:3] == ["198.51.100.1", "198.18.0.2", "198.18.0.6"]


def test_routers_answer_a_hundred_probes_in_a_second(lab):
    lab.load(PLAIN)
    assert Counter(str(hops(place(10)[0], most=1)) for _ in range(100)) == {"['198.51.100.1']": 100}


def test_unroutes_give_the_kernels_errors(lab):
    kinds = ("blackhole", "prohibit", "unreachable")
    unroutes = tuple(Unroute(prefix=a, kind=kind) for n, kind in enumerate(kinds) for a in place(20 + n))
    lab.load(Scenario(name="unrouted", story="", unroutes=unroutes))
    assert hops(place(20)[0], most=3) == ["198.51.100.1", "timeout", "timeout"]
    assert fetch(lab, "x", place(21)[0])[0] == "connect host unreachable"
    assert fetch(lab, "x", place(21)[1])[0] == "connect prohibited"
    assert fetch(lab, "x", place(22)[0])[0] == "connect host unreachable"
    assert fetch(lab, "x", place(22)[1])[0] in ("connect host unreachable", "connect net unreachable")
    lab.load(PLAIN)
    assert fetch(lab, "x", place(20)[0], tls=False)[0] == "404"


def test_silent_addresses_are_silent_and_others_refuse_dns(lab):
    lab.load(PLAIN)
    assert [ask(address, "n1.example", timeout=0.15)[0] for address in at.SILENT] == ["silence"] * 4
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(1)
        connection.connect(("203.0.113.9", 53))
        connection.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            connection.recv(512)


def test_there_is_no_way_out(lab):
    lab.load(PLAIN)
    with socket.socket() as probe:
        probe.settimeout(3)
        with pytest.raises(OSError, match=r"unreachable|No route"):
            probe.connect(("192.88.99.1", 80))


def test_it_is_up_and_down_again_quickly():
    began = time.monotonic()
    with Lab() as lab:
        up = time.monotonic() - began
        lab.load(PLAIN)
        began = time.monotonic()
        lab.load(PLAIN)
        again = time.monotonic() - began
        run = lab.run_in_probe([sys.executable, "-c", "import socket; print(socket.gethostname())"])
        assert run.returncode == 0
    assert up < 1.5  # 0.2 s on an idle machine
    assert again < 0.2  # 2 ms


def test_nothing_is_left_behind():
    lab = Lab().__enter__()
    child = lab._builder[0]
    directory = lab.directory
    lab.close()
    lab.close()
    assert not directory.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
