"""Open proxies to watch, from an operator's list: URLs of web proxies with `{url}` in them, HTTP and SOCKS proxies."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

from blockprobe.mirrors.listed import MAX_LINE
from blockprobe.model.errors import ConfigError, TargetError
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life
from blockprobe.model.target import parse_target, shown
from blockprobe.net.proxy import parse_proxy

#: Whose mirrors they are in the book: nobody's.
PROXIES = "proxies"
#: Where a web proxy's URL takes the page that it shows.
URL = "{url}"


def proxies_in(lines: Iterable[str], *, now: datetime) -> Iterator[Life | str]:
    """A life for each line, or a sentence about what is wrong with it; empty lines and comments are nothing."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            yield Life(
                name=_name(text), site=PROXIES, source=Source.OPERATOR, kind=MirrorClass.PROXY_LIVE, known_at=now
            )
        except (ConfigError, TargetError) as error:
            yield f"line {number}: {error}"


def home_of(template: str) -> str:
    """The front page of a web proxy, whose name it is that is blocked or not; raises TargetError."""
    try:
        parts = urlsplit(template.partition(URL)[0])
        parts.port  # noqa: B018 - a port that is none is told when it is read
    except ValueError as error:
        raise TargetError(f"{shown(template)}: {error}") from error
    return parse_target(f"{parts.scheme}://{parts.netloc}/").url


def _name(text: str) -> str:
    if len(text) > MAX_LINE:
        raise TargetError(f"more than {MAX_LINE} characters; one proxy a line")
    if "@" in text.partition(URL)[0]:
        raise TargetError(
            "user name and password do not belong in a URL; write them into the file of logins ([bypass] secrets_file)"
        )
    if URL not in text:
        return parse_proxy(text).url
    head, _, tail = text.partition(URL)
    if URL in tail or not head.startswith(("https://", "http://")):
        raise TargetError(f"{shown(text)}: no web proxy; write as https://proxy.example/?u={URL}")
    home_of(text)
    return text
