"""What a battery has at hand: the run's clients, its budget, what is known of the target, and the notebook."""

import asyncio
from dataclasses import dataclass, field, replace

from blockprobe.measure.shared import Shared
from blockprobe.model.observation import HttpObservation, Observation
from blockprobe.model.record import Record, Target
from blockprobe.model.words import Layer, Mechanism
from blockprobe.net.helper_client import HelperClient
from blockprobe.net.meter import Meter, MeteredDialer
from blockprobe.net.session import Session
from blockprobe.verdict.judge import main_leg
from blockprobe.verdict.leg import Leg, addresses_in
from blockprobe.verdict.site_proof import Page, Proof, place_of
from blockprobe.verdict.view import View

#: Tries at one target that go on side by side.
AT_ONCE = 8
#: Read of a page at most (bytes): as much as a sketch looks at.
BODY_BYTES = 65_536
_PAGES = frozenset({Mechanism.HTTP_BLOCKPAGE, Mechanism.HTTP_REDIRECT_BLOCKPAGE, Mechanism.HTTP_451,
                    Mechanism.DNS_BLOCKPAGE, Mechanism.DNS_INJECTION_BLOCKPAGE})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Somewhere to go: the target (`listed`), or a neutral site. `proof` says what it is known by."""

    url: str
    host: str
    listed: bool
    proof: Proof = field(default_factory=Proof)
    addresses: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """By its URL."""
        return hash(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the measurement of the plain path tells of the target; addresses as numbers, no bogons.

    `own`: what the line's own resolvers gave; `true`: those proven or confirmed to be the site's; `elsewhere`: those of
    them that a helper's resolver gave or where a helper connected. `name_is_hidden`: it is (also) by DNS that the plain
    path is blocked.
    """

    leg: Leg
    view: View
    own: tuple[str, ...]
    true: tuple[str, ...]
    elsewhere: tuple[str, ...]
    name_is_hidden: bool
    proof: Proof


class Bench:
    """One target's battery: everything that a technique may use. Nothing is sent by the bench itself."""

    def __init__(self, shared: Shared, target: Target, before: Record, meter: Meter) -> None:
        self.shared = shared
        self.settings = shared.settings
        self.target = target
        self.meter = meter
        self.known = known_of(before, View(before.measurement(), shared.fingerprints))
        self.observations: list[Observation] = []
        self.session: Session = shared.session()
        self.site = Site(
            url=self.known.leg.url, host=self.known.leg.host, listed=True, proof=self.known.proof,
            addresses=self.known.own,
        )  # fmt: skip
        self._seen: dict[str, tuple[Page, ...]] = {}
        self.careful = False
        self.turn = asyncio.Semaphore(AT_ONCE)

    def be_careful(self) -> None:
        """From here on one try at a time: the line's filter punishes an address for what was sent there before."""
        self.careful = True
        self.turn = asyncio.Semaphore(1)

    def metered(self, meter: Meter) -> Session:
        """A session whose sockets are counted by `meter`, and which reads no more of a page than it must."""
        session = self.session
        return Session(
            clock=session.clock,
            dialer=MeteredDialer(meter),
            began=session.began,
            timeout_s=session.timeout_s,
            body_bytes=min(session.body_bytes, BODY_BYTES),
        )

    @property
    def helpers(self) -> tuple[HelperClient, ...]:
        """The control servers."""
        return self.shared.helpers

    def note(self, observation: Observation) -> int:
        """Write an observation down; its place in the result."""
        self.observations.append(observation)
        return len(self.observations) - 1

    def usable(self, family: int) -> bool:
        """Whether the line's family works, as far as neutral sites tell."""
        return self.known.view.usable(family)

    def neutral(self, family: int | None = None, *, scheme: str | None = None) -> Site | None:
        """The next neutral site, of the family if one is given, over the target's own scheme; None: there is none."""
        for each in (family,) if family else (4, 6):
            found = self.shared.next_neutral(each) if self.usable(each) else None
            if found is not None:
                host = found[0].host
                url = f"{scheme or self.known.leg.scheme}://{host}/"
                return self.again(Site(url=url, host=host, listed=False, addresses=found[0].addresses))
        return None

    def remember(self, host: str, page: HttpObservation) -> None:
        """A neutral site's page as it came under a valid chain: what its cleartext page is held against."""
        self._seen[host] = (*self._seen.get(host, ()), page)

    def again(self, site: Site) -> Site:
        """The same neutral site with what has been seen of it meanwhile."""
        pages = self._seen.get(site.host, ())
        return replace(site, proof=Proof(pages={place_of(site.url): pages} if pages else {}))

    def is_seen(self, host: str) -> bool:
        """Whether the neutral site's page is known."""
        return host in self._seen


def known_of(before: Record, view: View) -> Known:
    """What the record of the plain path tells."""
    leg = main_leg(view)
    own = tuple(a for a in view.browser_addresses(leg) if not view.is_bogon(a) or leg.is_ip)
    told = dict.fromkeys(a for dns in view.looks(leg) for a in addresses_in(dns.reply))
    real = view.real_addresses(leg)
    true = tuple(dict.fromkeys(a for a in (*own, *told, *sorted(real)) if view.plain(a) in real))
    control = view.control_addresses(leg)
    handshakes = [tls.ok for c in view.controls(leg) for tls in c.tls]
    return Known(
        leg=leg,
        view=view,
        own=own,
        true=true,
        elsewhere=tuple(a for a in true if view.plain(a) in control or view.control_tcp(leg, a)),
        name_is_hidden=any(mechanism.layer is Layer.DNS for mechanism in before.verdict.mechanisms),
        proof=Proof(
            pages=_pages(view),
            block_pages=_block_pages(before, view),
            own_chain=any(handshakes) if handshakes else None,
        ),
    )


def _pages(view: View) -> dict[tuple[str, str], tuple[Page, ...]]:
    """What the site looks like: every hop of every helper, and what came here under a valid chain."""
    found: dict[tuple[str, str], list[Page]] = {}
    for control in view.measurement.control:
        if control.failure is None:
            for hop in control.hops:
                if hop.failure is None:
                    found.setdefault(place_of(hop.url), []).append(hop)
    for page in view.http:
        if page.tls and page.why.listed and page.status is not None:
            found.setdefault(place_of(page.url), []).append(page)
    return {place: tuple(pages) for place, pages in found.items()}


def _block_pages(before: Record, view: View) -> tuple[HttpObservation, ...]:
    """Cleartext pages that the record proves to be somebody else's."""
    if not _PAGES.intersection(before.verdict.mechanisms):
        return ()
    return tuple(p for p in view.http if not p.tls and p.why.listed and p.status is not None)[:8]
