"""Comparing cleartext pages: is this the page that the control got?"""

from urllib.parse import urljoin, urlsplit

from blockprobe.model.control import ControlHttp
from blockprobe.model.observation import HttpObservation
from blockprobe.verdict.sketch import similarity

#: Below this the texts have little in common; a page that changed its date or an advertisement stays well above.
SAME_TEXT = 0.5
#: Lengths within this ratio support a weak text match (an OONI helper sends no sketch).
SAME_LENGTH = 0.7


def resembles(page: ControlHttp | HttpObservation, control: ControlHttp | HttpObservation) -> bool:
    """Whether the two answers are the same site's: same kind of status, and same text or same place of redirect.

    Text is compared by sketch. Where one side has none (an OONI helper), equal non-empty titles and similar lengths
    must do; two empty bodies are alike under the same status; what cannot be compared does not resemble.
    """
    if page.status is None or control.status is None:
        return False
    if page.status // 100 != control.status // 100:
        return False
    if page.status // 100 == 3:
        return same_place(page.url, page.location, control.location)
    if page.body_sha256 is not None and page.body_sha256 == control.body_sha256:
        return True
    if page.sketch and control.sketch:
        return similarity(page.sketch, control.sketch) >= SAME_TEXT
    if page.title or page.sketch or control.sketch:
        return bool(page.title) and page.title == control.title and _same_length(page, control)
    return page.status == control.status and max(0, page.body_bytes) == 0 == max(0, control.body_bytes)


def same_place(base: str, ours: str | None, theirs: str | None) -> bool:
    """Whether two Location headers lead to the same host, or to its www twin."""
    if not ours or not theirs:
        return ours == theirs
    return _site(base, ours) == _site(base, theirs)


def _site(base: str, location: str) -> str | None:
    try:
        host = urlsplit(urljoin(base, location)).hostname or ""
    except ValueError:
        return None
    return host.rstrip(".").removeprefix("www.")


def _same_length(page: ControlHttp | HttpObservation, control: ControlHttp | HttpObservation) -> bool:
    shorter, longer = sorted((max(0, page.body_bytes), max(0, control.body_bytes)))
    if longer == 0:
        return True
    whole = not (isinstance(page, HttpObservation) and page.truncated)
    return whole and shorter / longer > SAME_LENGTH
