"""The operator's calendar of windows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blockprobe.catalogue import calendar
from blockprobe.catalogue.calendar import load_calendar, unknown_orders
from blockprobe.catalogue.faults import CatalogueFaults

MATCH = '[[window]]\nid = "final"\nstart = 2026-05-30T21:00:00+02:00\nend = 2026-05-30T21:00:00Z\n'


def of(text: str, folder: Path) -> Path:
    """A calendar file."""
    path = folder / "matches.toml"
    path.write_text(text)
    return path


def test_windows_come_by_their_start_in_utc(tmp_path: Path) -> None:
    earlier = '[[window]]\nid = "semi"\nstart = 2026-05-20T19:00:00Z\nend = 2026-05-20T21:00:00Z\ncadence_s = 120\n'

    first, second = load_calendar(of(MATCH + 'orders = ["zz/first"]\n' + earlier, tmp_path))

    assert (first.id, first.cadence_s, first.orders) == ("semi", 120.0, ())
    assert (second.start, second.end) == (datetime(2026, 5, 30, 19, tzinfo=UTC), datetime(2026, 5, 30, 21, tzinfo=UTC))
    assert (second.cadence_s, second.orders) == (300.0, ("zz/first",))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (MATCH + MATCH, "window 2 (final): id: is used already; choose another"),
        (MATCH.replace("21:00:00Z", "19:00:00Z"), "window 1 (final): end: is not after start"),
        (MATCH.replace("21:00:00Z", "23:00:00"), "end: 2026-05-30T23:00:00 has no offset from UTC"),
        (MATCH + "cadence_s = 0\n", "cadence_s: 0.0 is out of range; give 10.0 to 86400.0"),
        (MATCH + "cadense_s = 60\n", "cadense_s: unknown key; did you mean cadence_s?"),
        ("[[match]]\n", "match: unknown table; begin each entry with [[window]]"),
        ("window = 3\n", "window: must be tables; begin each entry with [[window]]"),
        ("[window\n", "not TOML"),
    ],
)
def test_each_fault_says_what_to_do(text: str, fault: str, tmp_path: Path) -> None:
    path = of(text, tmp_path)

    with pytest.raises(CatalogueFaults) as caught:
        load_calendar(path)

    [found] = caught.value.faults
    assert found.startswith(f"{path}: ")
    assert fault in found


def test_a_calendar_of_ages_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "MAX_WINDOWS", 1)

    with pytest.raises(CatalogueFaults, match="2 windows; give at most 1"):
        load_calendar(of(MATCH + MATCH, tmp_path))


def test_an_order_that_the_catalogue_lacks_is_named(tmp_path: Path) -> None:
    windows = load_calendar(of(MATCH + 'orders = ["zz/frst"]\n', tmp_path))

    assert unknown_orders(windows, ["zz/first"]) == (
        "window final: orders: no order 'zz/frst'; did you mean zz/first?",
    )


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200))
def test_whatever_bytes_it_holds_only_faults_are_raised(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "matches.toml"
    path.write_bytes(content)

    try:
        assert isinstance(load_calendar(path), tuple)
    except CatalogueFaults:
        return
