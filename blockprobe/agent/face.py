"""What others see of the agent: the metrics server, the text file, the status file, systemd's status line."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from blockprobe.agent.agent import Agent
from blockprobe.agent.figures import STATUS_S
from blockprobe.agent.notify import Notifier
from blockprobe.agent.status import write_status
from blockprobe.metrics.render import Renderer
from blockprobe.metrics.server import Health, MetricsServer
from blockprobe.metrics.textfile import write_textfile
from blockprobe.model.errors import ConfigError
from blockprobe.model.settings import MetricsSettings
from blockprobe.net.clock import Clock

_LOG = logging.getLogger(__name__)


class Face:
    """Shows one agent; `moving` says whether its loop still works."""

    def __init__(self, agent: Agent, clock: Clock, moving: Callable[[], bool], *, textfile: str | None = None) -> None:
        """`textfile`: overrides the configured one. Shows nothing yet."""
        self._agent = agent
        self._clock = clock
        self._moving = moving
        self._textfile = textfile
        self._server: MetricsServer | None = None
        self._settings = MetricsSettings(listen="")
        self._served, self._filed = Renderer(self._settings), Renderer(self._settings, process=False)
        self._written = float("-inf")
        self._fault: str | None = None
        self.notifier = Notifier()

    async def use(self, settings: MetricsSettings) -> None:
        """Serve as these settings say; raises ConfigError, and then goes on as before."""
        if self._textfile is not None:
            settings = replace(settings, textfile=self._textfile)
        if settings.listen != self._settings.listen:
            server = await MetricsServer.start(settings.listen, self._source, self._health) if settings.listen else None
            if self._server is not None:
                await self._server.aclose()
            self._server = server
            self._agent.figures.metrics_url = None if server is None else server.url
        self._settings = settings
        self._served, self._filed = Renderer(settings), Renderer(settings, process=False)

    async def aclose(self) -> None:
        """Serve no more."""
        if self._server is not None:
            await self._server.aclose()
            self._server = None

    def after_cycle(self) -> None:
        """Write both files."""
        self.write_status(at_once=True)
        if self._settings.textfile is None:
            return
        text = self._filed.render(self._agent.figures.snapshot(self._clock.now()))
        try:
            write_textfile(Path(self._settings.textfile), text)
        except ConfigError as error:
            self._tell_once(str(error))
        else:
            self._fault = None

    def write_status(self, *, at_once: bool = False) -> None:
        """The status file, when it is time to or `at_once`; and systemd's line."""
        now = self._clock.monotonic()
        if not at_once and now - self._written < STATUS_S:
            return
        figures = self._agent.figures
        status = figures.status(self._clock.now())
        what = status.problems[0] if status.problems else f"{status.cycles} cycles, {status.targets} targets in turn"
        self.notifier.status(what)
        try:
            write_status(Path(figures.loaded.settings.store.dir), status)
        except OSError as error:
            _LOG.debug("%s", error)  # the store tells; and a file that grows old is itself a sign
        self._written = now

    def _source(self) -> Iterator[bytes]:
        return self._served.pieces(self._agent.figures.snapshot(self._clock.now()))

    def _health(self) -> Health:
        return self._agent.figures.health(moving=self._moving())

    def _tell_once(self, fault: str) -> None:
        if fault != self._fault:
            _LOG.error("%s", fault)
        self._fault = fault
