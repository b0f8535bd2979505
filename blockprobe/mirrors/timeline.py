"""PURE: a page for people: when each mirror of a site lived, and when this line blocked it. HTML and SVG, no script.

The page holds names: it is for the operator, and whoever gets it from him.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from blockprobe.mirrors.figures import is_site
from blockprobe.model.history import Interval
from blockprobe.model.mirror_life import Life, LifeState

#: Rows of the plot; the likeliest to matter come first.
MAX_ROWS = 200
_LEFT, _WIDTH, _ROW, _TOP = 260, 720, 22, 34
_TICKS = 6
_ALIVE, _BLOCKED, _DEAD = "#2a9d4a", "#c0392b", "#8a8f98"
_ORDER = (LifeState.OPEN, LifeState.UNKNOWN, LifeState.BLOCKED, LifeState.DEAD)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mirrors of {title}</title>
<style>body{{font:15px/1.5 sans-serif;max-width:1040px;margin:2em auto;color:#222}}
svg{{font:12px sans-serif;width:100%;height:auto}}
.key i{{display:inline-block;width:1.2em;height:.8em;margin:0 .4em 0 1em}}
.gap{{background:repeating-linear-gradient(90deg,#999 0 2px,#fff 2px 4px)}}
</style></head><body>
<h1>Mirrors of {title}</h1>
<p>{summary} Times are UTC; the page was made at {now}.</p>
<p class="key"><i style="background:{alive}"></i>seen alive<i style="background:{blocked}"></i>blocked on this line
<i style="background:{dead}"></i>dead for everybody<i class="gap"></i>nobody looked: the change lies in there</p>
{plot}
<p>A green bar says that the mirror answered where the censor is not. It begins when we first saw it, which may be long
after it was made.</p>
</body></html>
"""


def timeline_page(site: str, lives: Sequence[Life], now: datetime) -> str:
    """The page for one site; every name in it is escaped."""
    rows = sorted((life for life in lives if life.first_alive and not is_site(life)), key=_rank)
    own = [life for life in lives if is_site(life) and life.first_alive]
    shown = [*own, *rows[:MAX_ROWS]]
    left_out = f" {len(rows) - MAX_ROWS} more are not shown." if len(rows) > MAX_ROWS else ""
    counts = ", ".join(f"{sum(life.state is state for life in rows)} {state}" for state in _ORDER)
    return _PAGE.format(
        title=_text(site),
        summary=f"{len(rows)} mirrors were seen alive: {counts}.{left_out}",
        now=f"{now:%Y-%m-%d %H:%M}",
        plot=_plot(shown, now) if shown else "<p>Nothing was seen alive yet.</p>",
        alive=_ALIVE,
        blocked=_BLOCKED,
        dead=_DEAD,
    )


def _text(name: str) -> str:
    """A name as text of the page, without what no page may hold."""
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in name))


def _rank(life: Life) -> tuple[int, str]:
    return _ORDER.index(life.state), life.name


def _plot(rows: Sequence[Life], now: datetime) -> str:
    began = min(start for life in rows for start in _starts(life))
    scale = _Scale(began, max(now, began + timedelta(hours=1)))
    height = _TOP + _ROW * len(rows) + 8
    parts = [
        f'<svg viewBox="0 0 {_LEFT + _WIDTH + 10} {height}" role="img" aria-label="timeline">',
        *scale.axis(height),
    ]
    for number, life in enumerate(rows):
        parts += _row(life, _TOP + _ROW * number, scale)
    return "\n".join([*parts, "</svg>"])


def _starts(life: Life) -> list[datetime]:
    assert life.first_alive is not None
    ends = [life.first_alive, *(end for end in (life.blocked, life.dead) if end)]
    return [end.after or end.until for end in ends]


class _Scale:
    """Times to places."""

    def __init__(self, began: datetime, ends: datetime) -> None:
        self.began, self.ends = began, ends

    def x(self, at: datetime) -> float:
        share = (at - self.began) / (self.ends - self.began)
        return round(_LEFT + _WIDTH * min(1.0, max(0.0, share)), 1)

    def axis(self, height: int) -> list[str]:
        span = self.ends - self.began
        form = "%m-%d %H:%M" if span < timedelta(days=4) else "%Y-%m-%d"
        parts = []
        for number in range(_TICKS + 1):
            at = self.began + span * number / _TICKS
            x, anchor = self.x(at), "end" if number == _TICKS else "middle"
            parts.append(f'<line x1="{x}" x2="{x}" y1="20" y2="{height}" stroke="#e3e5e8"/>')
            parts.append(f'<text x="{x}" y="14" text-anchor="{anchor}">{at.strftime(form)}</text>')
        return parts


def _row(life: Life, y: int, scale: _Scale) -> list[str]:
    first = life.first_alive
    assert first is not None
    alive_until = life.last_alive_at or first.until
    name = _text(life.name if len(life.name) <= 38 else life.name[:37] + "…")
    weight = ' font-weight="bold"' if is_site(life) else ""
    parts = [
        f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end"{weight}><title>{_text(life.name)}: {life.state}, '
        f"{life.kind}</title>{name}</text>",
        _bar(scale, first.until, alive_until, _ALIVE, y + 4),
    ]
    if life.dead:
        parts.append(_bar(scale, life.dead.until, scale.ends, _DEAD, y + 4))
        parts.append(_doubt(scale, life.dead, y + 4))
    if life.blocked:
        until = life.dead.until if life.dead else scale.ends
        parts.append(_bar(scale, life.blocked.until, until, _BLOCKED, y + 11))
        parts.append(_doubt(scale, life.blocked, y + 11))
    return parts


def _bar(scale: _Scale, began: datetime, until: datetime, colour: str, y: int) -> str:
    x = scale.x(began)
    return f'<rect x="{x}" y="{y}" width="{max(2.0, round(scale.x(until) - x, 1))}" height="6" fill="{colour}"/>'


def _doubt(scale: _Scale, interval: Interval, y: int) -> str:
    """Where the change lies: dotted from the last look before it to the first after it."""
    if interval.after is None:
        return ""
    x1, x2 = scale.x(interval.after), scale.x(interval.until)
    return (
        f'<line x1="{x1}" x2="{x2}" y1="{y + 3}" y2="{y + 3}" stroke="#999" stroke-width="6" stroke-dasharray="2 2"/>'
    )
