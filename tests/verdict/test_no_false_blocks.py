"""The worst fault there is: a site that is healthy, or broken by its own doing, called blocked. Here somebody tries."""

from dataclasses import replace
from typing import Any

import pytest

from blockprobe.model.failure import Failure
from blockprobe.model.line import SharedBody, SilentListed
from blockprobe.model.observation import Observation, PathReply, Place, ResolverGroup, Test
from blockprobe.model.record import Verdict
from blockprobe.model.words import Mechanism, Reason, Refusal, SiteState, State
from tests.verdict import build as b


def around(answer: Any) -> list[Observation]:
    return [*b.asked_often(answer), b.neutral_name(), b.beside(), b.below(b.reply(rcode="NXDOMAIN",
            authority=[b.soa()]))]  # fmt: skip


def true_site() -> list[Observation]:
    return [b.doh(b.reply(b.SITE)), *b.opens_https()]


def is_inconclusive(verdict: Verdict, *reasons: Reason) -> None:
    assert verdict.state is State.INCONCLUSIVE, (verdict.state, verdict.rule, verdict.because)
    assert verdict.reasons
    assert not reasons or verdict.reasons == reasons
    assert not verdict.mechanisms
    assert verdict.grade is None


# -- names ---------------------------------------------------------------------------------------------------------


def test_a_stale_nxdomain_with_the_zones_own_soa_is_the_caches_fault() -> None:
    verdict = b.judged(around(b.reply(rcode="NXDOMAIN", authority=[b.soa()])), true_site(),
                       control=[b.healthy_helper()])  # fmt: skip

    assert (verdict.state, verdict.rule) == (State.DOWN, "down.zone")


def test_a_stale_nxdomain_from_the_zones_former_servers_is_no_lie() -> None:
    old = b.reply(rcode="NXDOMAIN", authority=[b.soa(primary="ns1.former-hoster.example.")])

    is_inconclusive(b.judged(around(old), true_site(), control=[b.healthy_helper()]), Reason.DIFFERENCE_ONLY)


def test_a_zone_with_broken_dnssec_is_down_even_where_the_helper_does_not_validate() -> None:
    servfail, unsigned = b.reply(rcode="SERVFAIL"), b.reply(b.SITE)
    asked = [b.ask(unsigned, test=o.why.test) if o.cd else o for o in b.asked_often(servfail)]
    with_cd = b.judged(asked, b.neutral_name(), b.below(b.reply(rcode="NXDOMAIN")), b.opens_https(),
                       control=[b.healthy_helper()])  # fmt: skip
    elsewhere_too = b.judged(around(servfail), b.doh(servfail), b.opens_https(), control=[b.healthy_helper()])

    for verdict in (with_cd, elsewhere_too):
        assert (verdict.state, verdict.rule) == (State.DOWN, "down.zone")


def test_a_resolver_that_cannot_reach_the_zone_fails_at_once_and_is_no_liar() -> None:
    """Resolvers remember dead servers, and servers that refuse a resolver do so within a round trip."""
    servfail = b.reply(rcode="SERVFAIL")
    verdict = b.judged(b.asked_often(servfail), b.neutral_name(), b.beside(), b.below(servfail), true_site(),
                       control=[b.healthy_helper()])  # fmt: skip

    is_inconclusive(verdict, Reason.DIFFERENCE_ONLY)
    assert verdict.suspected == (Mechanism.DNS_SERVFAIL,)


def test_one_false_answer_among_good_ones_is_chance() -> None:
    asked = [b.ask(b.reply(b.BOGON)), *(b.ask(b.reply(b.SITE), test=Test.REPEAT) for _ in range(2))]

    assert b.judged(asked, b.opens_https(), control=[b.healthy_helper()]).state is State.ACCESSIBLE


def test_one_reply_that_bears_two_marks_was_still_met_only_once() -> None:
    asked = [b.ask(b.reply(b.BOGON, ede=(16,))), *(b.ask(b.reply(b.SITE), test=Test.REPEAT) for _ in range(2))]

    assert b.judged(asked, b.opens_https(), control=[b.healthy_helper()]).state is State.ACCESSIBLE


def test_a_zone_that_holds_a_bogon_for_everybody_is_down() -> None:
    verdict = b.judged(around(b.reply("127.0.0.1")), control=[b.helper("127.0.0.1", body=None)])

    assert verdict.state is State.DOWN


