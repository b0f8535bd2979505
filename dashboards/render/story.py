"""A made-up fortnight: what became of each site on a network that carries out three orders, more or less.

Hours count from the beginning. The histories, figures and metrics that follow are computed by the project's own code;
only what was seen is made up here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from blockprobe.model.history import Seen
from blockprobe.model.order import Order, OrderFlag, OrderTarget, Respondent, Source, TargetKind, Technique, TimeSource
from blockprobe.model.words import AttributionCause, Mechanism, State

NETWORK: Final = "gb/example"
FORTNIGHT_H: Final = 14 * 24
_SOURCE: Final = Source(text="made up for the pictures", url="https://court.example/orders")
_FOREVER: Final = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """From `from_h` on a look sees this; `mechanism` where something interferes."""

    from_h: float
    state: State
    mechanism: Mechanism | None = None
    cause: AttributionCause = AttributionCause.UNKNOWN
    parity_gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A target, the order that lists it (None: no order), and its spells in order of time."""

    target: str
    order: str | None
    spells: tuple[Spell, ...]
    flags: tuple[OrderFlag, ...] = ()
    until_h: float | None = None
    neighbour: bool = False
    kind: TargetKind = TargetKind.DOMAIN


def _open(from_h: float = 0) -> Spell:
    return Spell(from_h=from_h, state=State.ACCESSIBLE)


def _dns(from_h: float, cause: AttributionCause = AttributionCause.UNKNOWN) -> Spell:
    return Spell(from_h=from_h, state=State.BLOCKED, mechanism=Mechanism.DNS_NXDOMAIN, cause=cause)


def _page(from_h: float) -> Spell:
    court = AttributionCause.COURT
    return Spell(from_h=from_h, state=State.BLOCKED, mechanism=Mechanism.DNS_BLOCKPAGE, cause=court)


def _sni(from_h: float) -> Spell:
    return Spell(from_h=from_h, state=State.BLOCKED, mechanism=Mechanism.TLS_RESET_SNI)


def _silent(from_h: float) -> Spell:
    return Spell(from_h=from_h, state=State.BLOCKED, mechanism=Mechanism.IP_TIMEOUT)


def _unknown(from_h: float) -> Spell:
    return Spell(from_h=from_h, state=State.INCONCLUSIVE)


def _films() -> Iterator[Site]:
    """Carried out in three steps, the last after the deadline; one block is lifted on the twelfth day."""
    film = "gb/films-2026"
    for number, hour in enumerate((40, 40, 40, 40, 41, 41, 64, 64, 110, 112)):
        yield Site(target=f"films-{number}.example", order=film, spells=(_open(), _page(hour)))
    yield Site(target="films-lifted.example", order=film, spells=(_open(), _page(42), _open(11.5 * 24)))
    yield Site(target="films-missed.example", order=film, spells=(_open(),))
    flaky = (_open(), _dns(60), _unknown(200), _dns(230), _open(280), _dns(292))
    yield Site(target="films-flaky.example", order=film, spells=flaky)
    yield Site(target="films-gone.example", order=film, spells=(_open(), Spell(from_h=90, state=State.DOWN)))
    gap = Spell(from_h=48, state=State.ACCESSIBLE, mechanism=Mechanism.DNS_NXDOMAIN, parity_gap=True)
    yield Site(target="films-six.example", order=film, spells=(_open(), gap))
    yield Site(
        target="films-parked.example", order=film, spells=(_open(), _page(44)), flags=(OrderFlag.RE_REGISTERED,)
    )  # fmt: skip


def _music() -> Iterator[Site]:
    """An old order, carried out long ago; some entries have ended, one of which is still blocked."""
    music = "gb/music-2024"
    for number in range(6):
        yield Site(target=f"music-{number}.example", order=music, spells=(_sni(0) if number < 2 else _dns(0),))
    yield Site(target="music-bets.example", order=music, spells=(_dns(0, AttributionCause.GAMBLING),))
    for name, hour in (("ended", 150), ("closed", 127)):
        yield Site(target=f"music-{name}.example", order=music, spells=(_dns(0), _open(hour)), until_h=120)
    yield Site(target="music-after.example", order=music, spells=(_dns(0),), until_h=120)
    refused = Spell(from_h=100, state=State.REFUSED)
    yield Site(target="music-abroad.example", order=music, spells=(_open(), refused))
    yield Site(
        target="music-expired.example", order=music, spells=(_dns(0, AttributionCause.GAMBLING),),
        flags=(OrderFlag.EXPIRED,),
    )  # fmt: skip


def _streams() -> Iterator[Site]:
    """Three addresses and a name: too few for a ratio."""
    stream = "gb/streams-2026"
    for number in (7, 8, 9):
        yield Site(
            target=f"203.0.113.{number}", order=stream, spells=(_open(), _silent(180)), kind=TargetKind.ADDRESS
        )  # fmt: skip
    yield Site(target="streams.example", order=stream, spells=(_open(), _unknown(250)))


def _others() -> Iterator[Site]:
    """Sites of no order: a plan of the operator's own, and neighbours of the blocked addresses."""
    yield Site(target="news.example", order=None, spells=(_open(),))
    yield Site(target="archive.example", order=None, spells=(_open(), _dns(210, AttributionCause.MALWARE)))
    yield Site(target="bakery.example", order=None, spells=(_open(), _silent(180)), neighbour=True)
    yield Site(target="florist.example", order=None, spells=(_open(),), neighbour=True)


SITES: Final = (*_films(), *_music(), *_streams(), *_others())


def seen(site: Site, began: datetime, at: datetime) -> Seen:
    """What a look at `at` sees."""
    hour = (at - began).total_seconds() / 3600
    spell = [one for one in site.spells if one.from_h <= hour][-1]
    mechanisms = (spell.mechanism,) if spell.mechanism else ()
    return Seen(
        record=f"{site.target}@{hour:g}", at=at, state=spell.state, mechanisms=mechanisms,
        implemented_by=mechanisms, cause=spell.cause, parity_gap=spell.parity_gap, own_resolver=True,
    )  # fmt: skip


def orders(began: datetime) -> tuple[Order, ...]:
    """The three orders, whose times hang on the story's beginning."""
    hour = timedelta(hours=1)
    return (
        _order("gb/films-2026", "Film Studios v Example Broadband", began, began + 24 * hour, began + 96 * hour),
        _order("gb/music-2024", "Record Labels v Example Broadband", began, None, began - 9000 * hour),
        _order("gb/streams-2026", "Sports League v Example Broadband", began, began + 168 * hour, began + 500 * hour),
    )


def _order(name: str, title: str, began: datetime, notice: datetime | None, deadline: datetime | None) -> Order:
    def entry(site: Site) -> OrderTarget:
        until = None if site.until_h is None else began + timedelta(hours=site.until_h)
        return OrderTarget(value=site.target, kind=site.kind, flags=site.flags, until_at=until)

    return Order(
        id=name, jurisdiction="gb", title=title, court="Laboratory Court", legal_basis="made up",
        techniques=(Technique.ANY,), sources=(_SOURCE,), in_force_from=began - timedelta(days=400),
        targets=tuple(entry(site) for site in SITES if site.order == name),
        respondents=(
            Respondent(
                network=NETWORK, notice_at=notice, deadline=deadline, time_source=TimeSource.COURT, source=_SOURCE
            ),
        ),
    )  # fmt: skip
