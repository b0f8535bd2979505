"""Compliance for people: a row an order and respondent, or one order with all that is beside its figures."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from blockprobe.cli.render.console import printable
from blockprobe.model.order import Order
from blockprobe.verdict.compliance import FEWEST, Abstained, Compliance, Count
from blockprobe.verdict.counting import Span

#: So many names are shown in a row; all of them are in the JSON.
_MAX_NAMES = 10
_NARROW = 64  # columns below which a table would be all folds
_HINT = "What is counted, and what is never claimed: docs/compliance.md"


def print_compliances(console: Console, figures: tuple[Compliance, ...], orders: Mapping[str, Order]) -> None:
    """A row for each, then how many respondents are not seen from this line."""
    if not figures:
        console.print(Text(_nothing(orders)))
        return
    if console.width < _NARROW:
        for one in figures:
            console.print(_detail(one))
    else:
        console.print(_wide(figures))
    _print_refusals(console, figures)
    bound = sum(len(order.respondents) for order in orders.values())
    if bound > len(figures):
        console.print(_plain(f"{bound - len(figures)} respondents on other networks are not seen from this line."))
    console.print(Text(_HINT, style="dim"))


def _wide(figures: tuple[Compliance, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("Order\nRespondent", overflow="fold", max_width=26)
    table.add_column("Implemented", overflow="fold")
    table.add_column("Reach", overflow="fold")
    table.add_column("Late", justify="right")
    table.add_column("Time to block\nUnblock lag", overflow="fold")
    for one in figures:
        times = "\n".join((span_text(one.median_time_to_block), span_text(one.median_unblock_lag)))
        table.add_row(
            _plain(f"{one.order}\n{one.network}"),
            _plain(figure_text(one.implemented)),
            _plain(figure_text(one.reach)),
            "–" if one.deadline is None and not one.late else str(len(one.late)),
            times,
        )
    return table


def print_compliance(console: Console, figures: tuple[Compliance, ...], order: Order) -> None:
    """One order: everything about each respondent that there is something to say of."""
    if not figures:
        console.print(_plain(f"{order.id}: the catalogue names no respondent of this order."))
    seen = [one for one in figures if one.implemented.total > one.implemented.abstained_why.get(Abstained.NEVER, 0)]
    for one in seen or figures[:1]:
        console.print(_detail(one))
    others = [one.network for one in figures if one not in (seen or figures[:1])]
    if others:
        console.print(_plain(f"Not seen from this line: {_names(others)}."))
    console.print(Text(_HINT, style="dim"))


def _detail(one: Compliance) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(_plain(one.order), overflow="fold")
    table.add_column(_plain(one.network), overflow="fold", ratio=1)
    for question, answer in _rows(one):
        table.add_row(question, _plain(answer))
    return table


def figure_text(count: Count) -> str:
    """Counts, bounds and ratio as far as they are given."""
    text = f"{count.blocked} blocked, {count.open} open"
    if count.abstained:
        text += f", {count.abstained} unknown"
    if count.flagged:
        text += f", {count.flagged} flagged"
    if count.lower is not None and count.upper is not None:
        text += f"\n{count.lower:.0%} to {count.upper:.0%}"
    return text if count.ratio is None else f"{text}; {count.ratio:.0%} of known"


def span_text(span: Span | None) -> str:
    """An interval of seconds in the unit that suits it."""
    if span is None:
        return "–"
    if span.upper is None:
        return f"over {_duration(span.lower)}"
    return f"{_duration(span.lower)} to {_duration(span.upper)}"


def _nothing(orders: Mapping[str, Order]) -> str:
    if not orders:
        return "no orders: add some to a folder of [catalogue] paths (docs/orders.md)"
    return f"none of the {len(orders)} orders of the catalogue binds this line's network ([vantage] isp)"


def _print_refusals(console: Console, figures: tuple[Compliance, ...]) -> None:
    """Each reason once, with the orders that it concerns."""
    reasons: dict[str, list[str]] = {}
    for one in figures:
        if one.refused is not None and one.refused_because is not None:
            reasons.setdefault(f"{one.refused}: {one.refused_because}", []).append(one.order)
    for reason, names in reasons.items():
        console.print(_plain(f"No figure ({reason}): {_names(names)}."))


def _rows(one: Compliance) -> Iterator[tuple[str, str]]:
    if one.refused is not None:
        yield "No figure", f"{one.refused}: {one.refused_because}"
    yield "Implemented", _figure(one.implemented, one)
    yield "Reach", _figure(one.reach, one)
    yield "Last look", _time(one.last_conclusive_at)
    yield "Deadline", f"{_time(one.deadline)}; {len(one.late)} late"
    yield "Time to block", f"{span_text(one.median_time_to_block)} (median); {_met(one)}"
    if one.unblock_lag:
        yield "Unblock lag", f"{span_text(one.median_unblock_lag)} (median of {len(one.unblock_lag)})"
    yield from _counted("Mechanisms", {str(key): count for key, count in one.mechanisms.items()})
    yield from _counted("Causes", {str(key): count for key, count in one.causes.items()})
    yield from _counted("Flags", {str(key): count for key, count in one.flags.items()})
    for question, names in _lists(one):
        if names:
            yield question, f"{len(names)}: {_names(names)}"


def _lists(one: Compliance) -> tuple[tuple[str, list[str]], ...]:
    return (
        ("Late", list(one.late)),
        ("Partial", list(one.partial)),
        ("Parity gaps", list(one.parity_gaps)),
        ("Open below", list(one.scope_gaps)),
        ("By other means", list(one.other_means)),
        ("Open again", list(one.reopened)),
        ("Flagged, blocked", list(one.flagged_blocked)),
        ("Stale entries", [f"{entry.target} ({entry.why})" for entry in one.stale]),
        ("Collateral", [entry.target for entry in one.collateral]),
    )


def _figure(count: Count, one: Compliance) -> str:
    text = figure_text(count).replace("\n", "; ")
    if one.refused is None and count.ratio is None:
        text += f"; no ratio on fewer than {FEWEST}"
    why = ", ".join(f"{number} {reason}" for reason, number in count.abstained_why.items())
    return f"{text} (unknown: {why})" if why else text


def _met(one: Compliance) -> str:
    answers = [time.deadline_met for time in one.time_to_block if time.deadline is not None]
    if not answers:
        return "no deadline is known"
    return "in time: " + ", ".join(f"{answers.count(word)} {word}" for word in dict.fromkeys(sorted(answers)))


def _counted(question: str, counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    if counts:
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        yield question, ", ".join(f"{count} {word}" for word, count in ordered)


def _names(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    rest = len(unique) - _MAX_NAMES
    return ", ".join(unique[:_MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _time(at: datetime | None) -> str:
    return "not known" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _plain(text: str) -> Text:
    return Text("\n".join(printable(line) for line in text.split("\n")))