def test_an_inner_name_that_only_this_network_knows_is_not_blocked() -> None:
    verdict = b.judged(around(b.reply("10.1.2.3")), control=[b.helper(rcode="NXDOMAIN", body=None)])

    assert verdict.state is not State.BLOCKED


def test_a_home_router_that_answers_everything_with_itself_blocks_nothing() -> None:
    asked = [*b.asked_often(b.reply("192.168.1.1")), b.neutral_name(answer="192.168.1.1")]

    is_inconclusive(b.judged(asked, true_site(), control=[b.healthy_helper()]))


def test_a_content_network_in_another_place_is_genuine_over_https() -> None:
    verdict = b.judged(b.resolves(b.CDN), b.opens_https(b.CDN), control=[b.healthy_helper()])

    assert verdict.state is State.ACCESSIBLE


def test_a_content_network_in_another_place_is_genuine_in_cleartext() -> None:
    verdict = b.judged(b.resolves(b.CDN), b.opens_http(b.CDN), url=b.CLEAR_URL,
                       control=[b.helper(b.SITE, url=b.CLEAR_URL)])  # fmt: skip

    assert (verdict.state, verdict.rule) == (State.ACCESSIBLE, "open.cleartext")


def test_a_content_networks_broken_place_is_not_a_block() -> None:
    """A place with an expired certificate for the very name, seen by the helper alike."""
    expired = {"shown": b.leaf("old"), "detail": "certificate has expired"}
    looks = [b.shake(b.CDN, Failure.SSL_INVALID_CERTIFICATE, test=t, **expired)  # type: ignore[arg-type]
             for t in (Test.LOOK, Test.REPEAT)]  # fmt: skip
    helper = b.healthy_helper(tls={b.SITE: "site", b.CDN: None})
    verdict = b.judged(around(b.reply(b.CDN)), b.connect(b.CDN), looks, b.shake(test=Test.PROOF), control=[helper])

    assert verdict.state is not State.BLOCKED


