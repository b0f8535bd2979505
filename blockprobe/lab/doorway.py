"""A door from this machine to a port on the subscriber's line: `python -m blockprobe.lab.doorway DESCRIPTOR PORT`.

A listening socket stays in the network in which it was made. So a process that was put on the subscriber's line takes
connections from outside there and goes on to its own 127.0.0.1; not one packet passes between the two networks.
"""

import asyncio
import contextlib
import socket
import sys

_BLOCK_BYTES = 65536


async def serve(outside: socket.socket, port: int) -> None:
    """Pass every connection of `outside`, which listens, on to 127.0.0.1:`port` here, until cancelled."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _pass_on(reader, writer, port)

    server = await asyncio.start_server(take, sock=outside)
    async with server:
        await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:  # nobody serves there yet: to the client it looks like that
        writer.transport.abort()
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    for each in (writer, inner_writer):
        each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends or breaks; the other is told that nothing more comes."""
    with contextlib.suppress(OSError):
        while block := await reader.read(_BLOCK_BYTES):
            writer.write(block)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def _main(descriptor: int, port: int) -> None:
    asyncio.run(serve(socket.socket(fileno=descriptor), port))


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
