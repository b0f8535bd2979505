"""Blocks that are blocks: each row of the table of proofs, with its mechanism, scope, grade and what goes beside it."""

from dataclasses import replace
from typing import Any

import pytest

from blockprobe.model.failure import Failure
from blockprobe.model.line import LedgerEntry, SharedBody, SilentListed
from blockprobe.model.observation import Observation, PathReply, Place, ResolverGroup, Test
from blockprobe.model.record import Verdict
from blockprobe.model.words import AttributionBasis, AttributionCause, Grade, Mechanism, Scope, State
from tests.verdict import build as b

M = Mechanism


def lied_to(answer: Any, *, server: str = b.OWN) -> list[Observation]:
    """A resolver that answers like that in every form, and neutral names as it should."""
    return [*b.asked_often(answer, server=server), b.neutral_name(server=server), b.beside(server=server),
            b.below(b.reply(rcode="NXDOMAIN", authority=[b.soa()]), server=server)]  # fmt: skip


def true_site() -> list[Observation]:
    """The site at its true address, which encrypted DNS gave: open, with a valid chain."""
    return [b.doh(b.reply(b.SITE)), *b.opens_https()]


def is_blocked(verdict: Verdict, *mechanisms: Mechanism) -> None:
    assert verdict.state is State.BLOCKED, (verdict.rule, verdict.because, verdict.reasons)
    assert verdict.mechanisms == mechanisms
    assert verdict.layer is mechanisms[0].layer
    assert verdict.grade is not None
    assert not verdict.reasons
    assert {i.mechanism for i in verdict.interference} >= set(mechanisms)


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "mechanism", "grade"),
    [
        (b.reply(rcode="NXDOMAIN"), M.DNS_NXDOMAIN, Grade.COUNTERFACTUAL),
        (b.reply(), M.DNS_NODATA, Grade.COUNTERFACTUAL),
        (b.reply(rcode="REFUSED"), M.DNS_REFUSED, Grade.COUNTERFACTUAL),
        (b.reply(rcode="SERVFAIL"), M.DNS_SERVFAIL, Grade.COUNTERFACTUAL),
        (b.reply(rcode="FORMERR"), M.DNS_FORMERR, Grade.COUNTERFACTUAL),
        (None, M.DNS_TIMEOUT, Grade.COUNTERFACTUAL),
        (b.reply(b.BOGON), M.DNS_BOGON, Grade.ARTEFACT),
        (b.reply(rcode="REFUSED", ede=(16,)), M.DNS_REFUSED, Grade.ARTEFACT),
    ],
)
def test_a_resolver_that_lies_in_every_form_blocks(answer: Any, mechanism: Mechanism, grade: Grade) -> None:
    verdict = b.judged(lied_to(answer), true_site(), control=[b.healthy_helper()])

    is_blocked(verdict, mechanism)
    assert verdict.grade is grade
    assert verdict.interference[0].scope is Scope.NAME
    assert verdict.interference[0].resolver == f"udp://{b.OWN}:53"


def test_without_any_helper_encrypted_dns_and_a_valid_chain_prove_a_resolvers_lie() -> None:
    is_blocked(b.judged(lied_to(b.reply(rcode="NXDOMAIN")), true_site()), M.DNS_NXDOMAIN)
    is_blocked(b.judged(lied_to(b.reply(b.BOGON)), true_site()), M.DNS_BOGON)


def test_a_walled_garden_is_proven_by_a_certificate_for_other_names() -> None:
    garden = b.shake(b.BLOCK_PAGE, Failure.SSL_INVALID_HOSTNAME, shown=b.leaf("isp", names=("isp.example",)))

    is_blocked(b.judged(lied_to(b.reply(b.BLOCK_PAGE)), garden, true_site(), control=[b.healthy_helper()]),
               M.DNS_BLOCKPAGE)  # fmt: skip


def test_one_of_three_lying_resolvers_is_a_partial_block() -> None:
    honest = [b.ask(b.reply(b.SITE), url=f"udp://{server}:53") for server in (b.OWN, b.OWN3)]
    verdict = b.judged(honest, lied_to(b.reply(rcode="NXDOMAIN"), server=b.OWN2), b.opens_https(),
                       control=[b.healthy_helper()])  # fmt: skip

    is_blocked(verdict, M.DNS_NXDOMAIN)
    assert verdict.partial
    assert {i.resolver for i in verdict.interference} == {f"udp://{b.OWN2}:53"}


