"""Whether an answer is the site's own, how new a page is, and what a relay leaves in it. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from blockprobe.mirrors.background import Reference
from blockprobe.mirrors.features import KINDS, Features, Kind, Marks
from blockprobe.mirrors.links import unwrapped
from blockprobe.mirrors.live_facts import AnyHost, Artefact, Echo, Fresh, Said, Threat
from blockprobe.mirrors.live_proofs import owner_of
from blockprobe.mirrors.live_scan import Scan, host_of

#: An error page that shares fewer distinctive marks with the front page is its server's, not the site's.
LEAST_SHARED = 3
#: So much of the template, and of what in it is not on the front page as well, must come back.
TEMPLATE_SHARE, OWN_SHARE = 0.6, 0.5
#: So much of two texts must agree to be one page.
SAME_TEXT = 0.8
#: So many ways to the site's own name are a trace; a link to its front page is an operator's courtesy.
LEAST_LEFT = 2
#: What is newer than this could not be in a copy that somebody took a while ago.
NEW = timedelta(hours=1)
DAY = timedelta(days=1)
FEW_WORDS = 300

_TEXT, _LINK = KINDS.index(Kind.TEXT), KINDS.index(Kind.LINK)
_TAGS = re.compile(r"<[^<>]{0,4000}>")
_ORIGIN = re.compile(r"(?:https?:)?(?:\\?/){2}[^/\\\s\"'<>]{0,255}")
_IN_SCRIPTS = re.compile(r"\\/\\/([A-Za-z0-9.-]{1,253})(?![A-Za-z0-9.-])[^\s\"'<>]{0,200}")
_NO_LETTER = re.compile(r"[^a-z]+")
_BEFORE, _CONTEXT = 80, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came for a path or a search that was made up: status, the features without the nonce, the text with it."""

    status: int
    features: Features | None
    text: str
    nonce: str


def without(raw: bytes, nonce: str) -> bytes:
    """A page without the nonce that it was asked with, in whatever case."""
    return re.sub(re.escape(nonce.encode()), b"", raw, flags=re.IGNORECASE)


def echo_of(reference: Reference, front: Features, own: Answer | None, theirs: Answer | None) -> Echo:
    """Hold a candidate's answer against the site's own to the same kind of question (other nonce)."""
    if own is None or own.features is None or theirs is None or own.status in range(300, 400):
        return Echo.UNKNOWN
    new = own.features.marks[_TEXT] - front.marks[_TEXT] - reference.common_text
    if not new or _shared_with_front(reference, own.features) < LEAST_SHARED:
        return Echo.UNKNOWN
    if theirs.status in (401, 403, 429) or theirs.status >= 500 or theirs.features is None:
        return Echo.UNKNOWN
    if not _is_template(own.features, theirs.features, new):
        return Echo.OTHER
    if own.nonce not in own.text.lower():
        return Echo.TEMPLATE
    return Echo.ECHOED if _contexts(own) & _contexts(theirs) else Echo.OTHER


def _shared_with_front(reference: Reference, page: Features) -> int:
    return sum(len(mine & theirs) for mine, theirs in zip(reference.distinctive, page.marks, strict=True))


def _is_template(own: Features, theirs: Features, new: Marks) -> bool:
    whole = len(own.marks[_TEXT]) + len(own.marks[_LINK])
    found = len(own.marks[_TEXT] & theirs.marks[_TEXT]) + len(own.marks[_LINK] & theirs.marks[_LINK])
    return found >= TEMPLATE_SHARE * whole and len(new & theirs.marks[_TEXT]) >= OWN_SHARE * len(new)


def _contexts(answer: Answer) -> set[str]:
    """The letters before each place where the nonce is, without addresses: hosts differ, the template does not."""
    text, found = answer.text.lower(), set()
    for one in re.finditer(re.escape(answer.nonce), text):
        before = _ORIGIN.sub("", text[max(0, one.start() - _BEFORE) : one.start()])
        found.add(_NO_LETTER.sub("", before)[-_CONTEXT:])
    return found - {""}


def same_page(one: Answer, other: Answer, names: Iterable[str]) -> bool:
    """Whether two answers are one page, but for nonces and the names of hosts."""
    mine, theirs = (_plain(answer, names) for answer in (one, other))
    if len(mine) < 3 or len(theirs) < 3:
        return mine == theirs
    ours, others = (set(zip(words, words[1:], words[2:], strict=False)) for words in (mine, theirs))
    return len(ours & others) >= SAME_TEXT * len(ours | others)


def any_host_of(named: Answer | None, random: Answer | None, names: Iterable[str], *, refused: bool) -> AnyHost:
    """The guard: `random` came for a random name; `refused` says that the server has nothing for such a name."""
    if named is None or (random is None and not refused):
        return AnyHost.UNKNOWN
    if random is None or random.status != named.status:
        return AnyHost.DIFFERS
    return AnyHost.SAME if same_page(named, random, names) else AnyHost.DIFFERS


def echoes_all(front: Answer, path: Answer | None, random: Answer | None, names: Iterable[str], scripts: int) -> bool:
    """One short page for everything: with the nonce in it, or with nothing that a program of its own could fill."""
    known = tuple(names)
    if path is None or random is None or len(_plain(front, known)) > FEW_WORDS:
        return False
    if not (same_page(front, path, known) and same_page(path, random, known)):
        return False
    return (path.nonce in path.text.lower() and random.nonce in random.text.lower()) or not scripts


