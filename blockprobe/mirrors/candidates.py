"""One list of candidates from many sources: each name once, with all that speaks for it. Pure.

Sources of one group share their reasons (a name in a zone file is in passive DNS as well), so of a group the best
prior counts; groups are independent as far as we know: p = 1 - (1 - a)(1 - b)…
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from blockprobe.model.mirror import Candidate, Source

GROUPS: tuple[frozenset[Source], ...] = (
    frozenset({Source.GENERATOR, Source.TYPO}),
    frozenset({Source.CERTIFICATE_LOG, Source.ZONE_FILE, Source.PASSIVE_DNS, Source.RANK_LIST}),
    frozenset({Source.SHARED_CERTIFICATE, Source.SHARED_KEY, Source.SHARED_ADDRESS}),
    frozenset({Source.REDIRECT, Source.LINK}),
    frozenset({Source.LINK_LIST}),
    frozenset({Source.OPERATOR}),
)
#: So many names are kept from everything that was read; a list of nothing but matches must not fill the memory.
MAX_NAMES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A name with every source that has it; `prior` is theirs put together."""

    name: str
    site: str
    prior: float
    seen: tuple[Candidate, ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources, the best prior first, each once."""
        return tuple(dict.fromkeys(one.source for one in self.seen))


class Candidates:
    """Collects candidates; a source that has a name several times counts with its best."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[Source, Candidate]] = {}
        self.dropped = 0

    def add(self, candidate: Candidate) -> None:
        """One more; beyond MAX_NAMES a new name is dropped and counted."""
        key = (candidate.site, candidate.name)
        if key not in self._found:
            if len(self._found) >= MAX_NAMES:
                self.dropped += 1
                return
            self._found[key] = {}
        held = self._found[key].get(candidate.source)
        if held is None or held.prior < candidate.prior:
            self._found[key][candidate.source] = candidate

    def merged(self) -> tuple[Merged, ...]:
        """Everything by falling prior, then by name."""
        found = (_merged(seen.values()) for seen in self._found.values())
        return tuple(sorted(found, key=lambda one: (-one.prior, one.name, one.site)))


def combined(candidates: Iterable[Candidate]) -> float:
    """The prior of a name from all that speaks for it, 0 to 1."""
    best: dict[frozenset[Source], float] = {}
    for one in candidates:
        group = next(group for group in GROUPS if one.source in group)
        best[group] = max(best.get(group, 0.0), one.prior)
    return 1.0 - prod(1.0 - prior for prior in best.values())


def _merged(seen: Iterable[Candidate]) -> Merged:
    ordered = tuple(sorted(seen, key=lambda one: (-one.prior, one.source)))
    return Merged(name=ordered[0].name, site=ordered[0].site, prior=combined(ordered), seen=ordered)