def test_two_lies_in_five_answers_are_a_partial_block_with_k_and_n() -> None:
    answers = [b.reply(rcode="NXDOMAIN") if n in (1, 3) else b.reply(b.SITE) for n in range(5)]
    asked = [b.ask(a, test=Test.REPEAT if n else Test.LOOK, t=float(n)) for n, a in enumerate(answers)]
    verdict = b.judged(asked, b.neutral_name(), b.beside(), b.opens_https(), control=[b.healthy_helper()])

    is_blocked(verdict, M.DNS_NXDOMAIN)
    assert verdict.partial
    assert (verdict.interference[0].k, verdict.interference[0].n) == (2, 5)


def test_a_customers_own_filter_says_17_and_is_never_an_orders() -> None:
    verdict = b.judged(lied_to(b.reply(rcode="NXDOMAIN", ede=(17,))), true_site(), control=[b.healthy_helper()])

    is_blocked(verdict, M.DNS_NXDOMAIN)
    assert verdict.attribution.cause is AttributionCause.PARENTAL
    assert verdict.attribution.basis is AttributionBasis.EDE_TEXT


def test_an_answer_from_an_address_that_runs_no_resolver_is_injected() -> None:
    silent = {"test": Test.SILENT, "place": Place.SILENT, "url": f"udp://{b.SILENT}:53", "group": ResolverGroup.SILENT}
    forged = [b.ask(b.reply(b.BOGON), **silent), b.ask(None, qname=b.NEUTRAL, listed=False, **silent)]  # type: ignore[arg-type]
    verdict = b.judged(b.asked_often(b.reply(b.BOGON)), forged, true_site(), control=[b.healthy_helper()])

    is_blocked(verdict, M.DNS_INJECTION_BOGON)


def test_an_answer_that_our_own_server_did_not_sign_is_injected() -> None:
    echo = {"test": Test.ECHO, "place": Place.ECHO, "url": f"udp://{b.ECHO}:53", "group": ResolverGroup.ECHO}
    neutral = b.ask(b.reply(), qname=b.NEUTRAL, listed=False, authentic=True, **echo)  # type: ignore[arg-type]
    forged = b.ask(b.reply(rcode="NXDOMAIN"), authentic=False, **echo)  # type: ignore[arg-type]
    verdict = b.judged(b.asked_often(b.reply(rcode="NXDOMAIN")), neutral, forged, true_site(),
                       control=[b.healthy_helper()])  # fmt: skip

    is_blocked(verdict, M.DNS_INJECTION_NXDOMAIN)


def test_two_answers_to_one_datagram_are_one_too_many() -> None:
    doubled = [b.ask(b.reply(b.BOGON), extra=[b.reply(b.SITE)], test=test) for test in (Test.LOOK, Test.REPEAT)]

    is_blocked(b.judged(doubled, true_site(), control=[b.healthy_helper()]), M.DNS_INJECTION_BOGON)


# -- addresses -----------------------------------------------------------------------------------------------------


def stopped(*, target: Any, rounds: int = 2, port: int = 443) -> list[Observation]:
    paths: list[Observation] = []
    for _ in range(rounds):
        paths.append(b.trace(b.SITE, b.EXPIRED, target, port=port))
        paths.append(b.trace(b.NEAR, b.EXPIRED, b.EXPIRED, place=Place.NEIGHBOUR, port=port))
    return [b.neighbour(), b.line_is_up(), *paths]


def test_packets_that_die_on_the_common_path_are_a_block_of_the_address() -> None:
    verdict = b.judged(b.resolves(), b.fails_to_connect(), stopped(target=b.NO_REPLY), control=[b.healthy_helper()])

    is_blocked(verdict, M.IP_TIMEOUT)
    assert verdict.interference[0].scope is Scope.ADDRESS


def test_a_reset_from_the_common_path_is_a_block_of_the_address() -> None:
    looks = b.fails_to_connect(failure=b.REFUSED, times=2)
    verdict = b.judged(b.resolves(), looks, stopped(target=(PathReply.RESET,) * 3, rounds=1),
                       control=[b.healthy_helper()])  # fmt: skip

    is_blocked(verdict, M.IP_REFUSED)


def test_a_router_of_this_network_that_says_prohibited_settles_it() -> None:
    looks = b.fails_to_connect(failure=Failure.HOST_UNREACHABLE, times=2, icmp=b.router_says())
    verdict = b.judged(b.resolves(), looks, b.line_is_up(), control=[b.healthy_helper()])

    is_blocked(verdict, M.IP_UNREACHABLE)
    assert verdict.grade is Grade.ARTEFACT
    assert verdict.artefacts == (f"ICMP prohibited from {b.ROUTERS[1]}",)


