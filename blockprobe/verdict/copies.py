"""Is it a copy of the site's page? For ways whose certificate proves another name: mirrors and web proxies. PURE."""

from collections.abc import Iterable

from blockprobe.model.bypass import Shown
from blockprobe.model.control import ControlHttp
from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation
from blockprobe.verdict.pages import SAME_TEXT
from blockprobe.verdict.site_proof import Reading
from blockprobe.verdict.sketch import similarity

#: A page with fewer different word triples than this says too little to be known again ("Loading…").
LEAST_TEXT = 8
#: Statuses of a redirect that is to be followed.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def telling(pages: Iterable[ControlHttp | HttpObservation]) -> tuple[ControlHttp | HttpObservation, ...]:
    """Those with enough text to know the site by: a full answer, no redirect, no error."""
    return tuple(page for page in pages if page.status == 200 and len(page.sketch) >= LEAST_TEXT)


def read_copy(page: HttpObservation, known: Iterable[ControlHttp | HttpObservation], *, through: str) -> Reading:
    """What a page shown by somebody else is; `known` are the site's own, `through` names who showed it.

    Its text alone counts: neither its status nor its title, which cost nothing to imitate by chance.
    """
    if page.status is None:
        silent = page.failure is Failure.GENERIC_TIMEOUT_ERROR
        why = f"no answer to the request ({page.failure}), from {through}"
        return Reading(shown=Shown.SILENCE if silent else Shown.OTHER, because=why)
    if page.status in _REDIRECTS and page.location:
        return Reading(shown=Shown.UNPROVEN, because=f"a redirect by {through}", following=page.location)
    likeness = max((similarity(page.sketch, one.sketch) for one in telling(known)), default=0.0)
    if page.status == 200 and likeness >= SAME_TEXT:
        return Reading(shown=Shown.REAL, because=f"the page that the control got, shown by {through}")
    if page.status >= 400:
        return Reading(shown=Shown.OTHER, because=f"{through} answered with status {page.status} and another page")
    title = f" ({page.title[:60]!r})" if page.title else ""
    return Reading(shown=Shown.OTHER, because=f"{through} showed a page of its own{title}, not the site's")
