"""The endpoints of one control request, all tested at once."""

import asyncio

from blockprobe.helper.connect import REFUSED, Connector, Opened, Wanted
from blockprobe.helper.guard import Place
from blockprobe.helper.limits import Deadline
from blockprobe.net.stream import Stream

#: Endpoints tested for one request; the client's come after those that the helper resolved.
MAX_ENDPOINTS = 32


class EndpointTests:
    """Tests endpoints and keeps the first good connection to one of the helper's own addresses for the fetch.

    Addresses that only the client offers are tested, never fetched from: they may be the censor's.
    """

    def __init__(self, deadline: Deadline, connector: Connector, place: Place) -> None:
        """`place` is the URL's. Call inside a running loop."""
        self._deadline = deadline
        self._connector = connector
        self._place = place
        self._tasks: list[asyncio.Task[Opened]] = []
        self._hopes = 0
        self._first: asyncio.Future[Stream | None] = asyncio.get_running_loop().create_future()
        self._taken = False

    def start(self, resolved: tuple[str, ...], offered: list[tuple[str, int]]) -> None:
        """Begin: resolved addresses on the URL's ports, offered endpoints as they are where the port may be tested."""
        ports = self._ports()
        pairs = [(address, port) for address in resolved for port in ports]
        pairs += [(address, port) for address, port in offered if port in (*ports, 80, 443)]
        for address, port in list(dict.fromkeys(pairs))[:MAX_ENDPOINTS]:
            tls = self._place.tls if port == self._place.port else port == 443
            wanted = Wanted(host=self._place.host, address=address, port=port, tls=tls)
            for_fetch = address in resolved and port == self._place.port
            self._hopes += for_fetch
            self._tasks.append(asyncio.create_task(self._test(wanted, for_fetch=for_fetch)))
        if not self._hopes:
            self._first.set_result(None)

    async def first(self) -> Stream | None:
        """The first connection that can carry the URL's request; None when all attempts have failed."""
        stream = await self._first
        self._taken = True
        return stream

    def failure(self) -> str:
        """Why `first` gave None: the failure of a last attempt, or that there was nowhere to go."""
        ended = [task.result() for task in self._tasks if task.done()]
        ours = [one.failure for one in ended if one.failure and one.wanted.port == self._place.port]
        return next((word for word in ours if word != REFUSED), REFUSED)

    async def results(self) -> list[Opened]:
        """What came of every endpoint."""
        return list(await asyncio.gather(*self._tasks))

    async def aclose(self) -> None:
        """Stop what is still going on; close a connection that nobody took."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._first.done() and not self._taken and (stream := self._first.result()) is not None:
            stream.close()

    async def _test(self, wanted: Wanted, *, for_fetch: bool) -> Opened:
        opened = await self._connector.open(self._deadline, wanted)
        if opened.stream is not None:
            if for_fetch and not self._first.done():
                self._first.set_result(opened.stream)
            else:
                opened.stream.close()
        self._hopes -= for_fetch
        if not self._hopes and not self._first.done():
            self._first.set_result(None)
        return opened

    def _ports(self) -> tuple[int, ...]:
        """As oohelperd: the explicit port, else 443, for http URLs 80 too."""
        if self._place.explicit:
            return (self._place.port,)
        return (443,) if self._place.tls else (80, 443)