def test_the_same_silence_at_three_unrelated_operators_is_no_coincidence() -> None:
    crowd = [SilentListed(address=a, host=h, leaf_spki_sha256=h) for a, h in
             ((b.SITE, "a"), ("198.18.5.5", "b"), ("198.19.6.6", "c"))]  # fmt: skip
    still = b.connect(failure=b.TIMEOUT, test=b.Test.REPEAT, t=6.0)
    known = {"control": [b.healthy_helper()], "on": b.line(silent=crowd)}

    is_blocked(
        b.judged(b.resolves(), b.fails_to_connect(), b.neighbour(), still, b.line_is_up(), **known), M.IP_TIMEOUT
    )
    over = b.judged(b.resolves(), b.fails_to_connect(), b.neighbour(), b.line_is_up(), **known)
    assert over.state is State.INCONCLUSIVE  # an outage that ended before the neighbour was asked looks the same


@pytest.mark.parametrize(
    ("silent", "opened", "proven"),
    [
        (0, 0, False),
        (3, 0, True),
        (3, 1, False),
        (4, 3, True),
        (4, 4, False),
        (8, 22, True),
        (77, 923, True),
        (40, 960, False),
    ],
)
def test_silence_must_meet_more_networks_than_servers_own_firewalls_explain(
    silent: int, opened: int, proven: bool
) -> None:
    crowd = [SilentListed(address=a, host=h, leaf_spki_sha256=h) for a, h in
             ((b.SITE, "a"), ("198.18.5.5", "b"), ("198.19.6.6", "c"))]  # fmt: skip
    still = b.connect(failure=b.TIMEOUT, test=b.Test.REPEAT, t=6.0)
    line = replace(b.line(silent=crowd), listed_silent=silent, listed_open=opened)
    seen = [b.resolves(), b.fails_to_connect(), b.neighbour(), still, b.line_is_up()]
    verdict = b.judged(*seen, control=[b.healthy_helper()], on=line)

    assert verdict.state is (State.BLOCKED if proven else State.INCONCLUSIVE)


def test_a_block_on_a_dead_site_is_a_block() -> None:
    dead = b.helper(b.SITE, tcp={b.SITE: False}, body=None)
    looks, path = b.fails_to_connect(failure=b.REFUSED, times=2), stopped(target=(PathReply.RESET,) * 3)

    is_blocked(b.judged(b.resolves(), looks, path, control=[dead]), M.IP_REFUSED)


def test_a_typed_address_needs_no_helper_to_be_proven_blocked() -> None:
    verdict = b.judged(b.fails_to_connect(), stopped(target=b.NO_REPLY), url=f"https://{b.SITE}/")

    is_blocked(verdict, M.IP_TIMEOUT)


def test_v4_blocked_and_v6_open_is_accessible_with_a_parity_gap() -> None:
    names = [*b.resolves(), *b.resolves(b.SITE6)]
    verdict = b.judged(names, b.fails_to_connect(), stopped(target=b.NO_REPLY), b.opens_https(b.SITE6),
                       control=[b.helper(b.SITE, b.SITE6, tcp={b.SITE: True, b.SITE6: True})])  # fmt: skip

    assert verdict.state is State.ACCESSIBLE
    assert verdict.parity_gap
    assert [(i.mechanism, i.family) for i in verdict.interference] == [(M.IP_TIMEOUT, 4)]


# -- names on the wire ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "mechanism"),
    [
        (b.RESET, M.TLS_RESET_SNI),
        (b.TIMEOUT, M.TLS_TIMEOUT_SNI),
        (Failure.EOF_ERROR, M.TLS_EOF_SNI),
        (Failure.SSL_FAILED_HANDSHAKE, M.TLS_ALERT_SNI),
    ],
)
def test_a_failure_that_follows_the_name_to_our_own_server_is_a_block(failure: Failure, mechanism: Mechanism) -> None:
    looks = [b.shake(failure=failure, test=t) for t in (Test.LOOK, Test.REPEAT, Test.REPEAT)]
    verdict = b.judged(b.resolves(), b.connect(), looks, b.at_echo(listed=failure), control=[b.healthy_helper()])

    is_blocked(verdict, mechanism)
    assert verdict.interference[0].scope is Scope.NAME


