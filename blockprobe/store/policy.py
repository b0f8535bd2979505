"""Which records keep all their evidence: changes, whatever is not plainly open, and one a day."""

from datetime import datetime, timedelta

from blockprobe.model.history import History
from blockprobe.model.record import Record
from blockprobe.model.words import State

#: Evidence of an open site is kept in full once in so long.
FULL_EVERY = timedelta(days=1)


def wants_full(history: History, record: Record, now: datetime) -> bool:
    """Whether a record of the target is kept in full; `history` is that before it.

    Otherwise the last full record says the same, and a slim one that names it will do.
    """
    verdict = record.verdict
    if verdict.state is not State.ACCESSIBLE or history.last is not State.ACCESSIBLE:
        return True
    if history.last_full is None or history.last_full_at is None:
        return True
    if not timedelta(0) <= now - history.last_full_at < FULL_EVERY:  # or the clock was set back
        return True
    said = verdict.parity_gap, verdict.partial, verdict.via_redirect, verdict.mechanisms
    known = history.parity_gap, history.partial, history.via_redirect, history.mechanisms
    attributed = verdict.attribution.by, verdict.attribution.cause
    return said != known or attributed != (history.by, history.cause)
