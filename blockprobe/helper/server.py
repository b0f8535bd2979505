"""`blockprobe helper`: API and echoes of one process, from its settings to its end."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from blockprobe.helper.api import Api
from blockprobe.helper.budget import ByteBudget, InFlight, RequestBudget
from blockprobe.helper.certificate import ServerCertificate
from blockprobe.helper.control import Controller
from blockprobe.helper.echo_http import HttpEcho
from blockprobe.helper.echo_service import EchoService
from blockprobe.helper.http_server import HttpConversation, HttpLimits
from blockprobe.helper.keys import KeyTable
from blockprobe.helper.listeners import Doors, Listening, tcp_socket
from blockprobe.helper.metrics import Meter
from blockprobe.helper.zone import DelegatedZone
from blockprobe.model.errors import ConfigError
from blockprobe.model.settings import AddressSettings, HelperServerSettings
from blockprobe.net.clock import Clock

_LOG = logging.getLogger(__name__)
#: Measurements at once, in all and per client: each may hold half a megabyte of a page.
_IN_FLIGHT = (256, 128)
#: Connections at once to the API, in all and per client.
_CONNECTIONS = (2048, 256)
#: Kept connections to the API outlive a client's pauses between targets.
_API_LIMITS = HttpLimits(idle_s=60.0)
_GRACE_S = 16.0
_WRITING_S = 0.05  # the last answers are being written
_MIN_TOKEN = 16


async def serve(
    settings: HelperServerSettings,
    addresses: AddressSettings,
    *,
    clock: Clock,
    ready: Callable[[Listening], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way (at most 16 s); SIGHUP reloads the certificate.

    `ready` is called once, when everything listens. Raises ConfigError when the settings cannot be used.
    """
    server = await HelperServer.open(settings, addresses, clock=clock)
    stop = asyncio.Event()
    try:
        with _signals(stop, server.reload):
            if ready is not None:
                ready(server.listening)
            await stop.wait()
    finally:
        await server.aclose()


class HelperServer:
    """The running server. `listening` says where."""

    listening: Listening

    def __init__(self, settings: HelperServerSettings, addresses: AddressSettings, clock: Clock) -> None:
        """Reads the files that the settings name; raises ConfigError. Use `open`."""
        self._settings = settings
        self._certificate = ServerCertificate(settings.certificate, settings.key)
        self._keys = KeyTable(clock)
        self._in_flight = InFlight(total=_IN_FLIGHT[0], per_client=_IN_FLIGHT[1])
        self._meter = Meter(
            lambda: self._in_flight.count, lambda: self._certificate.not_after.timestamp(), lambda: len(self._keys)
        )
        self._controller = Controller(settings, addresses, clock)
        self._zone = self._delegated(clock) if settings.zone else None
        self._api = Api(
            clock=clock,
            keys=self._keys,
            budget=RequestBudget(clock, settings.requests_per_minute),
            in_flight=self._in_flight,
            meter=self._meter,
            measurer=self._controller,
            token=_token(settings.token_file),
        )
        self._bytes = ByteBudget(clock, settings.megabytes_per_hour * 1_000_000)
        self._doors = Doors()

    @classmethod
    async def open(cls, settings: HelperServerSettings, addresses: AddressSettings, *, clock: Clock) -> "HelperServer":
        """Listen on everything that the settings name; raises ConfigError, leaving nothing open."""
        server = cls(settings, addresses, clock)
        try:
            server.listening = await server._listen()
        except BaseException:
            await server.aclose(grace_s=0.0)
            raise
        return server

    def reload(self) -> None:
        """Read the certificate again; a fault is logged, and the old one stays in use."""
        try:
            self._certificate.reload()
        except ConfigError as error:
            _LOG.error("certificate not reloaded: %s", error)
        else:
            _LOG.info("certificate reloaded, valid until %s", self._certificate.not_after.isoformat())

    async def aclose(self, grace_s: float = _GRACE_S) -> None:
        """Let nobody in, let measurements under way end within `grace_s`, then close."""
        self._doors.shut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._in_flight.idle.wait()
                await asyncio.sleep(_WRITING_S)
        await self._doors.aclose()
        await self._controller.aclose()

    def _delegated(self, clock: Clock) -> DelegatedZone:
        return DelegatedZone(
            zone=self._settings.zone or "",
            addresses=tuple(one for one in self._settings.echo_address if one not in ("0.0.0.0", "::")),
            keys=self._keys,
            budget=RequestBudget(clock, self._settings.requests_per_minute),
            clock=clock,
            count=self._meter.count,
        )

    async def _listen(self) -> Listening:
        gate = InFlight(total=_CONNECTIONS[0], per_client=_CONNECTIONS[1])
        sock = tcp_socket(self._settings.address, self._settings.https)
        https: int = sock.getsockname()[1]

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
            await HttpConversation(
                reader=reader, writer=writer, client=client, handler=self._api, limits=_API_LIMITS
            ).run()

        await self._doors.streams(sock, talk, gate, self._certificate.front())
        answers = HttpEcho(self._keys, self._bytes)
        echo = EchoService(answers, self._meter, self._certificate, self._doors, self._zone)
        echoes = [await echo.listen(address, self._settings) for address in self._settings.echo_address]
        return Listening(address=self._settings.address, https=https, echoes=tuple(echoes))


def _token(path: str | None) -> str | None:
    """The bearer token in a file; only its first line counts."""
    if path is None:
        return None
    try:
        lines = Path(path).read_text("ascii").split("\n")
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"helper_server.token_file {path}: {error}") from error
    if len(lines[0].strip()) < _MIN_TOKEN:
        raise ConfigError(f"helper_server.token_file {path}: the first line must have {_MIN_TOKEN} characters or more")
    return lines[0].strip()


@contextlib.contextmanager
def _signals(stop: asyncio.Event, reload: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
