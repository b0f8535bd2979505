"""Sites that speak HTTP/3, and networks that treat QUIC in another way than TCP. No state rests on it: what is proven
is listed beside the verdict."""

from typing import Final

from blockprobe.lab.censor import Action, Drop, Loss, Match, QuicSni, Rule, Sni
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Site, site
from blockprobe.model.words import Mechanism as M
from blockprobe.model.words import State

_IMPATIENT: Final = "\n[limits]\ntimeout_s = 3.0\n"
"""Four datagrams an attempt in place of five: tests wait for silence most of the time."""
_QUIC: Final = (M.QUIC_TIMEOUT_SNI, M.QUIC_TIMEOUT_IP)


def _udp(*sites: Site) -> Match:
    addresses = tuple(address for each in sites for address in each.addresses)
    return Match(addresses=addresses, ports=(443,), protocol="udp")


_OPEN = site("open-h3.example", 30, quic=True)
_NAMED = site("quic-named.example", 31, quic=True)
_TCP_ONLY = site("tcp-named.example", 32, quic=True)
_BOTH = site("both-named.example", 33, quic=True)
_PLACED = site("quic-placed.example", 34, quic=True)
_DOWN = site("h3-down.example", 35, quic=True)
_FAR = site("h3-firewall.example", 36, quic=True)
_V4 = site("v4-named.example", 37, quic=True, v6=())
_NONE = site("no-h3.example", 38)

_CENSOR: tuple[Rule, ...] = (
    QuicSni(names=("quic-named.example", "both-named.example", "v4-named.example", "no-h3.example")),
    Sni(names=("tcp-named.example", "both-named.example"), action=Action.RESET),
    Drop(match=_udp(_PLACED)),
    Drop(match=_udp(_DOWN), at="origin"),
    Drop(match=Match(addresses=_FAR.addresses, ports=(443,), protocol="udp",
                     sources=("198.51.100.0/25", "2001:db8:10::/64")), at="origin"),
)  # fmt: skip

_TARGETS = (
    Expect(target="https://open-h3.example/", state=State.ACCESSIBLE, never=_QUIC),
    Expect(target="https://quic-named.example/", state=State.ACCESSIBLE, interference=(M.QUIC_TIMEOUT_SNI,),
           never=(M.QUIC_TIMEOUT_IP,)),
    Expect(target="https://tcp-named.example/", state=State.BLOCKED, mechanisms=(M.TLS_RESET_SNI,), never=_QUIC),
    Expect(target="https://both-named.example/", state=State.BLOCKED, mechanisms=(M.TLS_RESET_SNI,),
           interference=(M.QUIC_TIMEOUT_SNI,), never=(M.QUIC_TIMEOUT_IP,)),
    Expect(target="https://quic-placed.example/", state=State.ACCESSIBLE, interference=(M.QUIC_TIMEOUT_IP,),
           never=(M.QUIC_TIMEOUT_SNI,)),
    Expect(target="https://h3-down.example/", state=State.ACCESSIBLE, never=_QUIC),
    Expect(target="https://h3-firewall.example/", state=State.ACCESSIBLE, never=_QUIC),
    Expect(target="https://v4-named.example/", state=State.ACCESSIBLE, interference=(M.QUIC_TIMEOUT_SNI,),
           never=(M.QUIC_TIMEOUT_IP,)),
    Expect(target="https://no-h3.example/", state=State.ACCESSIBLE, never=_QUIC),
)  # fmt: skip

_SITES = (_OPEN, _NAMED, _TCP_ONLY, _BOTH, _PLACED, _DOWN, _FAR, _V4, _NONE)

SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(
        name="quic",
        story="Nine sites; all but one advertise HTTP/3. One site's QUIC server is down, another's drops this line.",
        censor="QUIC by name, TLS by name, UDP to port 443 by address, each for some of the sites",
        sites=_SITES,
        rules=_CENSOR,
        settings=_IMPATIENT,
        targets=_TARGETS,
    ),
    Scenario(
        name="quic-firewall",
        story="A company lets no UDP to port 443 out, whatever the site; besides, one name is filtered in QUIC.",
        censor="no QUIC at all",
        settings=_IMPATIENT,
        sites=(_OPEN, _NAMED, _BOTH),
        rules=(
            Drop(match=Match(ports=(443,), protocol="udp"), at="access"),
            QuicSni(names=("quic-named.example",)),
            Sni(names=("both-named.example",), action=Action.RESET),
        ),
        targets=(
            Expect(target="https://open-h3.example/", state=State.ACCESSIBLE, never=_QUIC),
            Expect(target="https://quic-named.example/", state=State.ACCESSIBLE, never=_QUIC),
            Expect(
                target="https://both-named.example/",
                state=State.BLOCKED,
                mechanisms=(M.TLS_RESET_SNI,),
                never=_QUIC,
            ),
        ),
    ),
)


def over_a_lossy_line(rate: float, seed: int) -> Scenario:
    """The nine sites where each way loses packets at this rate: not in the family, for it takes half a minute."""
    return Scenario(
        name=f"quic-loss-{rate:.0%}-{seed}",
        story=f"The same nine sites over a line that loses {rate:.0%} of its packets each way.",
        censor="as in quic",
        sites=_SITES,
        rules=(*_CENSOR, Loss(rate=rate, seed=seed)),
        targets=_TARGETS,
    )
