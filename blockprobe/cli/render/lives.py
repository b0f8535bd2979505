"""Lives of mirrors and what they add up to, as lines of JSON or for people."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from blockprobe.mirrors.figures import MirrorFigures, figures, is_site
from blockprobe.mirrors.survival import Cause, HalfLife
from blockprobe.model.history import Interval
from blockprobe.model.mirror_life import Life, LifeState

if TYPE_CHECKING:
    from rich.console import Console

LIFE, FIGURES = "blockprobe.mirror_life/1", "blockprobe.mirror_figures/1"
_ORDER = (LifeState.OPEN, LifeState.UNKNOWN, LifeState.BLOCKED, LifeState.DEAD, LifeState.NEVER)
_ONE = {"mirrors": "mirror", "proxies": "proxy"}
_HOUR_S, _DAY_S = 3600.0, 86400.0
#: So many rows are shown; the JSON has all.
MAX_ROWS = 100


def life_line(life: Life) -> bytes:
    """One document a life; times are UTC, an interval is `after` and `until`."""
    document = TypeAdapter(Life).dump_python(life, mode="json", exclude={"page", "page_at"})
    return _line({"schema": LIFE, "state": life.state, "is_site": is_site(life), **document})


def figures_line(site: str, lives: Sequence[Life], now: datetime) -> bytes:
    """One document a site: counts by state, coverage with its bounds, half-lives and substitution in seconds."""
    found = figures(lives, now)
    cover = found.coverage
    counts = {state.value: sum(life.state is state for life in lives if not is_site(life)) for state in _ORDER}
    return _line({
        "schema": FIGURES,
        "site": site,
        "at": now.isoformat(),
        "counts": counts,
        "coverage": {
            "blocked": cover.blocked, "open": cover.open, "unknown": cover.unknown, "live": cover.live,
            "ratio": cover.ratio, "lower": cover.lower, "upper": cover.upper,
        },
        "half_lives": [_half_life(one) for one in found.half_lives],
        "substitution": _half_life(found.substitution) | {"losses": found.losses, "at_once": found.at_once},
    })  # fmt: skip


def print_lives(console: "Console", site: str, lives: Sequence[Life], now: datetime) -> None:
    """A row a mirror that lives or lived, and the figures in sentences."""
    from rich.text import Text

    from blockprobe.cli.render.console import printable

    own = next((life for life in lives if is_site(life)), None)
    console.print(Text(f"{printable(site)}: {_own(own)}"))
    print_table(console, lives, now, what="mirrors")


def print_table(console: "Console", lives: Sequence[Life], now: datetime, *, what: str) -> None:
    """The same without the line about the site; `what` they are: mirrors or proxies."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from blockprobe.cli.render.console import printable

    mirrors = sorted((one for one in lives if not is_site(one)), key=lambda one: (_ORDER.index(one.state), one.name))
    shown = [one for one in mirrors if one.state is not LifeState.NEVER]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in (_ONE[what].capitalize(), "State", "Class", "Alive since", "Blocked since", "Dead since"):
        table.add_column(title, overflow="fold")
    for one in shown[:MAX_ROWS]:
        times = [_between(interval) for interval in (one.first_alive, one.blocked, one.dead)]
        table.add_row(Text(printable(one.name)), one.state.value, one.kind.value, *times)
    if shown:
        console.print(table)
    if (rest := len(shown) - MAX_ROWS) > 0:
        console.print(f"… and {rest} more; --format json has all")
    for sentence in sentences(figures(lives, now), never=len(mirrors) - len(shown), what=what):
        console.print(sentence)


def sentences(found: MirrorFigures, *, never: int, what: str = "mirrors") -> list[str]:
    """The figures in words."""
    cover, said = found.coverage, []
    if cover.live:
        bounds = f"{cover.lower:.0%}" if cover.ratio is not None else f"{cover.lower:.0%} to {cover.upper:.0%}"
        said.append(
            f"Of {cover.live} known live {what} this line blocks {cover.blocked}, opens {cover.open} and leaves "
            f"{cover.unknown} in doubt: {bounds} blocked."
        )
    else:
        said.append(f"No {_ONE[what]} is known to live.")
    said += [f"Half of them {_ended(one)}." for one in found.half_lives if one.ended]
    if found.losses:
        after = "" if found.substitution.latest_s is None else f", half within {_duration(found.substitution.latest_s)}"
        made_good = found.substitution.ended
        said.append(
            f"Of {found.losses} losses that could be dated {made_good} were made good, {found.at_once} at once{after}."
        )
    if never:
        said.append("One name was never seen alive." if never == 1 else f"{never} names were never seen alive.")
    return said


def _ended(one: HalfLife) -> str:
    verb = {None: "are lost", Cause.BLOCKED: "are blocked", Cause.DEAD: "are dead", Cause.REPLACED: "are replaced"}
    if one.latest_s is None and one.earliest_s is None:
        return f"{verb[one.cause]} at no time yet ({one.ended} of {one.n})"
    wide = f"{_duration(one.lower_s)} to {_duration(one.upper_s)}"
    return (
        f"{verb[one.cause]} between {_duration(one.earliest_s)} and {_duration(one.latest_s)} after they were first "
        f"seen (95 %: {wide}; {one.ended} of {one.n})"
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "no end in sight"
    return f"{seconds / _HOUR_S:.1f} h" if seconds < 2 * _DAY_S else f"{seconds / _DAY_S:.1f} days"


def _between(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return (
        f"{_minute(interval.after)} – {_minute(interval.until)}" if interval.after else f"by {_minute(interval.until)}"
    )


def _minute(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _own(life: Life | None) -> str:
    if life is None or life.last_at is None:
        return "not looked at yet"
    if life.blocked:
        return f"blocked on this line ({_between(life.blocked)} UTC)"
    return f"on this line {life.line or 'unknown'}, last look {_minute(life.last_at)} (UTC)"


def _half_life(one: HalfLife) -> dict[str, Any]:
    return {
        "cause": one.cause or "either", "earliest_s": one.earliest_s, "latest_s": one.latest_s,
        "lower_s": one.lower_s, "upper_s": one.upper_s, "ended": one.ended, "n": one.n,
    }  # fmt: skip


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
