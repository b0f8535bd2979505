"""The control: the same URL and addresses, asked of every helper in the same seconds (of a site that is open: soon)."""

from collections.abc import Iterable

from blockprobe.measure.case import Case
from blockprobe.net.together import together
from blockprobe.verdict.leg import Leg, endpoint_of

#: A helper is given at most this many endpoints.
MAX_ENDPOINTS = 24


async def ask_helpers(case: Case, leg: Leg, addresses: Iterable[str]) -> None:
    """Ask all helpers about the leg's URL and the addresses found so far, on the ports that the measurement uses."""
    await ask_about(case, leg, endpoints_for(case, leg, addresses))


def endpoints_for(case: Case, leg: Leg, addresses: Iterable[str]) -> list[str]:
    """The addresses as helpers are asked about them ("203.0.113.5:443")."""
    view = case.view()
    ports = sorted({first.port for first in view.first_legs} | {leg.port}) if leg.hop == 0 else [leg.port]
    ports = [*ports, 443] if leg.port == 80 and 443 not in ports else ports
    plain = dict.fromkeys(view.plain(address) for address in addresses if not view.is_bogon(address))
    return [endpoint_of(address, port) for address in plain for port in ports][:MAX_ENDPOINTS]


async def ask_about(case: Case, leg: Leg, endpoints: list[str]) -> None:
    """Ask all helpers about the leg's URL and the endpoints."""
    found = await together(helper.control(case.session, leg.url, endpoints) for helper in case.shared.helpers)
    case.controls.extend(found)


def was_asked(case: Case, leg: Leg) -> bool:
    """Whether some helper has been asked about this very URL."""
    return any(control.url == leg.url for control in case.controls)
