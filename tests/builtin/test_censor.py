import ssl
import time
from itertools import pairwise

import pytest
from lab_client import all_answers, ask, fetch, hops, trusting, unanswered

from blockprobe.lab import addresses as at
from blockprobe.lab import pages
from blockprobe.lab.censor import (
    Action,
    Delay,
    Dnat,
    DnsInject,
    Drop,
    Host,
    IcmpReject,
    Loss,
    Match,
    Mtu,
    Outage,
    Rate,
    Residual,
    Rst,
    Sni,
    dns_intercept,
)
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Page, place, says, site

NAME, OTHER = "listed.example", "roommate.example"
SITES = (site(NAME, 10), site(OTHER, 10), site("elsewhere.example", 11))
SNI_WORDS = {
    Action.RESET: "tls reset",
    Action.DROP: "tls timeout",
    Action.FIN: "tls eof",
    Action.ALERT: "tls tlsv1_alert_access_denied",
}
HOST_WORDS = {Action.RESET: "http reset", Action.DROP: "http timeout", Action.FIN: "http eof", Action.RESPOND: "451"}


def _load(lab, *rules, **more):
    lab.load(Scenario(**({"name": "rules", "story": "", "sites": SITES, "rules": rules} | more)))


def _get(lab, name=NAME, number=10, *, family=0, timeout=1.0, **more):
    """The word; a timeout shorter than that is only for what must be silent already as it is connected to."""
    return fetch(lab, name, place(number)[family], timeout=timeout, **more)[0]


@pytest.mark.parametrize("family", [0, 1])
@pytest.mark.parametrize("in_path", [True, False])
@pytest.mark.parametrize("action", SNI_WORDS)
def test_sni(lab, action, in_path, family):
    _load(lab, Sni(names=(NAME,), action=action, in_path=in_path))
    assert _get(lab, family=family) == SNI_WORDS[action]
    assert _get(lab, f"www.{NAME}", family=family) == SNI_WORDS[action]
    assert _get(lab, OTHER, family=family) == "200"
    assert _get(lab, tls=False, family=family) == "200"


@pytest.mark.parametrize("family", [0, 1])
@pytest.mark.parametrize("in_path", [True, False])
@pytest.mark.parametrize("action", HOST_WORDS)
def test_host(lab, action, in_path, family):
    page = pages.response(451, pages.unavailable_for_legal_reasons())
    _load(lab, Host(names=(NAME,), action=action, in_path=in_path, response=page))
    assert _get(lab, tls=False, family=family) == HOST_WORDS[action]
    assert _get(lab, OTHER, tls=False, family=family) == "200"
    assert _get(lab, family=family) == "200"


def test_a_filter_on_address_and_name(lab):
    _load(lab, Sni(names=(NAME,), match=Match(addresses=place(10), ports=(443,))))
    assert _get(lab) == "tls reset"
    assert _get(lab, NAME, 11) == "tls cert 62"  # the name passes elsewhere
    assert _get(lab, OTHER) == "200"


@pytest.mark.parametrize(("reassemble", "expected"), [(True, "tls reset"), (False, "200")])
def test_a_long_hello_in_two_segments(lab, reassemble, expected):
    _load(lab, Sni(names=(NAME,), reassemble=reassemble))
    context = ssl.create_default_context(cafile=str(lab.directory / "ca.pem"))
    context.set_alpn_protocols(["x" * 200 + str(n) for n in range(10)] + ["http/1.1"])
    assert _get(lab, context=context) == expected
    assert _get(lab, context=trusting(str(lab.directory / "ca.pem"))) == "tls reset"


@pytest.mark.parametrize(("action", "word"), [("drop", "connect timeout"), ("reset", "connect refused")])
def test_residual_punishment_passes(lab, action, word):
    _load(lab, Sni(names=(NAME,), residual=Residual(seconds=1.5, action=action)))
    assert _get(lab, OTHER) == "200"
    assert _get(lab) == "tls reset"
    assert _get(lab, OTHER, timeout=0.6) == word
    assert _get(lab, "elsewhere.example", 11) == "200"
    assert _get(lab, OTHER, tls=False) == "200"
    ends = time.monotonic() + 20.0  # a busy machine sends a late packet, and that is punished for a while again
    while (seen := _get(lab, OTHER, timeout=0.5)) == word and time.monotonic() < ends:
        time.sleep(1.6)
    assert seen == "200"


@pytest.mark.parametrize("family", [0, 1])
def test_addresses(lab, family):
    where = Match(addresses=(place(10)[family],))
    _load(lab, Drop(match=where))
    assert _get(lab, family=family, timeout=0.2) == "connect timeout"
    assert _get(lab, family=1 - family) == "200"
    _load(lab, Rst(match=where, syn_only=True))
    assert _get(lab, family=family) == "connect refused"
    _load(lab, IcmpReject(match=where))
    assert _get(lab, family=family) == ("connect host unreachable", "connect prohibited")[family]
    assert _get(lab, "elsewhere.example", 11, family=family) == "200"


