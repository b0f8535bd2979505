"""Where listed and neutral part, drawn: each case is a drawing of what came back, and what may be said of it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.model.trace import Carrier, Effect, Finding, Ladder, Position, Spot, Subject
from blockprobe.model.trace import Heard as H
from blockprobe.verdict.trace import judge_path

from .trace_build import NEIGHBOUR, RESOLVER, ROUTERS, SILENT, SITE, Rows, ladder, pair, plain, seen, way

TLS, HTTP, TCP, DNS, NOBODY = Carrier.TLS, Carrier.HTTP, Carrier.TCP, Carrier.DNS, Carrier.DNS_ADDRESS
HEALTHY: Rows = {1: ". . .", 2: ". . .", 3: ". . .", 4: "V V V", None: "V V V"}
IN, ON, UNKNOWN = Position.IN_PATH, Position.ON_PATH, Position.UNKNOWN


def judged(ladders: list[Ladder], carrier: Carrier, *, raw: bool = False) -> Finding:
    """The one finding about a carrier (on port 443, where there are several)."""
    found = [one for one in judge_path(SITE, tuple(ladders), raw=raw)[1] if one.carrier is carrier]
    assert len(found) == 1, found
    return found[0]


def names(listed: Rows, *, neutral: Rows = HEALTHY, carrier: Carrier = TLS, raw: bool = False) -> Finding:
    """What a listed name's rows mean beside a neutral one's."""
    return judged(way() + pair(carrier, neutral, listed), carrier, raw=raw)


def place(finding: Finding) -> tuple[int, int]:
    """Last common hop and first different one."""
    assert finding.part is not None
    return finding.part.last.ttl, finding.part.first.ttl


SILENT_FROM_2: Rows = {1: ". . .", 2: "? ? ?", 3: "? ? ?", 4: "? ? ?", None: "? ? ?"}
RESET_FROM_2: Rows = {1: ". . .", 2: "R R R", 3: "R R R", 4: "R R R", None: "R R R"}
FOUND = [
    ("silence", SILENT_FROM_2, Effect.SILENCE, IN, (1, 2)),
    ("a reset, the socket is dead", RESET_FROM_2, Effect.RESET, UNKNOWN, (1, 2)),
    ("a reset after the router", RESET_FROM_2 | {2: ".R R R"}, Effect.RESET, ON, (1, 2)),
    ("a reset from the first hop on", RESET_FROM_2 | {1: "R R R"}, Effect.RESET, UNKNOWN, (0, 1)),
    ("a reset, a loss before it", RESET_FROM_2 | {1: ". ? ."}, Effect.RESET, UNKNOWN, (1, 2)),
    ("a reset, lost twice where it begins", RESET_FROM_2 | {2: "R ? ?"}, Effect.RESET, UNKNOWN, (1, 2)),
    ("the end of the stream", {1: ". . .", 2: "F F F", 3: "F F F", None: "F F F"}, Effect.CLOSED, UNKNOWN, (1, 2)),
    ("a page", {1: ". . .", 2: "D D D", 3: "D D D", 4: "V V V", None: "V V V"}, Effect.PAGE, UNKNOWN, (1, 2)),
    ("a page beside the path", {1: ". . .", 2: ".DF .DF D", None: "D D D"}, Effect.PAGE, ON, (1, 2)),
    ("punished after the first", {1: ". . .", 2: "R ? ?", None: "R ? ?"}, Effect.RESET, UNKNOWN, (1, 2)),
    ("silence, a loss before it", SILENT_FROM_2 | {1: "? . ?"}, Effect.SILENCE, IN, (1, 2)),
    ("silence from the first hop on", SILENT_FROM_2 | {1: "? ? ?"}, Effect.SILENCE, IN, (0, 1)),
]


@pytest.mark.parametrize(
    ("listed", "effect", "position", "where"), [row[1:] for row in FOUND], ids=[r[0] for r in FOUND]
)
@pytest.mark.parametrize("carrier", [TLS, HTTP])
def test_where_they_part(
    listed: Rows, effect: Effect, position: Position, where: tuple[int, int], carrier: Carrier
) -> None:
    found = names(listed, carrier=carrier)
    assert (found.effect, found.position, place(found)) == (effect, position, where)
    assert found.part is not None
    assert not found.part.far_end
    assert found.part.first.address == ROUTERS[where[1]]


NOT_FOUND = [
    ("both are answered", HEALTHY, HEALTHY, Effect.NONE),
    ("a router answers no packet of the listed name", HEALTHY | {2: "? ? ?"}, HEALTHY, Effect.NONE),
    ("lost now and then", {1: "? . .", 2: "? ? .", 3: ". ? .", 4: "? V V", None: "V V V"}, HEALTHY, Effect.NONE),
    ("both are silent", SILENT_FROM_2, SILENT_FROM_2, Effect.UNKNOWN),
    ("neutral fails in the end", RESET_FROM_2 | {2: ". . .", 3: ". . ."}, HEALTHY | {4: "R R R", None: "R R R"},
     Effect.UNKNOWN),
    ("sometimes", HEALTHY | {4: "V V R", None: "V R V"}, HEALTHY, Effect.UNKNOWN),
    ("nothing was connected", {1: "c c c", None: "c c c"}, HEALTHY, Effect.UNKNOWN),
    ("too few packets", {1: ". . .", 2: "? ? ?", None: "? ?"}, HEALTHY, Effect.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("listed", "neutral", "effect"), [r[1:] for r in NOT_FOUND], ids=[r[0] for r in NOT_FOUND])
def test_what_is_no_proof_is_none(listed: Rows, neutral: Rows, effect: Effect) -> None:
    found = names(listed, neutral=neutral)
    assert (found.effect, found.part, found.position) == (effect, None, UNKNOWN)


def test_a_server_that_is_slow_about_neutral_names_is_no_injector() -> None:
    late: Rows = HEALTHY | {4: "? ? ?", 5: "V V V"}
    assert names(HEALTHY, neutral=late, carrier=HTTP).effect is Effect.NONE


def test_what_the_far_end_does_may_be_the_servers_own() -> None:
    for bad in ("R R R", "F F F"):
        found = names(HEALTHY | {4: bad, None: bad})
        assert found.part is not None
        assert (found.part.far_end, found.position, place(found)) == (True, UNKNOWN, (3, 4))
        assert "look the same" in found.because
    found = names(HEALTHY | {4: "? ? ?", None: "? ? ?"})
    assert found.part is not None
    assert (found.effect, found.part.far_end, found.position) == (Effect.SILENCE, True, UNKNOWN)


def test_hops_without_icmp_are_not_named() -> None:
    mute = {1: ROUTERS[1], 4: "198.18.0.9"}
    neutral: Rows = {1: ". . .", 2: "? ? ?", 3: "? ? ?", 4: ". . .", 5: "V V V", None: "V V V"}
    listed: Rows = {1: ". . .", 2: "? ? ?", 3: "? ? ?", 4: "? ? ?", 5: "? ? ?", None: "? ? ?"}
    syns = ladder(TCP, Subject.LISTED, neutral, routers=mute)
    found = judged([syns, *pair(TLS, neutral, listed)], TLS)
    assert place(found) == (1, 4)
    assert "between hop 1 (198.51.100.1) and hop 4 (198.18.0.9)" in found.because

    reset = judged([syns, *pair(TLS, neutral, listed | dict.fromkeys((3, 4, 5, None), "R R R"))], TLS)
    assert place(reset) == (2, 3), "a reset tells its hop even where no router speaks"
    assert "between hop 2 (which sends no ICMP) and hop 3 (which sends no ICMP)" in reset.because


# -- packets that were seen ------------------------------------------------------------------------------------------


def _with_packets(
    ladders: list[Ladder], subject: Subject, ttls: tuple[int | None, ...], *packets: object
) -> list[Ladder]:
    """The same, with packets on the wire in every try of the subject at these hop limits."""

    def changed(one: Ladder) -> Ladder:
        if one.subject is not subject or one.carrier not in (TLS, HTTP):
            return one
        tries = tuple(replace(t, packets=(*t.packets, *packets)) if t.ttl in ttls else t for t in one.tries)
        return replace(one, tries=tries)

    return [changed(one) for one in ladders]


_ALL = (2, 3, 4, None)


def _struck(*packets: object, ttls: tuple[int | None, ...] = _ALL) -> Finding:
    ladders = way() + pair(TLS, HEALTHY, RESET_FROM_2)
    ladders = _with_packets(ladders, Subject.NEUTRAL, (None,), seen(H.CONNECTED, 61, window=65_160), seen(H.DATA, 61))
    ladders = _with_packets(ladders, Subject.LISTED, _ALL, seen(H.RESET, 63, window=0))
    return judged(_with_packets(ladders, Subject.LISTED, ttls, *packets), TLS, raw=True)


def test_seen_resets_without_any_word_of_routers_are_in_the_path() -> None:
    found = _struck()
    assert (found.position, found.device) == (IN, Spot(ttl=2, address=ROUTERS[2]))
    assert found.marks == ("hop limit on arrival 63, the server's own 61",)


def test_a_router_beyond_that_is_seen_after_the_reset_puts_it_beside_the_path() -> None:
    assert _struck(seen(H.TIME_EXCEEDED, 60), ttls=(3,)).position is ON


def test_the_servers_own_answer_after_the_reset_puts_it_beside_the_path() -> None:
    assert _struck(seen(H.DATA, 61), ttls=(None,)).position is ON


def test_a_hop_limit_that_fits_neither_end_points_to_nobody() -> None:
    ladders = way() + pair(TLS, HEALTHY, RESET_FROM_2)
    ladders = _with_packets(ladders, Subject.LISTED, _ALL, seen(H.RESET, 57))
    assert judged(ladders, TLS, raw=True).device is None


def test_a_forged_page_is_told_from_the_servers_by_its_hop_limit() -> None:
    page: Rows = {1: ". . .", 2: "D D D", 3: "D D D", 4: "D D D", None: "D D D"}
    ladders = way() + pair(HTTP, HEALTHY, page)
    ladders = _with_packets(ladders, Subject.NEUTRAL, (None,), seen(H.DATA, 61))
    ladders = _with_packets(ladders, Subject.LISTED, _ALL, seen(H.DATA, 63))
    assert judged(ladders, HTTP, raw=True).position is IN
    both = _with_packets(ladders, Subject.LISTED, (None,), seen(H.DATA, 61))
    assert judged(both, HTTP, raw=True).position is ON


# -- SYNs ------------------------------------------------------------------------------------------------------------


def syns(listed: Rows, *others: Ladder, neutral: Rows = HEALTHY) -> Finding:
    return judged(
        [*others, ladder(TCP, Subject.NEUTRAL, neutral, address=NEIGHBOUR), ladder(TCP, Subject.LISTED, listed)], TCP
    )


def test_an_address_that_is_dropped_or_refused_on_the_way() -> None:
    dropped, refused = syns(SILENT_FROM_2), syns({1: ". . .", 2: "X X X", 3: "X X X"}, plain())
    assert (dropped.effect, dropped.position, place(dropped)) == (Effect.SILENCE, IN, (1, 2))
    assert (refused.effect, refused.position, place(refused)) == (Effect.REFUSED, UNKNOWN, (1, 2))
    assert "own firewall would look the same" in dropped.because
    assert "own firewall would look the same" not in refused.because, "plain datagrams pass the hop"


def test_a_router_that_rejects_says_who_it_is() -> None:
    rejecting = {1: ROUTERS[1], 2: ROUTERS[2], 3: ROUTERS[2], 0: ROUTERS[2]}
    listed: Rows = {1: ". . .", 2: "! ! !", 3: "! ! !", None: "! ! !"}
    neutral = ladder(TCP, Subject.NEUTRAL, HEALTHY, address=NEIGHBOUR)
    found = judged([neutral, ladder(TCP, Subject.LISTED, listed, routers=rejecting)], TCP)
    assert (found.effect, found.device) == (Effect.REJECTED, Spot(ttl=2, address=ROUTERS[2]))


def test_connections_that_come_about_are_all_there_is_to_say() -> None:
    assert judged(way(), TCP).effect is Effect.NONE


def test_a_transparent_proxy() -> None:
    near: Rows = {None: "V V V", 1: ". . .", 2: "V V V"}
    found = judged([plain(), ladder(TCP, Subject.LISTED, near)], TCP)
    assert (found.effect, found.position, found.device) == (Effect.PROXY, IN, Spot(ttl=2, address=ROUTERS[2]))


def test_one_hop_less_for_connections_is_a_proxy_only_if_nobodys_address_answers_too() -> None:
    near: Rows = {None: "V V V", 1: ". . .", 2: ". . .", 3: "V V V"}
    ladders = [plain(), ladder(TCP, Subject.LISTED, near)]
    assert judged(ladders, TCP).effect is Effect.NONE
    silent = {1: ". . .", 2: ". . .", 3: "V V V"}
    found = judged([*ladders, ladder(TCP, Subject.SILENT, silent, address=SILENT)], TCP)
    assert (found.effect, found.device) == (Effect.PROXY, Spot(ttl=3, address=ROUTERS[3]))


def test_connections_that_come_about_only_after_a_loss_are_no_proxys() -> None:
    first_lost: Rows = {None: "? ? V", 1: ". . .", 2: ". . .", 3: ". . .", 4: "V V V"}
    found = syns(first_lost, plain())
    assert (found.effect, found.part) == (Effect.UNKNOWN, None)


def test_a_neutral_name_that_is_listed_too_proves_nothing() -> None:
    found = names(SILENT_FROM_2, neutral=RESET_FROM_2)
    assert (found.effect, found.part) == (Effect.UNKNOWN, None)


# -- DNS -------------------------------------------------------------------------------------------------------------

QUIET: Rows = {None: "? ? ?", 1: ". . .", 2: ". . .", 3: ". . .", 4: "? ? ?"}


@pytest.mark.parametrize(("at_2", "position"), [(".V .V .V", ON), ("V V V", IN)])
def test_an_answer_from_an_address_that_answers_nobody(at_2: str, position: Position) -> None:
    lie: Rows = {None: "V V V", 1: ". . .", 2: at_2, 3: at_2, 4: "V V V"}
    found = judged(way() + pair(NOBODY, QUIET, lie, address=SILENT, port=53), NOBODY)
    assert (found.effect, found.position, place(found)) == (Effect.ANSWER, position, (1, 2))


def test_a_second_answer_puts_the_first_beside_the_path() -> None:
    neutral: Rows = {None: "V V V", 1: ". . .", 2: ". . .", 3: "V V V"}
    lie: Rows = {None: "V2 V2 V", 1: ". . .", 2: "V V V", 3: "V V V"}
    found = judged([plain(address=RESOLVER), *pair(DNS, neutral, lie, address=RESOLVER, port=53)], DNS)
    assert (found.effect, found.position, place(found)) == (Effect.ANSWER, ON, (1, 2))


def test_a_resolvers_own_lie_is_not_on_the_way() -> None:
    answered: Rows = {None: "V V V", 1: ". . .", 2: "V V V"}
    assert judged(way() + pair(DNS, answered, answered, address=RESOLVER, port=53), DNS).effect is Effect.NONE


def test_nobody_answering_is_what_is_expected_of_a_silent_address() -> None:
    assert judged(way() + pair(NOBODY, QUIET, QUIET, address=SILENT, port=53), NOBODY).effect is Effect.NONE
    refused: Rows = {None: "X X X", 1: ". . .", 2: ". . .", 3: ". . .", 4: "X X X"}
    assert judged(way() + pair(NOBODY, refused, refused, port=53), NOBODY).effect is Effect.NONE


def test_an_answer_for_everybody_is_interception() -> None:
    answered: Rows = {None: "V V V", 1: "V V V"}
    found = judged(way() + pair(NOBODY, answered, answered, address=SILENT, port=53), NOBODY)
    assert (found.effect, found.device) == (Effect.PROXY, Spot(ttl=1, address=ROUTERS[1]))


def test_listed_questions_that_vanish_on_the_way() -> None:
    found = judged(way() + pair(DNS, HEALTHY, SILENT_FROM_2, address=RESOLVER, port=53), DNS)
    assert (found.effect, found.position, place(found)) == (Effect.SILENCE, IN, (1, 2))


# -- always ----------------------------------------------------------------------------------------------------------

_LETTERS = st.lists(st.sampled_from([".", "V", "R", "?", "F", ".R", "D", "!", "c", "X"]), min_size=1, max_size=3)
_ROWS = st.dictionaries(st.sampled_from([1, 2, 3, 4, None]), _LETTERS.map(" ".join), max_size=5)


@settings(max_examples=400, deadline=None)
@given(_ROWS, _ROWS, st.sampled_from([TLS, HTTP, NOBODY, DNS, TCP]), st.booleans())
def test_whatever_comes_back_the_finding_holds_together(
    listed: Rows, neutral: Rows, carrier: Carrier, raw: bool
) -> None:
    for one in judge_path(SITE, (*way(), *pair(carrier, neutral, listed, port=80)), raw=raw)[1]:
        claimed = one.effect not in (Effect.NONE, Effect.UNKNOWN)
        assert one.because
        assert claimed == (one.part is not None)
        assert claimed or one.position is UNKNOWN
        assert 0 <= one.k <= one.n
        if one.part is not None:
            assert one.part.last.ttl < one.part.first.ttl
            assert not one.part.far_end or one.position is UNKNOWN


@settings(max_examples=200, deadline=None)
@given(_ROWS, st.sampled_from([TLS, HTTP]))
def test_the_same_for_both_names_is_never_interference(rows: Rows, carrier: Carrier) -> None:
    assert names(rows, neutral=rows, carrier=carrier).effect in (Effect.NONE, Effect.UNKNOWN)