def test_name_and_address_together_need_all_conditions() -> None:
    looks = [b.shake(failure=b.RESET, test=t, t=float(n)) for n, t in enumerate((Test.LOOK, Test.REPEAT))]
    at_origin = [b.shake(failure=b.RESET, test=Test.SMALL_MSS), b.shake(listed=False, test=Test.SQUARE)]
    paths = [
        b.trace(b.SITE, b.EXPIRED, b.EXPIRED, carrying="client_hello", listed=False),
        b.trace(b.SITE, b.EXPIRED, (PathReply.RESET,) * 3, carrying="client_hello"),
    ]
    everything = [*b.resolves(), b.connect(), *looks, *b.at_echo(), *at_origin, *paths]
    verdict = b.judged(everything, control=[b.healthy_helper()])

    is_blocked(verdict, M.TLS_RESET_SNI)
    assert verdict.interference[0].scope is Scope.ADDRESS_AND_NAME
    for needed in (*at_origin, *paths):
        without = [one for one in everything if one is not needed]
        assert b.judged(without, control=[b.healthy_helper()]).state is State.INCONCLUSIVE, needed


def test_without_any_helper_only_resets_that_come_from_the_common_path_prove_a_filter_on_the_name() -> None:
    looks = [b.shake(failure=b.RESET, test=t, t=float(n)) for n, t in enumerate((Test.LOOK, Test.REPEAT))]
    at_origin = [b.shake(failure=b.RESET, test=Test.SMALL_MSS), b.shake(listed=False, test=Test.SQUARE)]
    neutral = b.trace(b.SITE, b.EXPIRED, b.EXPIRED, carrying="client_hello", listed=False)
    listed = b.trace(b.SITE, b.EXPIRED, (PathReply.RESET,) * 3, carrying="client_hello")
    everything = [*b.resolves(), b.connect(), *looks, *at_origin, neutral, listed]
    verdict = b.judged(everything, control=[])

    is_blocked(verdict, M.TLS_RESET_SNI)
    assert verdict.interference[0].scope is None, "nobody can tell whether the name fails elsewhere too"
    for needed in (looks[0], *at_origin, neutral, listed):
        without = [one for one in everything if one is not needed]
        assert b.judged(without, control=[]).state is State.INCONCLUSIVE, needed
    swallowed = b.trace(b.SITE, b.EXPIRED, (PathReply.NONE,) * 3, carrying="client_hello")
    assert b.judged([*everything[:-1], swallowed], control=[]).state is State.INCONCLUSIVE, "three losses may be chance"


def test_without_any_helper_a_request_that_the_common_path_resets_is_a_filter_on_the_host() -> None:
    place: dict[str, Any] = {"test": Test.SQUARE, "listed": False}
    cut = [b.connect(port=80), *b.nothing_came(b.RESET, times=2)]
    small = [replace(cut[-1], why=replace(cut[-1].why, test=Test.SMALL_MSS, attempt=0))]
    neutral = [b.get(**place)]
    paths = [
        b.trace(b.SITE, b.EXPIRED, b.EXPIRED, port=80, carrying="http_request", listed=False),
        b.trace(b.SITE, b.EXPIRED, (PathReply.RESET,) * 3, port=80, carrying="http_request"),
    ]
    everything = [*b.resolves(), *cut, *small, *neutral, *paths]
    verdict = b.judged(everything, url=b.CLEAR_URL, control=[])

    is_blocked(verdict, M.HTTP_RESET_HOST)
    assert verdict.interference[0].scope is None
    for needed in (*small, *neutral, *paths):
        without = [one for one in everything if one is not needed]
        assert b.judged(without, url=b.CLEAR_URL, control=[]).state is State.INCONCLUSIVE, needed


def test_a_certificate_that_only_this_network_shows_is_a_block() -> None:
    box = b.leaf("box", issuer="CN=Box")
    looks = [b.shake(failure=Failure.SSL_UNKNOWN_AUTHORITY, shown=box, test=t) for t in (Test.LOOK, Test.REPEAT)]
    verdict = b.judged(b.resolves(), b.connect(), looks, control=[b.healthy_helper()])

    is_blocked(verdict, M.TLS_MITM)
    assert verdict.artefacts == ("issuer CN=Box",)


