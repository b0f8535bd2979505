"""The helper's own fetch of a URL, redirect by redirect, each one resolved and guarded like the first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urldefrag, urljoin

from blockprobe.helper.connect import REFUSED, Connector, Wanted
from blockprobe.helper.guard import Guard, Place, place_of
from blockprobe.helper.limits import FETCH_S, Deadline
from blockprobe.helper.resolve import Names, Resolution
from blockprobe.model.control import ControlHttp
from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, Test, Why
from blockprobe.model.observation import Place as Where
from blockprobe.net.http import Request, fetch
from blockprobe.net.stream import Stream

_REDIRECTS = frozenset({301, 302, 303, 307, 308})  # RFC 9110, 15.4
_MAX_REDIRECTS = 10
_MAX_URL = 8192
#: Addresses of one host that are tried, one after the other.
_TRIED = 4
_MAX_COOKIES = 50
_MAX_COOKIE_BYTES = 4096


class FirstHop(Protocol):
    """Gives the stream on which the first request is made."""

    async def __call__(self) -> tuple[Stream | None, str | None]:
        """A stream, or None and why there is none."""
        ...


@dataclass(slots=True, kw_only=True)
class Cookies:
    """Cookies of one fetch, returned to the very host that set them: many sites redirect until they get one back."""

    by_host: dict[str, dict[str, str]] = field(default_factory=dict)

    def take(self, host: str, headers: Sequence[tuple[str, str]]) -> None:
        """Remember what an answer of this host sets; attributes are ignored, the fetch is over in seconds."""
        jar = self.by_host.setdefault(host, {})
        for name, value in headers:
            pair = value.partition(";")[0].strip()
            if name.lower() == "set-cookie" and "=" in pair and len(pair) <= _MAX_COOKIE_BYTES:
                key, _, content = pair.partition("=")
                if key in jar or len(jar) < _MAX_COOKIES:
                    jar[key] = content

    def give(self, host: str) -> tuple[tuple[str, str], ...]:
        """The Cookie header for this host, if any."""
        jar = self.by_host.get(host)
        return (("Cookie", "; ".join(f"{key}={value}" for key, value in jar.items())),) if jar else ()


class Fetcher:
    """Follows redirects for one control request."""

    def __init__(self, deadline: Deadline, names: Names, connector: Connector, guard: Guard) -> None:
        """All but `deadline` are shared by all requests."""
        self._deadline = deadline
        self._names = names
        self._connector = connector
        self._guard = guard
        self._known: dict[str, Resolution] = {}
        self._cookies = Cookies()

    def knows(self, host: str, resolution: Resolution) -> None:
        """Spare a look-up that has been made already."""
        self._known[host] = resolution

    async def follow(
        self, place: Place, headers: tuple[tuple[str, str], ...], first: FirstHop
    ) -> tuple[ControlHttp, ...]:
        """Every hop, the last being where it ended or what went wrong."""
        hops: list[ControlHttp] = []
        stream, failure = await first()
        while True:
            if stream is None:
                hops.append(ControlHttp(url=place.url, failure=failure))
                return tuple(hops)
            hop = await self._get(place, headers, stream)
            hops.append(hop)
            if hop.failure is not None or hop.status not in _REDIRECTS or not hop.location:
                return tuple(hops)
            following = _following(place, hop.location)
            if isinstance(following, ControlHttp) or len(hops) > _MAX_REDIRECTS:
                too_many = ControlHttp(url=place.url, failure=Failure.HTTP_TOO_MANY_REDIRECTS)
                return (*hops, following if isinstance(following, ControlHttp) else too_many)
            place = following
            stream, failure = await self._connect(place)

    async def _connect(self, place: Place) -> tuple[Stream | None, str | None]:
        if place.host not in self._known:
            self._known[place.host] = await self._names.look_up(self._deadline, place.host)
        resolution = self._known[place.host]
        allowed = self._guard.filter(resolution.dns.addresses)
        failure: str | None = resolution.failure if not resolution.dns.addresses else REFUSED
        for address in sorted(allowed, key=lambda one: ":" in one)[:_TRIED]:
            if self._deadline.left() <= 0:
                return None, Failure.GENERIC_TIMEOUT_ERROR
            wanted = Wanted(host=place.host, address=address, port=place.port, tls=place.tls)
            opened = await self._connector.open(self._deadline, wanted)
            if opened.stream is not None:
                return opened.stream, None
            failure = opened.failure
        return None, failure

    async def _get(self, place: Place, headers: tuple[tuple[str, str], ...], stream: Stream) -> ControlHttp:
        request = Request(
            url=place.url,
            host=place.authority,
            path=place.target,
            headers=(*headers, *self._cookies.give(place.host)),
        )
        why = Why(test=Test.LOOK, place=Where.ORIGIN)
        most_s = min(FETCH_S, self._deadline.left() / 2)  # for the head, and again for the body
        try:
            seen = await fetch(self._deadline.session(most_s), why, stream, request)
        finally:
            stream.close()
        self._cookies.take(place.host, seen.headers)
        return _hop(place, seen)


def _following(place: Place, location: str) -> Place | ControlHttp:
    """Where a redirect leads, or the hop that says that the helper does not go there."""
    try:
        url = urldefrag(urljoin(place.url, location)).url
    except ValueError:
        url = location
    following = place_of(url) if len(url) <= _MAX_URL else None
    if following is None:
        return ControlHttp(url=url[:_MAX_URL], failure=Failure.HTTP_INVALID_REDIRECT_LOCATION_HOST)
    return following


def _hop(place: Place, seen: HttpObservation) -> ControlHttp:
    return ControlHttp(
        url=place.url,
        failure=seen.failure,
        status=seen.status,
        title=seen.title,
        location=seen.location,
        headers=seen.headers,
        body_bytes=seen.body_bytes,
        body_sha256=seen.body_sha256,
        sketch=seen.sketch,
    )