def test_a_content_networks_failing_server_without_tls_is_not_a_block() -> None:
    found = [b.connect(b.CDN, b.REFUSED), b.connect(b.CDN, port=80), b.get(b.OTHER, 503, address=b.CDN)]
    verdict = b.judged(around(b.reply(b.CDN)), found, b.shake(test=Test.PROOF), url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    assert verdict.state is not State.BLOCKED


def test_an_address_that_nothing_proves_false_is_not_replaced_by_one_that_opens() -> None:
    """The user goes where the resolver says; that the site opens elsewhere neither blocks nor opens it."""
    verdict = b.judged(around(b.reply(b.CDN)), b.fails_to_connect(b.CDN), b.line_is_up(), true_site(),
                       control=[b.healthy_helper(tcp={b.SITE: True, b.CDN: True})])  # fmt: skip

    is_inconclusive(verdict)


def test_a_resolver_that_refuses_tcp_lies_about_nothing() -> None:
    plain = [b.ask(b.reply(b.CDN), test=t) for t in (Test.LOOK, Test.REPEAT)]
    tcp = [b.ask(b.reply(rcode="REFUSED"), test=Test.FORM_TCP, url=f"tcp://{b.OWN}:53") for _ in range(2)]
    verdict = b.judged(plain, tcp, b.neutral_name(), b.opens_http(b.CDN), url=b.CLEAR_URL,
                       control=[b.helper(b.SITE, url=b.CLEAR_URL)])  # fmt: skip

    assert verdict.state is State.ACCESSIBLE


def test_a_home_router_that_intercepts_all_dns_injects_nothing() -> None:
    silent: dict[str, Any] = {"test": Test.SILENT, "place": Place.SILENT, "url": f"udp://{b.SILENT}:53",
                              "group": ResolverGroup.SILENT}  # fmt: skip
    lost = b.ask(None, qname=b.NEUTRAL, listed=False, **silent)  # the neutral question was lost on the way
    verdict = b.judged(b.resolves(), b.ask(b.reply(b.SITE), **silent), lost, b.opens_https(),
                       control=[b.healthy_helper()], on=b.line(intercepted=True))  # fmt: skip

    assert verdict.state is State.ACCESSIBLE
    assert {i.mechanism for i in verdict.interference} == {Mechanism.DNS_INTERCEPTED}


def test_a_slow_resolver_that_answers_each_datagram_is_no_injector() -> None:
    """The first datagram ran into a timeout of the resolver's own, the second found the answer in its cache."""
    asked = [b.ask(b.reply(rcode="SERVFAIL"), extra=[b.reply(b.SITE)], packets=2, test=t)
             for t in (Test.LOOK, Test.REPEAT)]  # fmt: skip
    verdict = b.judged(asked, true_site(), control=[b.healthy_helper()])

    is_inconclusive(verdict)


def test_a_doubled_datagram_to_a_content_network_is_no_injection() -> None:
    asked = [b.ask(b.reply(b.CDN), extra=[b.reply(b.SITE)], test=t) for t in (Test.LOOK, Test.REPEAT)]
    verdict = b.judged(asked, b.opens_http(b.CDN), url=b.CLEAR_URL, control=[b.helper(b.SITE, url=b.CLEAR_URL)])

    assert verdict.state is State.ACCESSIBLE


def test_an_echo_that_will_not_answer_is_no_forgery() -> None:
    echo: dict[str, Any] = {"test": Test.ECHO, "place": Place.ECHO, "url": f"udp://{b.ECHO}:53",
                            "group": ResolverGroup.ECHO}  # fmt: skip
    asked = [b.ask(b.reply(), qname=b.NEUTRAL, listed=False, authentic=True, **echo),
             b.ask(b.reply(rcode="REFUSED"), authentic=False, **echo)]  # fmt: skip
    stale = b.asked_often(b.reply(rcode="NXDOMAIN", authority=[b.soa()]))

    assert b.judged(stale, asked, true_site(), control=[b.healthy_helper()]).state is State.DOWN


# -- addresses -----------------------------------------------------------------------------------------------------


def traced(mine: Any, theirs: Any = b.EXPIRED, *, where: str = b.NEAR, rounds: int = 2) -> list[Observation]:
    one = [b.trace(b.SITE, b.EXPIRED, mine), b.trace(where, b.EXPIRED, theirs, place=Place.NEIGHBOUR)]
    return [b.neighbour(where), b.line_is_up(), *one * rounds]


def test_the_origins_own_firewall_is_server_or_network() -> None:
    verdict = b.judged(b.resolves(), b.fails_to_connect(), traced(b.EXPIRED), control=[b.healthy_helper()])

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)
    assert verdict.suspected == (Mechanism.IP_TIMEOUT,)


def test_three_lost_packets_are_no_filter() -> None:
    verdict = b.judged(b.resolves(), b.fails_to_connect(), traced(b.NO_REPLY, rounds=1), control=[b.healthy_helper()])

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def test_one_packet_that_left_the_network_clears_it() -> None:
    passed = b.trace(b.SITE, b.NO_REPLY, (PathReply.NONE, PathReply.TIME_EXCEEDED, PathReply.NONE))
    verdict = b.judged(b.resolves(), b.fails_to_connect(), traced(b.NO_REPLY), passed, control=[b.healthy_helper()])

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


@pytest.mark.parametrize("reply", [PathReply.RESET, PathReply.NONE])
def test_a_server_inside_this_network_is_nearer_than_the_common_path_is_long(reply: PathReply) -> None:
    """Its own firewall refuses us, or stays silent, at a hop limit at which other packets would have died."""
    neighbour_there = (PathReply.CONNECTED,) * 3
    failure = b.REFUSED if reply is PathReply.RESET else b.TIMEOUT
    verdict = b.judged(b.resolves(), b.fails_to_connect(failure=failure), traced((reply,) * 3, neighbour_there),
                       control=[b.healthy_helper()])  # fmt: skip

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def test_a_prefix_that_vanished_from_the_internet_is_not_blocked() -> None:
    """Routers without a route say "unreachable", and only neighbours in other prefixes answer."""
    verdict = b.judged(b.resolves(), b.fails_to_connect(failure=Failure.HOST_UNREACHABLE),
                       traced((PathReply.UNREACHABLE,) * 3, where=b.FAR), control=[b.healthy_helper()])  # fmt: skip

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def test_a_host_under_attack_whose_transit_drops_it_for_everybody_is_down() -> None:
    """Remotely triggered black holes (RFC 5635) take one address of a /24 and leave its neighbours."""
    dead = b.helper(b.SITE, tcp={b.SITE: False}, body=None)
    verdict = b.judged(b.resolves(), b.fails_to_connect(), b.neighbour(), b.line_is_up(), traced(b.NO_REPLY),
                       control=[dead])  # fmt: skip

    assert verdict.state is State.DOWN


