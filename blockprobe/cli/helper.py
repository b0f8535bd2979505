"""`blockprobe helper`."""

from typing import TYPE_CHECKING

from blockprobe.cli.options import ConfigOption
from blockprobe.cli.process import Exit, command

if TYPE_CHECKING:
    from blockprobe.helper.listeners import Listening


@command
def helper(config: ConfigOption = None) -> int:
    """Serve control measurements and signed echoes to probes, where the configuration's helper_server says."""
    import asyncio
    import logging

    from blockprobe.cli.configuration import read_settings
    from blockprobe.helper.server import serve
    from blockprobe.net.clock import SystemClock

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = read_settings(config)
    asyncio.run(serve(settings.helper_server, settings.addresses, clock=SystemClock(), ready=_tell))
    return Exit.DONE


def _tell(listening: "Listening") -> None:
    """Say on standard error that it is ready, and where."""
    from blockprobe.cli.process import complain

    echoes = ", ".join(echo.address for echo in listening.echoes) or "none ([helper_server] echo_address)"
    complain(f"helper: API on {listening.address} port {listening.https}; echoes on {echoes}")
