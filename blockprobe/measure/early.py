"""What is begun while the last attempt of a look still waits: it takes four seconds, and the tests after it as long.

A silence counts after three attempts, the last of which ends with its own timeout. What is changed next does not depend
on that end: where it is an answer after all, the tests were in vain and change nothing. To the silent address itself go
only packets that die on the way and, for a name, one ClientHello in two segments.
"""

from blockprobe.measure import address_tests
from blockprobe.measure.case import Case
from blockprobe.measure.name_tests import HostTester, SniTester
from blockprobe.model.observation import DnsObservation, Place
from blockprobe.model.words import Layer
from blockprobe.verdict.leg import Leg

_KINDS = {Layer.IP: "tcp", Layer.TLS: "tls", Layer.HTTP: "http"}


def watch(case: Case) -> None:
    """From now on begin early, for this case."""
    case.when_silent = _begin


def _begin(case: Case, layer: Layer, leg: Leg, address: str) -> None:
    if not _is_silent(case, layer, leg, address):
        return
    begun = case.early_at(layer, leg)
    if layer is Layer.IP:
        if address not in begun and len(begun) < address_tests.MAX_TESTED:
            case.begin_early(layer, leg, address, _at_address(case, leg, address))
        return
    signs = layer is Layer.TLS or case.shared.key() is not None  # without a key an echo's page proves nothing
    if signs and not begun:  # a name is tested once for all addresses of a leg
        tester = SniTester(case, leg) if layer is Layer.TLS else HostTester(case, leg)
        case.begin_early(layer, leg, address, _of_name(case, tester, address))


def _is_silent(case: Case, layer: Layer, leg: Leg, address: str) -> bool:
    """Whether every attempt so far still waits: one that failed otherwise has been written down."""
    kind, here = _KINDS[layer], (address, leg.port, leg.hop)
    places = ((o.address, o.port, o.why.hop) for o in case.observations
              if not isinstance(o, DnsObservation) and o.kind == kind and o.why.place is Place.ORIGIN)  # fmt: skip
    return here not in places


async def _at_address(case: Case, leg: Leg, address: str) -> bool:
    await case.shared.whole_line()
    return await address_tests.test_early(case, leg, address)


async def _of_name(case: Case, tester: SniTester | HostTester, address: str) -> bool | None:
    await case.shared.whole_line()
    return await tester.run_early(address)
