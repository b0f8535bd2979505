"""One record as one row: what a table needs of it, and no more."""

from dataclasses import dataclass

from blockprobe.model.record import Record
from blockprobe.model.words import State

#: How each state is coloured on a terminal.
STYLES = {
    State.ACCESSIBLE: "green",
    State.BLOCKED: "bold red",
    State.DOWN: "yellow",
    State.REFUSED: "magenta",
    State.INCONCLUSIVE: "cyan",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table; `mechanism` is "" where nothing interferes, `grade` says what it rests on."""

    target: str
    state: State
    mechanism: str
    grade: str
    because: str


def row_of(record: Record) -> Row:
    """The row of one record."""
    verdict = record.verdict
    return Row(
        target=record.target.input,
        state=verdict.state,
        mechanism=_mechanism(record),
        grade=_grade(record),
        because=verdict.because,
    )


def _mechanism(record: Record) -> str:
    """Proven ones; else, marked by a question mark, what it looked like; else what a browser gets around by itself."""
    verdict = record.verdict
    if verdict.mechanisms:
        return ", ".join(verdict.mechanisms)
    if verdict.suspected:
        return ", ".join(f"{mechanism}?" for mechanism in verdict.suspected)
    return ", ".join(dict.fromkeys(one.mechanism for one in verdict.interference))


def _grade(record: Record) -> str:
    verdict = record.verdict
    if verdict.grade is not None:
        return verdict.grade.value + (" (partial)" if verdict.partial else "")
    if verdict.refusal is not None:
        return verdict.refusal.value
    return ", ".join(reason.value for reason in verdict.reasons)
