"""A VPN that the operator has running: the same site through its interface."""

from dataclasses import replace

from blockprobe.measure.bypass.bench import Bench
from blockprobe.measure.bypass.road import Road
from blockprobe.measure.bypass.walk import Spot, Stop, Walk
from blockprobe.measure.bypass.ways import NotAvailable, Ways, by_road
from blockprobe.model.bypass import Shown
from blockprobe.net.dial import TcpOptions
from blockprobe.net.interfaces import has_interface
from blockprobe.net.stream import Stream


class InterfaceRoad(Road):
    """The site's true addresses, for a VPN brings a resolver of its own, and connections through one interface."""

    def __init__(self, interface: str) -> None:
        """`interface` as `ip link` shows it."""
        self._options = TcpOptions(interface=interface)

    async def find(self, walk: Walk, host: str) -> tuple[str | None, ...] | Stop:
        """True addresses of the target; what the line's own resolvers give for any other host."""
        if walk.site.listed and host == walk.bench.site.host:
            return tuple(walk.bench.known.true)
        return await super().find(walk, host)

    async def connect(self, walk: Walk, spot: Spot) -> Stream | Stop:
        """A connection through the interface; one that does not even begin is the interface's fault."""
        came = await walk.connect(spot, options=self._options)
        if isinstance(came, Stop) and came.shown is Shown.MEANS:
            return replace(came, because=f"{self._options.interface} leads nowhere: {came.because}")
        return came


async def ways(bench: Bench) -> Ways:
    """The configured interface."""
    interface = bench.settings.bypass.interface
    if interface is None:
        return NotAvailable(because="no VPN is configured in bypass.interface")
    if not has_interface(interface):
        return NotAvailable(because=f"bypass.interface: this machine has no interface {interface}; is the VPN up?")
    if not bench.known.true and not bench.known.leg.is_ip:
        return NotAvailable(because="no true address of the site is known, and a VPN's own resolver is not asked")
    return (by_road(interface, InterfaceRoad(interface)),)
