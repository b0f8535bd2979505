"""Lists of names that meet silence, and few echoes to try them at: targets share an echo, and no blame is shared."""

from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Action, Host, Match, Residual, Sni
from blockprobe.lab.demo_world import blocked
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Door, Site, site
from blockprobe.model.words import Mechanism, Reason, State

_LISTED: Final = tuple(site(f"listed{number}.example", 10 + number) for number in range(8))
_PUNISHED: Final = tuple(site(f"punished{number}.example", 40 + number) for number in range(2))
_OWN: Final = tuple(site(f"own{number}.example", 50 + number) for number in range(6))


def _names(sites: tuple[Site, ...]) -> tuple[str, ...]:
    return tuple(name for each in sites for name in each.names)


#: Firewalls of origins that swallow this line's ClientHello: nothing that the network does.
_FIREWALLS: Final = Sni(names=_names(_OWN), action=Action.DROP, at="origin", match=Match(sources=at.PROBE_NETS))
_NOT_BLAMED: Final = tuple(
    Expect(target=f"https://{name}/", state=State.INCONCLUSIVE, reasons=(Reason.SERVER_OR_NETWORK,))
    for name in _names(_OWN)
)
_BLOCKED: Final = tuple(blocked(f"https://{name}/", Mechanism.TLS_TIMEOUT_SNI) for name in _names(_LISTED))
_CLEAR: Final = tuple(site(f"clear{number}.example", 60 + number, https=Door.CLOSED) for number in range(6))

SCENARIOS: Final = (
    Scenario(
        name="one-echo",
        story="eleven healthy sites, three of which swallow this line's handshakes with their own firewall; one echo",
        censor="drops connections with eight of the names",
        sites=(*_LISTED, *_OWN[:3]),
        rules=(Sni(names=_names(_LISTED), action=Action.DROP), _FIREWALLS),
        targets=(*_BLOCKED[:4], *_NOT_BLAMED[:3], *_BLOCKED[4:]),
        echoes=1,
    ),
    Scenario(
        name="two-echoes-and-punishment",
        story="16 healthy sites, six with a firewall of their own; two echoes",
        censor="drops connections with eight of the names; after two others it drops all that goes from this source to "
        "that address and port for 8 s",
        sites=(*_LISTED, *_PUNISHED, *_OWN),
        rules=(
            Sni(names=_names(_LISTED), action=Action.DROP),
            Sni(names=_names(_PUNISHED), action=Action.DROP, residual=Residual(seconds=8)),
            _FIREWALLS,
        ),
        targets=(
            *_BLOCKED[:5],
            *_NOT_BLAMED[:3],
            *(blocked(f"https://{name}/", Mechanism.TLS_TIMEOUT_SNI) for name in _names(_PUNISHED)),
            *_BLOCKED[5:],
            *_NOT_BLAMED[3:],
        ),
        echoes=2,
    ),
    Scenario(
        name="one-echo-in-cleartext",
        story="six sites in cleartext, two of which swallow this line's requests with their own firewall; one echo",
        censor="drops requests to four of the names",
        sites=_CLEAR,
        rules=(
            Host(names=_names(_CLEAR[:4]), action=Action.DROP),
            Host(names=_names(_CLEAR[4:]), action=Action.DROP, at="origin", match=Match(sources=at.PROBE_NETS)),
        ),
        targets=(
            *(blocked(f"http://{name}/", Mechanism.HTTP_TIMEOUT_HOST) for name in _names(_CLEAR[:4])),
            *(
                Expect(target=f"http://{name}/", state=State.INCONCLUSIVE, reasons=(Reason.SERVER_OR_NETWORK,))
                for name in _names(_CLEAR[4:])
            ),
        ),
        echoes=1,
    ),
)