def test_a_host_header_that_is_cut_off_at_our_own_server_too_is_a_block_and_https_is_the_parity_gap() -> None:
    square: dict[str, Any] = {"place": Place.ECHO, "test": Test.SQUARE, "address": b.ECHO}
    echo = [b.get(listed=False, t=10.0, **square), *b.nothing_came(b.RESET, times=2, place=Place.ECHO, address=b.ECHO),
            b.get(listed=False, t=20.0, **square)]  # fmt: skip
    echo = [b.get("", None, failure=b.RESET, t=11.0 + n, **square) if o.status is None else o
            for n, o in enumerate(echo)]  # fmt: skip
    cut = [b.connect(port=80), *b.nothing_came(b.RESET, times=2)]
    verdict = b.judged(b.resolves(), cut, echo, b.opens_https(), url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    is_blocked(verdict, M.HTTP_RESET_HOST)
    assert verdict.parity_gap


def test_two_mechanisms_at_once_are_both_said() -> None:
    looks = [b.shake(failure=b.RESET, test=t) for t in (Test.LOOK, Test.REPEAT)]
    verdict = b.judged(lied_to(b.reply(rcode="NXDOMAIN")), b.doh(b.reply(b.SITE)), b.connect(), looks,
                       b.at_echo(listed=b.RESET, times=2), control=[b.healthy_helper()])  # fmt: skip

    is_blocked(verdict, M.DNS_NXDOMAIN, M.TLS_RESET_SNI)


# -- pages ---------------------------------------------------------------------------------------------------------


def test_a_known_block_page_in_cleartext_settles_it() -> None:
    verdict = b.judged(b.resolves(), b.opens_http(body=b.NOTICE), url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    is_blocked(verdict, M.HTTP_BLOCKPAGE)
    assert verdict.grade is Grade.ARTEFACT
    assert verdict.attribution.basis is AttributionBasis.FINGERPRINT


def test_a_redirect_to_a_known_notice_settles_it() -> None:
    page = b.get("", 302, location="https://notice.isp.example/order/12")
    verdict = b.judged(b.resolves(), b.connect(port=80), page, url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)])  # fmt: skip

    is_blocked(verdict, M.HTTP_REDIRECT_BLOCKPAGE)


def test_the_same_unknown_page_for_two_names_that_differ_elsewhere_is_a_block_page() -> None:
    sha = f"sha-{b.hash_of(b.OTHER)}"
    bodies = [SharedBody(host=h, body_sha256=sha, control_sha256=h, served_by=a)
              for h, a in ((b.HOST, b.SITE), ("second.example", "198.51.77.5"))]  # fmt: skip
    verdict = b.judged(b.resolves(), b.opens_http(body=b.OTHER), url=b.CLEAR_URL,
                       control=[b.healthy_helper(url=b.CLEAR_URL)], on=b.line(bodies=bodies))  # fmt: skip

    is_blocked(verdict, M.HTTP_BLOCKPAGE)
    assert "another listed name" in verdict.because


def test_a_block_met_behind_a_redirect_says_so() -> None:
    there, host = "https://moved.example/", "moved.example"
    first = [*b.resolves(), b.connect(), b.shake(), b.get("", 301, tls=True, location=there)]
    second = [b.ask(b.reply("198.18.30.3"), qname=host, hop=1), b.connect("198.18.30.3", hop=1)]
    cut = [b.shake("198.18.30.3", b.RESET, hop=1, host=host, test=t) for t in (Test.LOOK, Test.REPEAT)]
    square = [b.replace_hop(o, 1) for o in b.at_echo(listed=b.RESET, times=2)]
    verdict = b.judged(first, second, cut, square, control=[b.healthy_helper(), b.helper("198.18.30.3", url=there)])

    is_blocked(verdict, M.TLS_RESET_SNI)
    assert verdict.via_redirect
    assert verdict.interference[0].hop == 1


def test_http_blocked_beside_open_https_is_accessible_because_https_decides() -> None:
    verdict = b.judged(b.resolves(), b.opens_https(), b.opens_http(body=b.NOTICE), bare=True,
                       control=[b.healthy_helper()])  # fmt: skip

    assert verdict.state is State.ACCESSIBLE
    assert verdict.parity_gap


def test_a_residual_punishment_is_told_from_a_block_of_the_address() -> None:
    punished = [LedgerEntry(address=b.SITE, port=443, triggered_t_s=-10.0)]
    verdict = b.judged(b.resolves(), b.fails_to_connect(), stopped(target=b.NO_REPLY), on=b.line(ledger=punished),
                       control=[b.healthy_helper()])  # fmt: skip

    assert verdict.state is State.INCONCLUSIVE
    assert verdict.rule == "unknown.punished"
