"""What a technique file says: the ways there are here, or why there is none."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from blockprobe.measure.bypass.bench import Bench, Site
from blockprobe.measure.bypass.road import Road, visit
from blockprobe.measure.bypass.walk import Stop, Walk
from blockprobe.model.bypass import TechniqueId
from blockprobe.verdict.site_proof import Reading

#: Ways of one technique that a battery tries at most.
MAX_WAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way: `walk` makes one try at the walk's site. `means` names what it goes through, without secrets.

    `site`: where it leads to instead of the target itself (www, a mirror). `family`: of the neutral sites that it is
    held against (None: any). `open_outside` false: the control could not open this either, so that a failure here
    says nothing of the network. `shows`: in words what opens there, where it is not the site itself.
    """

    means: str
    walk: Callable[[Walk], Coroutine[Any, Any, Stop | Reading]]
    site: Site | None = None
    family: int | None = None
    open_outside: bool | None = None
    shows: str = "the real site"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAvailable:
    """Why a technique cannot be tried here: one sentence without a full stop."""

    because: str


Ways = tuple[Way, ...] | NotAvailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique:
    """A row of the table. `says`: one sentence for people. `counts`: whether it may be the lowest effort."""

    id: TechniqueId
    effort: int
    says: str
    ways: Callable[[Bench], Coroutine[Any, Any, Ways]]
    counts: bool = True


def by_road(means: str, road: Road, **options: object) -> Way:
    """A way that is a road; `options` are those of `Way`."""
    return Way(means=means, walk=partial(visit, road=road), **options)  # type: ignore[arg-type]  # Way's own keys