def test_a_dead_host_of_which_its_router_says_unreachable_is_down() -> None:
    dead = b.helper(b.SITE, tcp={b.SITE: False}, body=None)
    verdict = b.judged(b.resolves(), b.fails_to_connect(failure=Failure.HOST_UNREACHABLE),
                       traced((PathReply.UNREACHABLE,) * 3), control=[dead])  # fmt: skip

    assert verdict.state is State.DOWN


def test_the_neighbour_of_another_address_vouches_for_nothing() -> None:
    verdict = b.judged(b.resolves(), b.fails_to_connect(), traced(b.NO_REPLY, where="198.18.44.4"),
                       control=[b.healthy_helper()])  # fmt: skip

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def test_a_suspended_line_prohibits_everything_and_so_proves_nothing() -> None:
    looks = b.fails_to_connect(failure=Failure.HOST_UNREACHABLE, icmp=b.router_says())

    is_inconclusive(b.judged(b.resolves(), looks, control=[b.healthy_helper()]))


def test_one_operators_three_addresses_are_no_crowd() -> None:
    crowd = [SilentListed(address=f"203.0.113.{n}", host="", leaf_spki_sha256=f"k{n}") for n in (10, 20, 30)]
    keyless = [SilentListed(address=a, host="") for a in ("198.18.5.5", "198.19.6.6")]
    verdict = b.judged(b.resolves(), b.fails_to_connect(), b.neighbour(), b.line_is_up(),
                       on=b.line(silent=[*crowd, *keyless]), control=[b.healthy_helper()])  # fmt: skip

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def test_two_silent_attempts_are_too_few() -> None:
    verdict = b.judged(b.resolves(), b.fails_to_connect(times=2), traced(b.NO_REPLY), control=[b.healthy_helper()])

    is_inconclusive(verdict, Reason.LOSSY_LINE)


# -- handshakes ----------------------------------------------------------------------------------------------------


def shown(failure: Failure, leaf: Any, *, detail: str | None = None, hosts: int = 2) -> list[Observation]:
    tests = (Test.LOOK, Test.REPEAT)[:hosts]
    return [*b.resolves(), b.connect(), *(b.shake(failure=failure, shown=leaf, detail=detail, test=t) for t in tests)]


@pytest.mark.parametrize("leaf", [b.leaf("site"), b.leaf("renewed")], ids=["same leaf", "same authority"])
def test_our_own_old_trust_store_is_not_a_forged_certificate(leaf: Any) -> None:
    verdict = b.judged(shown(Failure.SSL_UNKNOWN_AUTHORITY, leaf), control=[b.healthy_helper()])

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def test_an_incomplete_chain_that_ooni_helpers_complete_is_not_a_forged_certificate() -> None:
    ooni = b.healthy_helper(extended=False, zone=None)
    verdict = b.judged(shown(Failure.SSL_UNKNOWN_AUTHORITY, b.leaf("site", issuer="CN=R9")), control=[ooni])

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def test_an_incomplete_chain_for_everybody_is_down() -> None:
    helper = b.healthy_helper(tls={b.SITE: None}, body=None)
    verdict = b.judged(shown(Failure.SSL_UNKNOWN_AUTHORITY, b.leaf("site")), control=[helper])

    assert verdict.state is State.DOWN


def test_helpers_that_disagree_about_a_certificate_prove_nothing() -> None:
    helpers = [b.healthy_helper(), b.healthy_helper(tls={b.SITE: None}, name="h2", body=None)]
    box = b.leaf("box", issuer="CN=Box")

    is_inconclusive(b.judged(shown(Failure.SSL_UNKNOWN_AUTHORITY, box), control=helpers))


def test_a_clock_that_is_a_year_off_is_not_a_forged_certificate() -> None:
    looks = shown(Failure.SSL_INVALID_CERTIFICATE, b.leaf("other", issuer="CN=x"), detail="certificate has expired")

    is_inconclusive(b.judged(looks, on=b.line(clock=3.2e7), control=[b.healthy_helper()]), Reason.CLOCK_WRONG)


