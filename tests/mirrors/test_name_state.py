import pytest

from blockprobe.mirrors.name_state import NameFacts, look_of
from blockprobe.model.addresses import is_bogon
from blockprobe.model.mirror import NameAnswer, NameState
from blockprobe.model.name_service import NameService, ServiceKind

SITE, OTHER, BLOCK_PAGE = ("1.2.3.4",), ("5.6.7.8",), ("9.9.9.9",)
PARKING = NameService(id="p", title="Parking", kind=ServiceKind.PARKING, source="https://a.example/")
SEIZURE = NameService(id="s", title="Court", kind=ServiceKind.SEIZURE, source="https://a.example/")


def said(failure: str | None = None, addresses: tuple[str, ...] = ()) -> NameAnswer:
    return NameAnswer(resolver="udp://r", failure=failure, addresses=addresses)


SITES, NX = said(addresses=SITE), said("dns_nxdomain_error")
NODATA, SERVFAIL = said("dns_no_answer"), said("dns_servfail_error")
SILENT, REFUSED = said("generic_timeout_error"), said("dns_refused_error")


def look(**facts):
    return look_of(NameFacts(name="a.example", **facts), is_bogon)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"outside": SITES}, NameState.RESOLVES),
        ({"outside": NX}, NameState.NXDOMAIN),
        ({"outside": NX, "line": SITES}, NameState.NXDOMAIN),
        ({"outside": NODATA}, NameState.NO_ADDRESS),
        ({"outside": SERVFAIL}, NameState.SERVFAIL),
        ({"outside": SITES, "service": PARKING}, NameState.PARKED),
        ({"outside": NODATA, "service": PARKING}, NameState.PARKED),
        ({"outside": SITES, "service": SEIZURE}, NameState.SEIZED),
        ({"outside": said(addresses=("127.0.0.1", "::1"))}, NameState.SINKHOLE),
        ({"outside": said(addresses=("127.0.0.1", *SITE))}, NameState.RESOLVES),
        ({"outside": SITES, "sibling": SITE}, NameState.WILDCARD),
        ({"outside": SITES, "sibling": OTHER}, NameState.RESOLVES),
        ({"outside": SITES, "sibling": ()}, NameState.RESOLVES),
        # Nobody but the line's own resolver: what it denies may be the block.
        ({"outside": None, "line": NX}, NameState.UNKNOWN),
        ({"outside": None, "line": SERVFAIL}, NameState.UNKNOWN),
        ({"outside": None, "line": None}, NameState.UNKNOWN),
        ({"outside": SILENT, "line": NX}, NameState.UNKNOWN),
        ({"outside": REFUSED, "line": NODATA}, NameState.UNKNOWN),
        ({"outside": None, "line": SITES}, NameState.RESOLVES),
        ({"outside": SILENT, "line": said(addresses=("127.0.0.1",))}, NameState.UNKNOWN),
    ],
)
def test_the_state_of_a_name(facts, state):
    assert look(**facts).state is state


@pytest.mark.parametrize("line", [NX, NODATA, SERVFAIL, SILENT, REFUSED, said(addresses=BLOCK_PAGE), None])
def test_what_the_line_says_never_changes_what_others_said(line):
    with_line, without = look(outside=SITES, line=line), look(outside=SITES)

    assert (with_line.state, with_line.because) == (without.state, without.because)
    assert with_line.line == line


@pytest.mark.parametrize(
    ("outside", "line", "differs"),
    [
        (SITES, SITES, False),
        (SITES, said(addresses=(*OTHER, *SITE)), False),
        (SITES, said(addresses=BLOCK_PAGE), True),
        (SITES, NX, True),
        (NX, NX, False),
        (NX, SERVFAIL, True),
        (SITES, None, None),
        (None, NX, None),
    ],
)
def test_where_the_line_says_something_else_is_kept(outside, line, differs):
    assert look(outside=outside, line=line).line_differs is differs


def test_only_an_encrypted_answer_is_sure_and_the_sentence_says_so():
    assert look(outside=NX, encrypted=True).sure
    assert "somebody on the path" not in look(outside=NX, encrypted=True).because
    assert not look(outside=NX).sure
    assert "somebody on the path" in look(outside=NX).because
    assert not look(outside=None, encrypted=True, line=SITES).sure or look(outside=None, line=SITES).sure is False


def test_a_label_that_nobody_made_says_whether_everything_resolves():
    assert look(outside=SITES, below=SITE).any_label is True
    assert look(outside=SITES, below=()).any_label is False
    assert look(outside=SITES).any_label is None
