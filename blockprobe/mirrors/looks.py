"""PURE: what a record of `check` says of a mirror: does it live, and what does this line do about it?

The helper's answer tells whether it lives, because a censor cannot be there; the verdict tells what the line does. A
page that is not like the site's own any more is no mirror any more, whoever runs it.
"""

from blockprobe.mirrors.lives import COPIES
from blockprobe.model.control import ControlHttp
from blockprobe.model.mirror import MirrorClass
from blockprobe.model.mirror_life import MirrorLook
from blockprobe.model.record import Record
from blockprobe.model.words import SiteState
from blockprobe.verdict.sketch import similarity

#: Sketches of a site's page and of its mirror's, taken in the same hour, share at least this much of their text; less
#: than `UNLIKE` and it is another page. In between nobody knows without `mirrors classify`.
ALIKE, UNLIKE = 0.5, 0.1
#: A page of fewer sketched word triples than this is like anything: a challenge, a consent wall, an empty shell.
ENOUGH = 16


def look_of(record: Record, reference: tuple[int, ...], *, kind: MirrorClass | None = None) -> MirrorLook:
    """The look that `record` is, held against the sketch of the site's own page (empty: unknown).

    `kind`: what `mirrors classify` made of it in the same hour, which then decides whether its page counts.
    """
    return MirrorLook(
        at=record.measured_at,
        took_s=record.runtime_s,
        alive=_is_alive(record, reference, kind),
        line=record.verdict.state,
        kind=kind,
    )


def reference_of(record: Record) -> tuple[int, ...]:
    """The sketch of a site's own page as the helpers saw it; empty when none did."""
    pages = [page.sketch for page in _pages(record) if len(page.sketch) >= ENOUGH]
    return pages[0] if pages else ()


def _is_alive(record: Record, reference: tuple[int, ...], kind: MirrorClass | None) -> bool | None:
    if record.verdict.site_state is SiteState.DOWN:
        return False
    pages = _pages(record)
    if not pages:
        return None
    if kind is not None and kind is not MirrorClass.UNDETERMINED:
        return kind in COPIES
    if not reference:
        return None
    shared = max(similarity(page.sketch, reference) for page in pages)
    if shared >= ALIKE:
        return True
    sure = all(len(page.sketch) >= ENOUGH for page in pages)
    return False if sure and shared < UNLIKE else None


def _pages(record: Record) -> list[ControlHttp]:
    """The pages at the end of the helpers' redirects, as far as they were served as such."""
    ends = [control.hops[-1] for control in record.control if control.failure is None and control.hops]
    return [page for page in ends if page.failure is None and page.status is not None and 200 <= page.status < 300]
