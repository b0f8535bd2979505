"""The page with a timeline: what it shows, and that a name cannot be more than a name in it."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from blockprobe.mirrors.timeline import MAX_ROWS, timeline_page
from blockprobe.model.history import Interval
from blockprobe.model.mirror import Source
from blockprobe.model.mirror_life import Life
from blockprobe.model.words import State
from tests.model.strategies import any_of

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ALIVE = Life(
    name="a.example", site="site.example", source=Source.LINK, known_at=NOON, line=State.ACCESSIBLE,
    first_alive=Interval(after=NOON - DAY, until=NOON), last_alive_at=NOON + 4 * DAY, last_at=NOON + 4 * DAY,
)  # fmt: skip
BLOCKED = replace(ALIVE, name="b.example", blocked=Interval(after=NOON + DAY, until=NOON + 2 * DAY))
DEAD = replace(ALIVE, name="d.example", dead=Interval(after=NOON + DAY, until=NOON + 3 * DAY))
SITE = replace(BLOCKED, name="site.example")


def bars(page: str) -> list[dict[str, str]]:
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    return [element.attrib for element in ET.fromstring(svg).iter() if element.tag == "rect"]


def test_every_life_is_a_row_and_what_ended_it_a_bar_of_its_own():
    page = timeline_page("site.example", [SITE, ALIVE, BLOCKED, DEAD], NOON + 4 * DAY)

    assert [bar["fill"] for bar in bars(page)] == [
        "#2a9d4a", "#c0392b",  # the site itself
        "#2a9d4a",
        "#2a9d4a", "#c0392b",
        "#2a9d4a", "#8a8f98",
    ]  # fmt: skip
    assert "3 mirrors were seen alive" in page


def test_bars_lie_where_the_times_are():
    [alive, blocked] = bars(timeline_page("site.example", [BLOCKED], NOON + 4 * DAY))

    share = 720 / 5  # of a day; the axis begins at the last look before it lived
    assert float(alive["x"]) == 260 + share
    assert float(alive["width"]) == 4 * share
    assert float(blocked["x"]) == 260 + 3 * share
    assert float(blocked["width"]) == 2 * share


def test_a_name_is_text_and_nothing_else():
    evil = replace(ALIVE, name='<script>alert(1)</script>"&')
    page = timeline_page("<b>", [evil], NOON + DAY)

    assert "<script" not in page
    assert "<b>" not in page
    assert bars(page)


def test_nothing_alive_and_too_much_are_said():
    assert "Nothing was seen alive yet" in timeline_page("site.example", [], NOON)
    many = [replace(ALIVE, name=f"{number}.example") for number in range(MAX_ROWS + 3)]
    assert "3 more are not shown" in timeline_page("site.example", many, NOON + DAY)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(any_of(Life), max_size=3))
def test_whatever_is_in_the_book_makes_a_page(lives):
    page = timeline_page("site.example", lives, NOON)

    if "<svg" in page:
        bars(page)
