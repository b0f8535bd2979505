"""Orders, lines and histories by hand: a letter an hour (o open, b blocked, d down, r refused, ? inconclusive)."""

from datetime import UTC, datetime, timedelta

from blockprobe.model.history import History, Seen
from blockprobe.model.order import Order, OrderTarget, Respondent, Source, Technique
from blockprobe.model.words import Mechanism, State
from blockprobe.verdict.compliance import Compliance, LineClaim, compliance
from blockprobe.verdict.history import advance

H = 3600.0
DNS, IP, URL = (Technique.DNS,), (Technique.IP,), (Technique.URL,)
T0 = datetime(2026, 11, 1, tzinfo=UTC)
HOME = "dk/example"
NX, SNI, DROP = Mechanism.DNS_NXDOMAIN, Mechanism.TLS_RESET_SNI, Mechanism.IP_TIMEOUT
STATES = {"o": State.ACCESSIBLE, "b": State.BLOCKED, "d": State.DOWN, "r": State.REFUSED, "?": State.INCONCLUSIVE}
LINE = LineClaim(network=HOME, own_resolver=True, filters="off", stale_after_s=2 * 3600)


def at(hours: float) -> datetime:
    """A time of the story, in hours."""
    return T0 + timedelta(hours=hours)


def told(name: str, text: str, *, start: float = 0, network: str | None = HOME, **said) -> History:
    """The history of a target: a letter an hour; a blank is an hour without a look."""
    history = History(target=name)
    for hour, letter in enumerate(text):
        if letter == " ":
            continue
        by = (NX,) if letter == "b" else ()
        seen = Seen(record=f"{name}{hour}", at=at(start + hour), state=STATES[letter],
                    **({"mechanisms": by, "implemented_by": by} | said))  # fmt: skip
        history, _ = advance(history, seen, network=network)
    return history


def order(*names: str | OrderTarget, **said) -> Order:
    """An order of a court over those domains."""
    targets = tuple(OrderTarget(value=one) if isinstance(one, str) else one for one in names)
    known = {"id": "dk/test", "jurisdiction": "dk", "title": "Test", "court": "Court", "legal_basis": "Act",
             "sources": (Source(text="test"),)}  # fmt: skip
    return Order(**(known | {"targets": targets} | said))


def figures(
    looks: dict[str, str], *, line: LineClaim = LINE, now: float | None = None, court=None, respondent=None, **said
) -> Compliance:
    """The figures of an order over targets whose looks are given, one letter an hour, at the last of them."""
    histories = {name: told(name, text, **said) for name, text in looks.items()}
    end = max((len(text) for text in looks.values()), default=1) - 1 if now is None else now
    return compliance(court or order(*looks), respondent or Respondent(network=HOME), histories, line, at(end))


def six(letter: str = "b") -> dict[str, str]:
    """Six targets that look alike."""
    return {f"s{number}.example": letter for number in range(6)}


def counts(count) -> tuple[int, int, int, int, int]:
    """A count as numbers."""
    return count.blocked, count.open, count.abstained, count.flagged, count.total


def scaled(interval, unit):
    """Hours to the unit, None left alone."""
    return None if interval is None else tuple(None if x is None else unit(x) for x in interval)