def test_a_path_that_swallows_large_packets_is_not_a_filter_of_names() -> None:
    """Neutral names get their short certificate, the listed one's answer begins and sticks, here as at our echo."""
    stuck = [b.shake(failure=b.TIMEOUT, received=100, test=t) for t in (Test.LOOK, Test.REPEAT, Test.REPEAT)]
    verdict = b.judged(b.resolves(), b.connect(), stuck, b.at_echo(listed=b.TIMEOUT, received=100),
                       control=[b.healthy_helper()])  # fmt: skip

    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def test_an_echo_that_fails_neutral_names_midway_proves_nothing() -> None:
    looks = [b.shake(failure=b.RESET, test=t) for t in (Test.LOOK, Test.REPEAT)]
    midway = [b.shake(b.ECHO, b.RESET, listed=o.why.listed, t=o.t0_s, received=100, test=Test.SQUARE, place=Place.ECHO)
              for o in b.at_echo()]  # fmt: skip

    is_inconclusive(b.judged(b.resolves(), b.connect(), looks, midway, control=[b.healthy_helper()]))


def test_an_echo_that_died_is_not_vouched_for_by_another() -> None:
    looks = [b.shake(failure=b.RESET, test=t) for t in (Test.LOOK, Test.REPEAT)]
    square: dict[str, Any] = {"test": Test.SQUARE, "place": Place.ECHO}
    died = [b.shake(b.ECHO, listed=False, t=10.0, **square),
            *(b.shake(b.ECHO, b.RESET, t=11.0 + n, **square) for n in range(2)),
            b.shake(b.ECHO2, listed=False, t=20.0, **square)]  # fmt: skip

    is_inconclusive(b.judged(b.resolves(), b.connect(), looks, died, b.line_is_up(), control=[b.healthy_helper()]))


def test_a_radio_that_wakes_up_does_not_make_the_servers_reset_faster_than_light() -> None:
    """The first packet took half a second, so that the server's own reset seems to come too soon."""
    looks = [b.shake(failure=b.RESET, test=t, took=0.06, rtt=0.5) for t in (Test.LOOK, Test.REPEAT)]
    rest = [b.shake(failure=b.RESET, test=Test.SMALL_MSS, rtt=0.05), b.shake(listed=False, test=Test.SQUARE, rtt=0.05)]

    is_inconclusive(b.judged(b.resolves(), b.connect(took=0.5), looks, b.at_echo(), rest,
                             control=[b.healthy_helper()]), Reason.SERVER_OR_NETWORK)  # fmt: skip


def test_what_is_cut_off_at_our_echo_alone_does_not_block_a_site_that_opens() -> None:
    mixed = [o for o in b.at_echo(listed=b.RESET, times=2)]
    mixed.append(b.shake(b.ECHO, t=15.0, test=Test.SQUARE, place=Place.ECHO))
    verdict = b.judged(b.resolves(), b.opens_https(), mixed, control=[b.healthy_helper()])

    assert verdict.state is State.ACCESSIBLE


# -- pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 451, 429, 503])
def test_under_a_valid_chain_nothing_is_a_block(status: int) -> None:
    page = {"body": b.NOTICE + " captcha", "status": status}
    verdict = b.judged(b.resolves(), b.opens_https(**page), control=[b.healthy_helper()])

    assert verdict.state is State.REFUSED
    assert status != 451 or verdict.refusal is Refusal.LEGAL_451


def test_a_notice_under_a_valid_chain_is_the_sites_own() -> None:
    assert b.judged(b.resolves(), b.opens_https(body=b.NOTICE), control=[b.healthy_helper()]).state is State.ACCESSIBLE


def test_a_seizure_page_that_everybody_sees_is_not_a_block() -> None:
    sha = f"sha-{b.hash_of(b.NOTICE)}"
    bodies = [SharedBody(host=h, body_sha256=sha, control_sha256=sha) for h in (b.HOST, "second.example")]
    verdict = b.judged(b.resolves(), b.opens_http(body=b.NOTICE), url=b.CLEAR_URL, on=b.line(bodies=bodies),
                       control=[b.healthy_helper(url=b.CLEAR_URL, body=b.NOTICE)])  # fmt: skip

    assert verdict.state is State.ACCESSIBLE


