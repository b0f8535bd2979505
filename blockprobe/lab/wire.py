"""A bump in the wire: frames go from one interface to another, past a censor and through bad weather.

Frames are read from a memory-mapped ring (packet(7)), which needs no privilege beyond the namespace's own and does not
overflow where socket buffers are small."""

import contextlib
import heapq
import mmap
import select
import socket
import struct
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, Final

from blockprobe.lab import censor
from blockprobe.lab.engine import Engine
from blockprobe.lab.shaping import Shaper, shapers

_SOL_PACKET: Final = 263
_PACKET_RX_RING: Final = 5
_PACKET_VERSION: Final = 10
_PACKET_IGNORE_OUTGOING: Final = 23
_TPACKET_V2: Final = 1
_ETH_P_ALL: Final = 3
_FRAME: Final = 2048
_FRAMES: Final = 1024
_BLOCK: Final = 65536
_IDLE: Final = 0.5


class Port:
    """One interface: a ring of received frames, and sending."""

    def __init__(self, interface: str) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
        self.socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        ring = struct.pack("IIII", _BLOCK, _FRAMES * _FRAME // _BLOCK, _FRAME, _FRAMES)
        self.socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, ring)
        self._ring = mmap.mmap(self.socket.fileno(), _FRAMES * _FRAME)
        self._next = 0
        self.socket.setblocking(False)
        self.socket.bind((interface, _ETH_P_ALL))

    def receive(self, most: int = 64) -> list[bytes]:
        """Frames that have arrived, oldest first."""
        frames = []
        ring, offset = self._ring, self._next
        for _ in range(most):
            status, _length, kept, start = struct.unpack_from("IIIH", ring, offset)
            if not status & 1:  # TP_STATUS_USER: the frame is ours
                break
            frames.append(ring[offset + start : offset + start + kept])
            struct.pack_into("I", ring, offset, 0)
            offset = (offset + _FRAME) % (_FRAMES * _FRAME)
        self._next = offset
        return frames

    def send(self, frame: bytes) -> None:
        """Put a frame on the link; a link that is being rebuilt loses it."""
        with contextlib.suppress(OSError):
            self.socket.send(frame)

    def close(self) -> None:
        """Give the ring back."""
        self._ring.close()
        self.socket.close()


class Wire:
    """Two ports and what lies between them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ports: dict[bool, Port] = {}  # by direction: True receives what goes up, from the near side
        self._engine = Engine((), time.monotonic)
        self._shapers: list[Shaper] = []
        self._began = time.monotonic()
        self._queue: list[tuple[float, int, Port, bytes]] = []
        self._serial = 0
        self.frames = 0

    def attach(self, *, present: bool, anew: bool) -> None:
        """Open the interfaces, or leave them when the wire is not in place."""
        if self._ports and (anew or not present):
            for port in self._ports.values():
                port.close()
            self._ports = {}
            self._queue = []
        if present and not self._ports:
            self._ports = {True: Port(f"{self._name}.near"), False: Port(f"{self._name}.far")}

    def load(self, rules: Sequence[censor.Rule]) -> None:
        """Start over with these rules, as if no packet had ever passed."""
        self._engine = Engine(rules, time.monotonic)
        self._shapers = shapers(rules)
        self._began = time.monotonic()
        self._queue = []

    def serve(self, control: Connection) -> None:
        """Forward frames and obey `control` until it is closed."""
        while True:
            sources: list[Any] = [control, *(port.socket for port in self._ports.values())]
            ready, _, _ = select.select(sources, [], [], self._patience())
            for up, port in tuple(self._ports.items()):
                if port.socket in ready:
                    self._forward(port.receive(), up=up)
            if self._queue:
                self._release()
            if control in ready and not self._obey(control):
                return

    def _obey(self, control: Connection) -> bool:
        try:
            command: dict[str, Any] = control.recv()
        except EOFError:
            return False
        try:
            self.attach(present=command["present"], anew=command["anew"])
            self.load(command["rules"])
            control.send(None)
        except (OSError, ValueError) as error:
            control.send(f"wire {self._name}: {error}")
        return True

    def _patience(self) -> float:
        return max(0.0, self._queue[0][0] - time.monotonic()) if self._queue else _IDLE

    def _forward(self, frames: list[bytes], *, up: bool) -> None:
        engine = self._engine
        self.frames += len(frames)
        for frame in frames:
            passed: bytes | None = frame
            if engine.active:
                passed = engine.handle(frame, up=up)
                while engine.injected:
                    towards, made = engine.injected.pop(0)
                    self._put(made, up=towards)
            if passed is not None:
                self._put(passed, up=up)

    def _put(self, frame: bytes, *, up: bool) -> None:
        port = self._ports[not up]
        if not self._shapers:
            port.send(frame)
            return
        now, wait = time.monotonic(), 0.0
        for shaper in self._shapers:
            more = shaper(frame, now - self._began, up)
            if more is None:
                return
            wait += more
        if wait <= 0.0:
            port.send(frame)
            return
        self._serial += 1
        heapq.heappush(self._queue, (now + wait, self._serial, port, frame))

    def _release(self) -> None:
        now = time.monotonic()
        while self._queue and self._queue[0][0] <= now:
            _, _, port, frame = heapq.heappop(self._queue)
            port.send(frame)
