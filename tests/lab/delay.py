"""A delay line without netem: holds what netfilter queues and lets it go when its time has come.

Run as a program inside a namespace: `delay.py QUEUE MILLISECONDS`; says `ready` when bound; a new number of
milliseconds on standard input changes the delay. Standard library only.
"""

import select
import socket
import struct
import sys
import time
from collections import deque

_NETFILTER = 12
_PACKET, _VERDICT, _CONFIG = 0x300, 0x301, 0x302
_BIND, _COPY_META, _ACCEPT = 1, 1, 1


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def _message(kind: int, queue: int, body: bytes) -> bytes:
    return struct.pack("=IHHIIBBH", 20 + len(body), kind, 1, 0, 0, 0, 0, socket.htons(queue)) + body


def _open(queue: int) -> socket.socket:
    line = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
    line.bind((0, 0))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_000_000)
    line.setsockopt(270, 5, 1)  # SOL_NETLINK, NETLINK_NO_ENOBUFS
    line.send(_message(_CONFIG, queue, _attribute(1, struct.pack("!BBH", _BIND, 0, 0))))
    line.send(_message(_CONFIG, queue, _attribute(2, struct.pack("!IB", 0, _COPY_META))))
    line.send(_message(_CONFIG, queue, _attribute(3, struct.pack("!I", 65536))))
    return line


def _packet_ids(data: bytes) -> list[bytes]:
    """The ids in one read: the packet header is the first attribute of every message."""
    found, at = [], 0
    while at + 28 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if kind == _PACKET:
            found.append(data[at + 24 : at + 28])
        at += max(20, (length + 3) & ~3)
    return found


def main() -> None:
    queue, delay = int(sys.argv[1]), float(sys.argv[2]) / 1000
    line = _open(queue)
    print("ready", flush=True)
    waiting: deque[tuple[float, bytes]] = deque()
    accept = struct.pack("!I", _ACCEPT)
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([line, sys.stdin], [], [], pause)
        if sys.stdin in readable:
            order = sys.stdin.readline()
            if not order:
                return
            delay = float(order) / 1000
            print("ready", flush=True)
        now = time.monotonic()
        if line in readable:
            waiting.extend((now + delay, each) for each in _packet_ids(line.recv(65536)))
        while waiting and waiting[0][0] <= now:
            line.send(_message(_VERDICT, queue, _attribute(2, accept + waiting.popleft()[1])))


if __name__ == "__main__":
    main()