def test_a_reset_comes_from_the_censors_place(lab):
    _load(lab, Rst(match=Match(addresses=place(10)), syn_only=True))
    assert hops(place(10)[0]) == ["198.51.100.1", "refused"]
    _load(lab, Drop(match=Match(addresses=place(10)), at="origin"))
    seen = hops(place(10)[0], most=4)
    assert seen == ["198.51.100.1", "198.18.0.2", "198.18.0.6", "timeout"]


def test_a_prefix_by_family_and_source(lab):
    _load(lab, Drop(match=Match(addresses=("100.74.10.0/24",), sources=at.PROBE_NETS)))
    assert _get(lab, timeout=0.2) == "connect timeout"
    _load(lab, Drop(match=Match(addresses=("100.74.10.0/24",), sources=at.HELPER_NETS)))
    assert _get(lab) == "200"
    _load(lab, Drop(match=Match(family=6)))
    assert (_get(lab), _get(lab, family=1, timeout=0.2)) == ("200", "connect timeout")


def test_dns_injection_loses_nothing_and_comes_first(lab):
    _load(lab, DnsInject(names=(NAME,), answers=(at.BLOCK_PAGE,), at="access"))
    for resolver in (at.RESOLVERS[0], at.PUBLIC_RESOLVER):
        first, second = (m.answer[0][0].to_text() for m in all_answers(resolver, NAME))
        assert (first, second) == (at.BLOCK_PAGE, place(10)[0])
    assert [m.answer[0][0].to_text() for m in all_answers(at.SILENT[0], NAME)] == [at.BLOCK_PAGE]
    assert ask(at.RESOLVERS[0], NAME, tcp=True)[1] == [place(10)[0]]
    _load(lab, DnsInject(names=(NAME,), rcode=3, at="access"))
    assert [m.rcode() for m in all_answers(at.PUBLIC_RESOLVER, NAME)] == [3, 0]


@pytest.mark.parametrize("names", [(), (NAME,)])
def test_dns_interception(lab, names):
    _load(lab, dns_intercept(at.RESOLVERS[0], at.RESOLVER_V6, names=names))
    for nobody in (at.SILENT[0], "2001:db8:8001::99"):
        assert ask(nobody, NAME)[1] == [place(10)[0]]
        elsewhere = ask(nobody, "elsewhere.example", timeout=0.2 if names else 1.0)[1]
        assert elsewhere == ([] if names else [place(11)[0]])


def test_redirection_to_another_host(lab):
    where = Match(addresses=place(10), protocol="tcp", ports=(443,))
    _load(lab, Dnat(to_v4=at.MITM, to_v6=at.MITM_V6, match=where))
    assert [_get(lab, family=family) for family in (0, 1)] == ["tls cert 20"] * 2
    assert _get(lab, tls=False) == "200"
    _load(lab, Dnat(to_v4=at.PROXY, to_v6=at.PROXY_V6, match=Match(protocol="tcp", ports=(80,))))
    assert [_get(lab, tls=False, family=family) for family in (0, 1)] == ["200"] * 2


def test_a_path_mtu_black_hole(lab):
    _load(lab, Mtu(size=1000, match=Match(addresses=place(10))), sites=(site(NAME, 10, says(Page(size=9000))),))
    assert _get(lab, tls=False) == "http timeout"
    assert _get(lab, tls=False, path="/", number=11)[0] == "4"


def test_loss_is_as_ordered_both_ways(lab):
    _load(lab, Loss(rate=0.1, seed=1), delay_ms=0)
    assert 30 <= sum(unanswered(at.PUBLIC_RESOLVER, NAME, 300)) <= 90  # 19 % of 300 expected


def test_bursts_lose_as_many_but_together(lab):
    _load(lab, Loss(rate=0.1, burst=5, seed=1), delay_ms=0)
    fates = unanswered(at.PUBLIC_RESOLVER, NAME, 300)
    pairs = sum(a and b for a, b in pairwise(fates))
    assert 15 <= sum(fates) <= 140  # 57 of 300 expected; of bursts of five the standard deviation is about 20
    assert pairs >= sum(fates) / 3


def test_delay_outage_and_rate(lab):
    _load(lab, Delay(ms=20), delay_ms=0)
    began = time.monotonic()
    ask(at.RESOLVERS[0], NAME)
    assert 0.04 <= time.monotonic() - began < 0.4
    _load(lab, Outage(start_s=0, duration_s=0.4))
    assert ask(at.PUBLIC_RESOLVER, NAME, timeout=0.1)[0] == "silence"
    time.sleep(0.35)
    assert ask(at.PUBLIC_RESOLVER, NAME)[0] == "NOERROR"
    _load(lab, Rate(kbit=800), sites=(site(NAME, 10, says(Page(size=50_000))),))
    began = time.monotonic()
    assert _get(lab, tls=False, timeout=5) == "200"
    assert 0.4 <= time.monotonic() - began < 4.0