def test_a_seizure_page_that_one_of_two_helpers_sees_is_not_a_block() -> None:
    helpers = [b.healthy_helper(url=b.CLEAR_URL), b.healthy_helper(url=b.CLEAR_URL, body=b.NOTICE, name="h2")]
    verdict = b.judged(b.resolves(), b.opens_http(body=b.NOTICE), url=b.CLEAR_URL, control=helpers)

    assert verdict.state is State.ACCESSIBLE


def test_a_legal_notice_that_stands_under_a_valid_chain_as_well_is_the_sites_own() -> None:
    twin = [b.shake(test=Test.PROOF), b.get(b.NOTICE, 451, tls=True, test=Test.PROOF)]
    verdict = b.judged(b.resolves(), b.opens_http(body=b.NOTICE, status=451), twin, url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    assert (verdict.state, verdict.refusal) == (State.REFUSED, Refusal.LEGAL_451)


@pytest.mark.parametrize(("body", "status"), [("", 200), ("Forbidden", 403), (b.OTHER + " captcha", 200)])
def test_what_servers_ship_with_is_alike_for_many_names_and_no_block_page(body: str, status: int) -> None:
    sha = f"sha-{b.hash_of(body)}"
    bodies = [SharedBody(host=h, body_sha256=sha, control_sha256=h) for h in (b.HOST, "second.example")]
    verdict = b.judged(b.resolves(), b.opens_http(body=body, status=status), url=b.CLEAR_URL, on=b.line(bodies=bodies),
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    is_inconclusive(verdict, Reason.UNPROVEN_CONTENT)


def test_one_operators_page_for_visitors_from_here_is_no_block_page() -> None:
    """Two listed sites alike here that differ elsewhere: one owner, who fences both off by country."""
    sha = f"sha-{b.hash_of(b.OTHER)}"
    beside = [SharedBody(host=h, body_sha256=sha, control_sha256=h, served_by=a)
              for h, a in ((b.HOST, b.SITE), ("second.example", b.NEAR))]  # fmt: skip
    apart = [replace(one, served_by="198.51.77.5") for one in beside]
    honest, among_others = (
        [b.get(listed=one, authentic=True, place=Place.ECHO, test=test, address=b.ECHO) for one in (False, True)]
        for test in (Test.SQUARE, Test.SHARED)
    )
    once_over_v6 = [beside[0], replace(beside[1], served_by=b.SITE6)]
    untold = [beside[0], replace(beside[1], served_by=None)]
    cases = ((beside, []), (once_over_v6, []), (untold, []), (apart, honest), (apart, among_others))
    for bodies, echo in cases:
        verdict = b.judged(b.resolves(), b.opens_http(body=b.OTHER), echo, url=b.CLEAR_URL, on=b.line(bodies=bodies),
                           control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip
        is_inconclusive(verdict, Reason.UNPROVEN_CONTENT)


def test_an_outage_in_the_second_round_of_packets_is_no_block() -> None:
    """In the first round the neighbour's packets expire and the target's are lost; in the second both are."""
    rounds = [
        b.trace(b.SITE, b.EXPIRED, b.NO_REPLY),
        b.trace(b.NEAR, b.EXPIRED, b.EXPIRED, place=Place.NEIGHBOUR),
        *(replace(b.trace(a, b.EXPIRED, b.NO_REPLY, place=p), t0_s=8.0)
          for a, p in ((b.SITE, Place.ORIGIN), (b.NEAR, Place.NEIGHBOUR))),
    ]  # fmt: skip
    verdict = b.judged(b.resolves(), b.fails_to_connect(), b.neighbour(), rounds, b.line_is_up(),
                       control=[b.healthy_helper()])  # fmt: skip
    is_inconclusive(verdict, Reason.SERVER_OR_NETWORK)


def forged(*, neutral_host: str | None, status: int = 200, test: Test = Test.SQUARE) -> list[Observation]:
    common: dict[str, Any] = {"place": Place.ECHO, "test": test, "address": b.ECHO}
    return [
        b.get(listed=False, authentic=True, t=10.0, **common),
        *(b.get(b.OTHER, status, authentic=False, t=11.0 + n, **common) for n in range(2)),
        b.get(listed=False, authentic=True, t=20.0, host=neutral_host, **common),
    ]


def test_a_transparent_proxy_that_goes_by_the_host_header_is_no_censor() -> None:
    """It fetches every name that exists from where it lives; only invented names reach our echo."""
    verdict = b.judged(b.resolves(), b.opens_http(body=b.OTHER), forged(neutral_host=None), url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    is_inconclusive(verdict, Reason.UNPROVEN_CONTENT)


def test_a_page_from_a_shared_echo_may_be_what_another_name_brought_upon_it() -> None:
    for test, state in ((Test.SQUARE, State.BLOCKED), (Test.SHARED, State.INCONCLUSIVE)):
        verdict = b.judged(b.resolves(), b.opens_http(body=b.OTHER), forged(neutral_host=b.NEUTRAL, test=test),
                           url=b.CLEAR_URL, control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip
        assert verdict.state is state


def test_an_overloaded_echo_is_no_censor() -> None:
    overloaded = forged(neutral_host=b.NEUTRAL, status=429)
    verdict = b.judged(b.resolves(), b.opens_http(body=b.OTHER), overloaded, url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    is_inconclusive(verdict, Reason.UNPROVEN_CONTENT)


def test_a_redirect_that_the_control_never_saw_is_unexpected() -> None:
    page = b.get("", 302, location="https://consent.example/")
    verdict = b.judged(b.resolves(), b.connect(port=80), page, url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    is_inconclusive(verdict, Reason.UNEXPECTED_REDIRECT)


def test_a_site_that_fails_with_503_for_everybody_is_down() -> None:
    verdict = b.judged(b.resolves(), b.opens_https(body=b.OTHER, status=503),
                       control=[b.healthy_helper(body=b.OTHER, status=503)])  # fmt: skip

    assert (verdict.state, verdict.site_state) == (State.DOWN, SiteState.DOWN)


def test_redirects_without_end_are_the_sites_fault_where_a_helper_met_them_too() -> None:
    hops = [[*b.resolves(hop=n), b.connect(hop=n), b.shake(hop=n), b.get("", 302, tls=True, hop=n, location=b.URL)]
            for n in range(11)]  # fmt: skip
    found = [o for hop in hops for o in hop]
    loop = b.judged(found, control=[b.healthy_helper(body="", status=302, location=b.URL)])
    here_only = b.judged(found, control=[b.healthy_helper()])

    assert (loop.state, loop.rule) == (State.DOWN, "down.redirects")
    is_inconclusive(here_only)


# -- lines and helpers ---------------------------------------------------------------------------------------------

EVERY_PROOF = [
    *around(b.reply(b.BOGON, ede=(16,))),
    *b.fails_to_connect(failure=Failure.HOST_UNREACHABLE, icmp=b.router_says()),
    *b.fails_to_connect(port=80),
    *traced(b.NO_REPLY),
    *(b.shake(failure=b.RESET, test=t) for t in (Test.LOOK, Test.REPEAT)),
    *b.at_echo(listed=b.RESET),
    b.get(b.NOTICE),
]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b.line(portal=True), Reason.CAPTIVE_PORTAL),
        (b.line(families={"4": False, "6": False}, clock=3.2e7), Reason.CLOCK_WRONG),
        (b.line(families={"4": False, "6": False}), Reason.FAMILIES_UNUSABLE),
    ],
)
@pytest.mark.parametrize("url", [b.URL, b.CLEAR_URL])
def test_a_line_that_can_prove_nothing_proves_nothing_whatever_was_seen(line: Any, reason: Reason, url: str) -> None:
    is_inconclusive(b.judged(EVERY_PROOF, url=url, on=line, control=[b.healthy_helper(url=url)]), reason)


def test_a_portal_that_spares_tls_proves_no_lie_about_names_either() -> None:
    portal = b.line(portal=True)

    is_inconclusive(b.judged(around(b.reply("10.0.0.1")), true_site(), on=portal, control=[b.healthy_helper()]))
    assert b.judged(b.resolves(), b.opens_https(), on=portal, control=[b.healthy_helper()]).state is State.ACCESSIBLE


LIES: dict[str, list[Any]] = {
    "other addresses": [b.helper("198.18.66.6")],
    "other addresses, one helper of two": [b.helper("198.18.66.6"), b.helper(b.SITE, name="h2")],
    "no such name": [b.helper(rcode="NXDOMAIN", body=None)],
    "no such name, one of two": [b.helper(rcode="NXDOMAIN", body=None), b.healthy_helper(name="h2")],
    "another page": [b.helper(b.SITE, body=b.OTHER)],
    "dead": [b.helper(b.SITE, tcp={b.SITE: False}, tls={b.SITE: None}, body=None)],
    "another key": [b.helper(b.SITE, tls={b.SITE: "other"})],
    "everything, and each helper something else": [
        b.helper("198.18.66.6", tcp={"198.18.66.6": True}, tls={"198.18.66.6": "x"}, body=b.OTHER),
        b.helper(rcode="NXDOMAIN", body=None, name="h2"),
        b.helper("198.18.67.7", tcp={b.SITE: False}, tls={b.SITE: None}, body=b.NOTICE, name="h3"),
    ],
    "unreachable": [b.helper(failure=Failure.GENERIC_TIMEOUT_ERROR)],
}


@pytest.mark.parametrize("helpers", LIES.values(), ids=LIES)
def test_no_helper_can_talk_a_healthy_https_site_into_a_block(helpers: list[Any]) -> None:
    assert b.judged(b.resolves(), b.opens_https(), control=helpers).state is State.ACCESSIBLE


@pytest.mark.parametrize("helpers", LIES.values(), ids=LIES)
def test_no_helper_can_talk_a_healthy_cleartext_site_into_a_block(helpers: list[Any]) -> None:
    told = [b.replace(helper, url=b.CLEAR_URL) for helper in helpers]
    found = [*around(b.reply(b.SITE)), *b.opens_http(), b.connect(failure=b.REFUSED)]

    assert b.judged(found, url=b.CLEAR_URL, control=told).state is not State.BLOCKED


@pytest.mark.parametrize("helpers", LIES.values(), ids=LIES)
@pytest.mark.parametrize("failure", [b.TIMEOUT, b.REFUSED])
def test_no_helper_can_talk_a_dead_site_into_a_block(helpers: list[Any], failure: Failure) -> None:
    found = [*around(b.reply(b.SITE)), *b.fails_to_connect(failure=failure), *traced(b.EXPIRED)]

    assert b.judged(found, control=helpers).state in (State.DOWN, State.INCONCLUSIVE)


def test_helpers_that_contradict_each_other_about_a_name_prove_no_lie() -> None:
    helpers = [b.healthy_helper(), b.helper(rcode="NXDOMAIN", body=None, name="h2")]

    is_inconclusive(b.judged(around(b.reply(rcode="NXDOMAIN")), control=helpers), Reason.DIFFERENCE_ONLY)


def test_a_dead_address_is_not_exchanged_for_one_that_a_liar_names() -> None:
    """The lying helper names the address of another site, which this network does block."""
    found = [*around(b.reply(b.CDN)), *b.fails_to_connect(b.CDN), *b.fails_to_connect(), *traced(b.NO_REPLY)]

    is_inconclusive(b.judged(found, control=[b.healthy_helper()]))


def test_a_helper_that_is_kept_away_is_said_to_be() -> None:
    helper = b.helper(failure=Failure.CONNECTION_RESET)
    verdict = b.judged(b.resolves(), b.fails_to_connect(), b.line_is_up(), control=[helper])

    is_inconclusive(verdict, Reason.HELPER_INTERFERED)


def test_an_ooni_helper_without_sketches_does_not_make_an_unlike_page_alike() -> None:
    ooni = b.helper(b.SITE, url=b.CLEAR_URL, extended=False, sketch=False, body="x" * len(b.OTHER))
    verdict = b.judged(b.resolves(), b.opens_http(body=b.OTHER), url=b.CLEAR_URL, control=[ooni])

    is_inconclusive(verdict, Reason.UNPROVEN_CONTENT)


def test_a_difference_alone_is_never_a_block_however_often_repeated() -> None:
    asked = [o for n in range(10) for o in b.asked_often(b.reply(b.CDN), times=3 + n % 2)]

    is_inconclusive(b.judged(asked, b.neutral_name(), b.beside(), control=[b.healthy_helper()]))


def test_nothing_measured_says_so() -> None:
    is_inconclusive(b.judged())
