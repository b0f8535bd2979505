"""One round of watching open proxies: a neutral page first, then each proxy from outside and from this line.

A proxy is of use while it relays the neutral page. A web proxy has a name that may be blocked, with the proof that any
site needs; of a bare host and port nothing proves that, so where it does not relay here we do not know why.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.proxies import ProxyRoad
from blockprobe.measure.bypass.road import visit
from blockprobe.measure.bypass.walk import Walk
from blockprobe.measure.bypass.web_proxy import WebProxy
from blockprobe.mirrors.lives import advance, is_due
from blockprobe.mirrors.proxy_list import URL, home_of
from blockprobe.model.bypass import Shown
from blockprobe.model.mirror_life import Life, MirrorLook
from blockprobe.model.record import Record
from blockprobe.model.target import parse_target
from blockprobe.model.words import SiteState, State
from blockprobe.net.meter import Meter
from blockprobe.net.proxy import Proxy, parse_proxy
from blockprobe.net.proxy_logins import read_logins
from blockprobe.run import Run
from blockprobe.verdict.copies import telling
from blockprobe.verdict.leg import endpoint_of

#: Proxies that are looked at side by side.
AT_ONCE = 8
#: Neutral sites that are tried until one serves; without one nothing is said of relaying.
NEUTRALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One look at a proxy; None: nobody could tell. `relays`: whether the neutral page came through it here."""

    alive: bool | None
    line: State
    relays: bool | None = None


async def watch_proxies(run: Run, lives: Iterable[Life], *, on_life: Callable[[Life], None]) -> None:
    """Look at those that are due; `on_life` gets what became of each. Raises ConfigError for a bad file of logins."""
    shared = run.shared
    logins = read_logins(shared.settings.bypass.secrets_file)
    await run.check_line()
    neutral = await _neutral(run)
    room = asyncio.Semaphore(AT_ONCE)

    async def look(life: Life) -> None:
        async with room:
            began, at = shared.clock.monotonic(), shared.clock.now()
            if URL in life.name:
                seen = await _at_web_proxy(run, life.name, neutral)
            else:
                proxy = parse_proxy(life.name)
                seen = await _at_proxy(run, replace(proxy, login=logins.get(proxy.url)), neutral)
            took_s = round(shared.clock.monotonic() - began, 3)
            after = advance(life, MirrorLook(at=at, took_s=took_s, alive=seen.alive, line=seen.line))
            on_life(after if seen.relays is not False else replace(after, line=_no_longer(after.line)))

    now = shared.clock.now()
    async with asyncio.TaskGroup() as looks:
        for life in lives:
            if is_due(life, now):
                looks.create_task(look(life))


def _no_longer(line: State | None) -> State | None:
    """What relayed once and does not now is in doubt: that it takes connections is no use to anybody."""
    return State.INCONCLUSIVE if line is State.ACCESSIBLE else line


async def _neutral(run: Run) -> Record | None:
    """A neutral site that opens here and whose page says enough to be known again."""
    for site in run.shared.neutral[:NEUTRALS]:
        record = await run.measure(parse_target(site.url))
        pages = [hop for control in record.control for hop in control.hops]
        if record.verdict.state is State.ACCESSIBLE and telling(pages):
            return record
    return None


def _walk(run: Run, neutral: Record) -> Walk:
    """A try at the neutral site; each has a notebook of its own."""
    bench = Bench(run.shared, neutral.target, neutral, Meter())
    return Walk(bench, bench.site, 1)


async def _at_web_proxy(run: Run, template: str, neutral: Record | None) -> _Seen:
    """Its name is measured as any site's is. One whose own site opens, and which shows a page of its own in place of
    the neutral one, is none any more."""
    record = await run.measure(parse_target(home_of(template)))
    shown = None if neutral is None else (await WebProxy(template)(_walk(run, neutral))).shown
    state, alive = record.verdict.state, None
    if shown is Shown.REAL:
        alive = True
    elif record.verdict.site_state is SiteState.DOWN or (state is State.ACCESSIBLE and shown is Shown.OTHER):
        alive = False
    elif state is not State.ACCESSIBLE and _is_up(record):
        alive = True  # it cannot be asked from here, and stands where it stood
    return _Seen(alive=alive, line=state)


def _is_up(record: Record) -> bool:
    """Whether a helper got its front page."""
    ends = [control.hops[-1] for control in record.control if control.failure is None and control.hops]
    return any(end.failure is None and end.status is not None and end.status < 400 for end in ends)


async def _at_proxy(run: Run, proxy: Proxy, neutral: Record | None) -> _Seen:
    """What answers on its port outside, and whether it relays here."""
    shown = None if neutral is None else (await visit(_walk(run, neutral), ProxyRoad(proxy))).shown
    if shown is Shown.REAL:
        return _Seen(alive=True, line=State.ACCESSIBLE, relays=True)
    relays = None if shown is None else False
    return _Seen(alive=await _answers(run, proxy), line=State.INCONCLUSIVE, relays=relays)


async def _answers(run: Run, proxy: Proxy) -> bool | None:
    """Whether a helper can connect to it; None: no helper said."""
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    url, addresses = f"http://{host}:{proxy.port}/", {proxy.address} - {""}
    for _ in range(2):  # a name is looked up by the helper first: this line's resolver may lie
        endpoints = sorted(endpoint_of(address, proxy.port) for address in addresses)
        session = run.shared.session()
        asked = [helper.control(session, url, endpoints) for helper in run.shared.helpers]
        found = [control for control in await asyncio.gather(*asked) if control.failure is None]
        tcp = [one.ok for control in found for one in control.tcp if one.endpoint in endpoints]
        if tcp:
            return any(tcp)
        addresses = {address for control in found if control.dns for address in control.dns.addresses}
        if not addresses:
            break
    gone = [control.dns is not None and control.dns.rcode == "NXDOMAIN" for control in found]
    return False if gone and all(gone) else None
