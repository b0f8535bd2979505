"""The address of `[metrics] listen`, read and bound; every way in which that fails is one clear line."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable

from blockprobe.model.errors import ConfigError
from blockprobe.model.target import shown

_BACKLOG = 16

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def parse_listen(text: str) -> tuple[str, int]:
    """Address and port of "127.0.0.1:9890", "[::1]:9890" or "localhost:9890" (IPv4). Raises ConfigError.

    Names are not looked up: where a probe is served must not depend on a resolver that is under test.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if host == "localhost":
        host = "127.0.0.1"
    try:
        address = ipaddress.ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        raise _no_address(text) from None
    if not colon or bracketed != (address.version == 6):
        raise _no_address(text)
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise _no_address(text)
    return str(address), int(port)


async def listen_on(text: str, accept: Accept, *, head_bytes: int) -> tuple[asyncio.Server, str, int]:
    """Serve on the address in `text`; the server, and address and port that it has. Raises ConfigError."""
    host, port = parse_listen(text)
    try:  # a socket of our own, for asyncio of 3.13 gives no number for an address that is not there
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(_unusable(text, port, error)) from error
    server = await asyncio.start_server(accept, sock=sock, limit=head_bytes, backlog=_BACKLOG)
    bound = server.sockets[0].getsockname()
    return server, str(bound[0]), int(bound[1])


def _no_address(text: str) -> ConfigError:
    return ConfigError(
        f"metrics.listen {shown(text)}: no address with port; give one like 127.0.0.1:9890 or [::1]:9890"
    )


def _unusable(text: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"metrics.listen {text}: port {port} is in use, perhaps by another agent or exporter "
            f"(`ss -ltnp 'sport = :{port}'` names it); stop that one, or choose another port"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"metrics.listen {text}: this machine has no such address; `ip address` lists those that it has"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"metrics.listen {text}: port {port} is not for this user; choose one from 1024 to 65535"
    return f"metrics.listen {text}: {error.strerror or error}; choose another address"
