"""A trace for people: the drawing, the sentences, and nothing that a terminal would obey."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from blockprobe.cli.render.trace_table import print_trace
from blockprobe.model.trace import Carrier, Event, Heard, Ladder, Subject, TraceDocument, TracePath
from blockprobe.verdict.trace import judge_path
from tests.verdict.trace_build import SITE, Rows, pair, way

NEUTRAL: Rows = {1: ". . .", 2: ". . .", 3: ". . .", 4: "V V V", None: "V V V"}
LISTED: Rows = {1: ". . .", 2: ".R R R", 3: "R R R", 4: "R R ?", None: "R R R"}


def shown(ladders: list[Ladder], *, width: int = 120, **more: object) -> str:
    """The trace as text."""
    hops, findings = judge_path(SITE, tuple(ladders), raw=False)
    path = TracePath(family=4, address=SITE, hops=hops, ladders=tuple(ladders), findings=findings)
    document = TraceDocument(
        id="T", measured_at=datetime(2026, 11, 22, tzinfo=UTC), runtime_s=1.0, target="a.example", host="a.example",
        url="https://a.example/", paths=(path,), **more,
    )  # type: ignore[arg-type]  # fmt: skip
    stream = io.StringIO()
    print_trace(Console(file=stream, width=width), document)
    return stream.getvalue()


def test_the_way_is_drawn_hop_by_hop() -> None:
    text = shown(way() + pair(Carrier.TLS, NEUTRAL, LISTED))
    rows = {line.split()[1]: line.split() for line in text.splitlines() if line[:2].strip() in ("○", "│", "✗", "●")}
    assert [row[0] for row in rows.values()] == ["○", "│", "✗", "│", "●"]
    assert rows["2"][2:] == ["198.18.0.2", "10.0", "·", "·", "·", "·", "·", "·", "·R", "R", "R"]
    assert rows["4"][2:] == [SITE, "✓", "✓", "✓", "✓", "✓", "✓", "R", "R", "?"]
    assert "TLS: reset 11 of 12; beside the path: packets go on" in text
    assert "at hop 2 (198.18.0.2)" in text


def test_a_narrow_terminal_loses_nothing() -> None:
    text = shown(way() + pair(Carrier.TLS, NEUTRAL, LISTED), width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert "beside the path" in text


@pytest.mark.parametrize(("width", "drawings"), [(160, 1), (80, 2), (50, 4)])
def test_kinds_that_do_not_fit_side_by_side_are_drawn_below_each_other(width: int, drawings: int) -> None:
    kinds = [one for carrier in (Carrier.DNS, Carrier.TLS, Carrier.HTTP) for one in pair(carrier, NEUTRAL, LISTED)]
    text = shown(way() + kinds, width=width)
    titles = [line.split() for line in text.splitlines() if line.split()[:1] == ["Hop"]]

    assert max(map(len, text.splitlines())) <= width
    assert [title[:3] for title in titles] == [["Hop", "Router", "ms"]] * drawings
    assert sorted(word for title in titles for word in title[3:]) == ["listed"] * 4 + ["neutral"] * 3


def test_what_a_page_says_is_printed_and_not_obeyed() -> None:
    page: Rows = {1: ". . .", 2: "D D D", 3: "D D D", None: "D D D"}
    ladders = way() + pair(Carrier.HTTP, NEUTRAL, page)
    evil = Event(what=Heard.DATA, t_s=0.1, note="\x1b[2J" + "x" * 200)
    listed = next(one for one in ladders if (one.carrier, one.subject) == (Carrier.HTTP, Subject.LISTED))
    tries = tuple(type(t)(round=t.round, ttl=t.ttl, connected=True, heard=(*t.heard, evil)) for t in listed.tries)
    ladders[ladders.index(listed)] = Ladder(
        carrier=listed.carrier, subject=listed.subject, address=SITE, port=443, tries=tries
    )
    text = shown(ladders)
    assert "\x1b" not in text
    assert "said: \ufffd[2J" in text
    assert "x" * 80 not in text


@pytest.mark.parametrize("note", ["No raw sight (…)", "punished"])
def test_notes_are_told(note: str) -> None:
    assert note in shown(way(), notes=(note,))
