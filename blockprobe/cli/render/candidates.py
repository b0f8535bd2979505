"""Candidates as lines of JSON, or as a table for people."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from blockprobe.mirrors.candidates import Merged
from blockprobe.model.mirror import NameLook, NameState

if TYPE_CHECKING:
    from rich.console import Console

#: So many rows are shown; the JSON has all.
MAX_ROWS = 50


def candidate_line(one: Merged, rank: int, look: NameLook | None) -> bytes:
    """One document: name, site, rank within the site, prior, every source, and what DNS says if it was asked."""
    document: dict[str, object] = {
        "name": one.name,
        "site": one.site,
        "rank": rank,
        "prior": round(one.prior, 6),
        "sources": [
            {"source": seen.source.value, "prior": round(seen.prior, 6), "seen_in": seen.seen_in} for seen in one.seen
        ],
    }
    if look is not None:
        document["dns"] = {key: value for key, value in asdict(look).items() if key != "name"}
    return json.dumps(document, ensure_ascii=False).encode()


def print_candidates(console: "Console", merged: tuple[Merged, ...], looks: Mapping[str, NameLook]) -> None:
    """The likeliest as a table. Once names were looked up, those that cannot be a mirror now are only counted."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from blockprobe.cli.render.console import printable

    shown = [one for one in merged if not looks or _worth_showing(looks.get(one.name))]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Prior", justify="right")
    for title in ("Name", "Site", "From"):
        table.add_column(title, overflow="fold")
    if looks:
        table.add_column("DNS", overflow="fold", ratio=1)
    for one in shown[:MAX_ROWS]:
        sources = ", ".join(source.value for source in one.sources)
        said = [Text(printable(_said(looks.get(one.name))))] if looks else []
        table.add_row(f"{one.prior:.4f}", Text(one.name), Text(one.site), sources, *said)
    console.print(table if shown else "no candidates")
    if (rest := len(shown) - MAX_ROWS) > 0:
        console.print(f"… and {rest} more; --format json has all")
    if looks:
        counts = Counter(look.state.value for look in looks.values())
        console.print("DNS: " + ", ".join(f"{count} {state}" for state, count in counts.most_common()))


def _worth_showing(look: NameLook | None) -> bool:
    return look is None or look.state in (NameState.RESOLVES, NameState.SERVFAIL, NameState.UNKNOWN)


def _said(look: NameLook | None) -> str:
    if look is None:
        return "not asked"
    differs = "; the line's own resolver says something else" if look.line_differs else ""
    return f"{look.state.value}: {look.because}{differs}"
