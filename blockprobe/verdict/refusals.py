"""Pages by which a server, or the CDN in front of it, turns this client away."""

from blockprobe.model.observation import HttpObservation
from blockprobe.model.words import Refusal

#: Words on the interstitials by which CDNs and firewalls turn robots away.
BOT_WALL_WORDS = ("captcha", "just a moment", "attention required", "are you a robot", "are you human", "cf-chl",
                  "checking your browser", "unusual traffic", "verify you are human")  # fmt: skip
#: Statuses by which a server says that it will not serve this client.
REFUSING = frozenset({401, 403, 406, 429, 451})


def refuses(page: HttpObservation) -> bool:
    """Whether the answer turns this client away: a refusing status, or a robot wall with status 503."""
    return page.status in REFUSING or (page.status == 503 and is_bot_wall(page))


def refusal_of(page: HttpObservation) -> Refusal | None:
    """The kind of refusal; a bare 403 does not tell (None)."""
    if page.status == 451:
        return Refusal.LEGAL_451
    if page.status == 429 or is_bot_wall(page):
        return Refusal.BOT_WALL
    text = (page.body[:4096] + (page.title or "")).lower()
    words = ("your country", "your region", "your location", "not available in")
    return Refusal.GEO if any(word in text for word in words) else None


def is_bot_wall(page: HttpObservation) -> bool:
    """Whether it is the page by which a CDN or a firewall turns robots away."""
    text = (page.body[:4096] + (page.title or "")).lower()
    return any(word in text for word in BOT_WALL_WORDS) or any(n.lower() == "cf-mitigated" for n, _ in page.headers)
