"""Waiting for sockets: an epoll of our own for each event loop, which the loop watches as one descriptor.

`loop.add_reader` and `remove_reader` go through five layers of Python each time, a twentieth of a healthy target's
CPU; here a wait is one system call, and a socket that was waited for once leaves by being closed (epoll(7)).
"""

import asyncio
import contextlib
from collections.abc import Callable
from select import EPOLLIN, EPOLLONESHOT, EPOLLOUT, epoll
from weakref import WeakKeyDictionary

#: Sockets woken in one turn of the loop; the others are woken in the next.
_BATCH = 256


class Poller:
    """The waits of one event loop. A socket is either waited for (`readable`, `writable`) or watched, by one at a time.

    A wait may end although the socket is not ready: try, and wait again.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._epoll = epoll()
        self._waits: dict[int, asyncio.Future[None]] = {}
        self._watched: dict[int, Callable[[], object]] = {}
        self._known: set[int] = set()  # descriptors that were registered, closed ones among them
        loop.add_reader(self._epoll.fileno(), self._dispatch)

    async def readable(self, descriptor: int) -> None:
        """Until a read would not block."""
        await self._once(descriptor, EPOLLIN | EPOLLONESHOT)

    async def writable(self, descriptor: int) -> None:
        """Until a write would not block, or a connection that was begun has come about or failed."""
        await self._once(descriptor, EPOLLOUT | EPOLLONESHOT)

    def watch(self, descriptor: int, callback: Callable[[], object]) -> None:
        """Call whenever a read would not block, until `unwatch`."""
        self._register(descriptor, EPOLLIN)
        self._watched[descriptor] = callback

    def unwatch(self, descriptor: int) -> None:
        """Call no more; before the socket is closed."""
        del self._watched[descriptor]
        self._known.discard(descriptor)
        self._epoll.unregister(descriptor)

    async def _once(self, descriptor: int, events: int) -> None:
        wait = self._waits[descriptor] = asyncio.get_running_loop().create_future()
        try:
            self._register(descriptor, events)
            await wait
        except BaseException:
            if self._waits.get(descriptor) is wait:  # else it was closed meanwhile, and is another socket's number
                del self._waits[descriptor]
            raise

    def _register(self, descriptor: int, events: int) -> None:
        if descriptor in self._known:
            with contextlib.suppress(FileNotFoundError):  # that one was closed; this is a new socket of its number
                self._epoll.modify(descriptor, events)
                return
        self._epoll.register(descriptor, events)
        self._known.add(descriptor)

    def _dispatch(self) -> None:
        watched = []
        for descriptor, _ in self._epoll.poll(0, _BATCH):
            wait = self._waits.pop(descriptor, None)
            if wait is None:
                watched.append(descriptor)
            elif not wait.done():
                wait.set_result(None)
        for descriptor in watched:  # last: should one of them raise, the others are called again, a wait would not be
            if descriptor in self._watched:
                self._watched[descriptor]()


_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, Poller] = WeakKeyDictionary()


def poller() -> Poller:
    """The running loop's; made when first needed, it goes with the loop."""
    loop = asyncio.get_running_loop()
    found = _pollers.get(loop)
    if found is None:
        found = _pollers[loop] = Poller(loop)
    return found