def _plain(answer: Answer, names: Iterable[str]) -> list[str]:
    text = _TAGS.sub(" ", answer.text.lower()).replace(answer.nonce, "")
    for name in names:
        text = text.replace(name, "")
    return _NO_LETTER.sub(" ", text).split()


def freshness(own: Scan, theirs: Scan, now: datetime) -> tuple[Fresh, float | None]:
    """How far the newest item is behind the site's (seconds), both pages fetched at about `now`."""
    mine = [at for at in own.times if at <= now + timedelta(minutes=5)]
    others = [at for at in theirs.times if at <= now + timedelta(minutes=5)]
    if not mine or not others:
        return Fresh.UNKNOWN, None
    lag = max(timedelta(0), mine[0] - others[0])
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(mine[:20])]
    gap = timedelta(seconds=median(gaps)) if len(gaps) >= 2 else None
    if lag > DAY and (gap is None or lag > 2 * gap):
        return Fresh.STALE, lag.total_seconds()
    if gap is None or lag > 2 * gap:
        return Fresh.UNKNOWN if gap is None else Fresh.LAGGING, lag.total_seconds()
    return Fresh.UNKNOWN if now - others[0] > NEW else Fresh.FRESH, lag.total_seconds()


def artefacts(own: Scan, again: Scan, theirs: Scan, site: frozenset[str]) -> tuple[Said, ...]:
    """Traces of a relay on a candidate's page; `own` and `again` are two fetches of the site, `site` its hosts."""
    found = [_proxy_links(theirs, site), _residual(own, theirs, site), _foreign(own, again, theirs, site)]
    found.append(_ids(own, again, theirs))
    return tuple(one for one in found if one is not None)


def threats(own: Scan, again: Scan, theirs: Scan, site: frozenset[str]) -> tuple[Said, ...]:
    """What the candidate's page does to visitors and the site's does not."""
    told = [
        Said(what=Threat(name), words=f"{name.replace('_', ' ')} that the site does not have")
        for name in sorted(theirs.threats - own.threats - again.threats)
    ]
    foreign = _foreign_hosts(own, again, theirs, site)
    if foreign:
        told.insert(0, Said(what=Threat.FOREIGN_SCRIPT, words=f"scripts from {', '.join(foreign[:3])}"))
    return tuple(told)


def _proxy_links(theirs: Scan, site: frozenset[str]) -> Said | None:
    here = host_of(theirs.base)
    inner = [link for link in theirs.links if host_of(link) == here]
    wrapped = sum(host_of(_with_scheme(unwrapped(link))) in site for link in inner)
    if wrapped < 2 or wrapped < 0.3 * len(inner):
        return None
    return Said(what=Artefact.PROXY_LINKS, words=f"{wrapped} of its links wrap addresses of the site")


def _with_scheme(address: str) -> str:
    return f"https:{address}" if address.startswith("//") else address


def _residual(own: Scan, theirs: Scan, site: frozenset[str]) -> Said | None:
    """A visitor's next click leads to the site that is blocked, or a rewriting missed what is written otherwise."""
    here, written = host_of(theirs.base), _ways_to(own, site)
    left = _ways_to(theirs, site) & written
    if len(left) >= LEAST_LEFT and 2 * len(left) >= len(written):
        words = f"{len(left)} of its links and calls still lead to the site's own name, where its visitors cannot go"
        return Said(what=Artefact.RESIDUAL_HOST, words=words)
    rewritten = any(f"//{name}" in own.text for name in site) and f"//{here}" in theirs.text
    if rewritten and _escaped(own, site) & _escaped(theirs, site):
        words = "its links were rewritten, and in its scripts the site's name was left"
        return Said(what=Artefact.RESIDUAL_HOST, words=words)
    return None


def _ways_to(page: Scan, site: frozenset[str]) -> set[str]:
    """Where its links, forms and scripts lead under a name of the site, but for the site's front page."""
    inside = (link.partition("//")[2] for link in page.written if host_of(link) in site)
    return {way for way in inside if way.partition("/")[2]} | _escaped(page, site)


def _escaped(page: Scan, site: frozenset[str]) -> set[str]:
    """Addresses in scripts, as JSON writes them."""
    return {one[0] for one in _IN_SCRIPTS.finditer(page.text) if one[1].lower() in site}


def _foreign_hosts(own: Scan, again: Scan, theirs: Scan, site: frozenset[str]) -> list[str]:
    known = {owner_of(host) for host in (host_of(theirs.base), *site, *own.scripts, *again.scripts)}
    return sorted(host for host in theirs.scripts if owner_of(host) not in known)


def _foreign(own: Scan, again: Scan, theirs: Scan, site: frozenset[str]) -> Said | None:
    hosts = _foreign_hosts(own, again, theirs, site)
    if len(hosts) < 2:
        return None
    return Said(what=Artefact.FOREIGN_SCRIPTS, words=f"scripts from {len(hosts)} hosts that the site does not use")


def _ids(own: Scan, again: Scan, theirs: Scan) -> Said | None:
    """Numbers of advertisers and counters; kept ones say nothing, because copies keep them, too."""
    mine = own.ids & again.ids
    if not mine or mine & theirs.ids:
        return None
    if theirs.ids:
        return Said(what=Artefact.IDS_REPLACED, words="the site's advertising numbers were replaced by others")
    return Said(what=Artefact.IDS_STRIPPED, words="the site's advertising numbers were taken out")
