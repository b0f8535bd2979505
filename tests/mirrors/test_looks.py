"""What a record says of a mirror's life: the helper's page decides whether it lives, the verdict what the line does."""

from dataclasses import replace

import pytest

from blockprobe.mirrors.looks import look_of, reference_of
from blockprobe.model.control import Control, ControlHttp
from blockprobe.model.failure import Failure
from blockprobe.model.mirror import MirrorClass
from blockprobe.model.record import Record
from blockprobe.model.words import SiteState, State
from blockprobe.verdict.sketch import text_sketch
from tests.store.build import golden

TITLES = " ".join(
    f"film {word} of the year and its sequel"
    for word in ["amber", "birch", "cedar", "dune", "elm", "fir", "gorse", "hazel"]
)
SITE = text_sketch(f"<p>{TITLES}</p>")
CHURNED = text_sketch(f"<p>new arrivals today only here</p><p>{TITLES}</p>")
OTHER = text_sketch(
    "<p>" + " ".join(f"buy {word} shoes cheap now in our shop" for word in ["red", "blue", "green", "grey"])
)
SHELL = text_sketch("<p>checking your browser</p>")


def seen(*sketches: tuple[int, ...], site: SiteState = SiteState.ALIVE, state: State = State.ACCESSIBLE) -> Record:
    """A record whose helpers ended on pages with these sketches."""
    control = tuple(helper(ControlHttp(url="https://m.example/", failure=None, status=200, sketch=s)) for s in sketches)
    record = golden()
    verdict = replace(record.verdict, site_state=site, state=state)
    return replace(record, verdict=verdict, control=control)


def helper(*hops: ControlHttp) -> Control:
    return Control(helper="https://ctl.example/", url="https://m.example/", t0_s=0, t_s=1, failure=None, hops=hops)


@pytest.mark.parametrize(
    ("record", "kind", "alive"),
    [
        (seen(SITE), None, True),
        (seen(CHURNED), None, True),
        (seen(OTHER), None, False),
        (seen(SHELL), None, None),
        (seen(()), None, None),
        (seen(), None, None),
        (seen(SHELL, SITE), None, True),
        (seen(OTHER, SHELL), None, None),
        (seen(site=SiteState.DOWN), None, False),
        (seen(site=SiteState.DOWN, state=State.BLOCKED), None, False),
        (seen(SITE, state=State.BLOCKED), None, True),
        (seen(OTHER), MirrorClass.PROXY_LIVE, True),
        (seen(SITE), MirrorClass.PARKED, False),
        (seen(SITE), MirrorClass.PHISH_LURE, False),
        (seen(OTHER), MirrorClass.UNDETERMINED, False),
    ],
)
def test_what_lives_is_what_still_shows_the_site_to_the_helper(record, kind, alive):
    look = look_of(record, SITE, kind=kind)

    assert (look.alive, look.line, look.kind) == (alive, record.verdict.state, kind)
    assert (look.at, look.took_s) == (record.measured_at, record.runtime_s)


def test_without_a_reference_a_page_proves_no_life():
    assert look_of(seen(SITE), ()).alive is None


def test_an_error_page_or_a_helper_that_failed_is_no_page():
    error = seen()
    for hop in (
        ControlHttp(url="u", failure=None, status=503, sketch=SITE),
        ControlHttp(url="u", failure="x", sketch=SITE),
    ):
        assert look_of(replace(error, control=(helper(hop),)), SITE).alive is None
    failed = replace(helper(ControlHttp(url="u", failure=None, status=200, sketch=SITE)), failure=Failure.EOF_ERROR)
    assert look_of(replace(error, control=(failed,)), SITE).alive is None


def test_the_reference_is_the_sites_page_as_a_helper_saw_it():
    assert reference_of(seen(SITE)) == SITE
    assert reference_of(seen(SHELL, SITE)) == SITE
    assert reference_of(seen(SHELL)) == ()
    assert reference_of(seen()) == ()
