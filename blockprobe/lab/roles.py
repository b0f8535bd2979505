"""The processes of the laboratory: one builder that holds the map, and one child a role that it forks."""

import asyncio
import contextlib
import os
import resource
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Protocol

from blockprobe.lab import addresses as at
from blockprobe.lab import kernel
from blockprobe.lab.topology import NAMESPACES, WIRES, Plumbing, Topology
from blockprobe.model.errors import LabError

ROLES: Final = ("world", "isp", *WIRES)


class Servers(Protocol):
    """What a serving role can do."""

    async def start(self) -> None:
        """Open ports."""
        ...

    async def load(self, scenario: Any) -> None:
        """Change to a scenario."""
        ...


@dataclass(slots=True)
class Builder:
    """Runs in a child of the user's process: makes the namespaces and forks the roles into them."""

    directory: Path
    control: Connection
    hands: socket.socket
    roles: dict[str, Connection]
    namespaces: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Build, report, then rebuild on demand until the user's process closes its end."""
        os.setsid()  # Ctrl-C is for the user's process, which then ends this one in order
        kernel.die_with_parent()
        try:
            topology = self._build()
        except (OSError, LabError) as error:
            self.control.send(str(kernel.forbidden(error) if isinstance(error, PermissionError) else error))
            return
        self.control.send(None)
        while True:
            try:
                plumbing: Plumbing = self.control.recv()
            except EOFError:
                return
            try:
                topology.change(plumbing)
                self.control.send(None)
            except Exception as error:
                self.control.send(f"cannot rebuild the map: {error!r}")

    def _build(self) -> Topology:
        user = kernel.own_network()
        kernel.die_with_parent()  # a new user namespace has cleared it
        for name in NAMESPACES:
            kernel.unshare(kernel.CLONE_NEWNET)
            self.namespaces[name] = kernel.current_network()
        users = [os.open("/proc/self/ns/user", os.O_RDONLY | os.O_CLOEXEC)] if user else []
        socket.send_fds(self.hands, [b"n"], [*self.namespaces.values(), *users])
        from blockprobe.lab.certificates import Authority

        authority = Authority.create()
        authority.write_root(self.directory / "ca.pem")
        authority.write_leaf(self.directory / "ctl.pem", at.HELPER_NAME, at.HELPER, at.HELPER_V6, "echo.example")
        self._fork_roles(authority)
        topology = Topology(self.namespaces)
        topology.build()
        return topology

    def _fork_roles(self, authority: Any) -> None:
        from blockprobe.lab.isp import Isp
        from blockprobe.lab.wire import Wire
        from blockprobe.lab.world import World

        for name in WIRES:
            self._fork(name, "wires", lambda control, name=name: Wire(name).serve(control))  # type: ignore[misc]
        self._fork("isp", "isp1", lambda control: asyncio.run(_serve(Isp(authority), control)))
        self._fork("world", "world", lambda control: asyncio.run(_serve(World(authority), control)))
        for connection in self.roles.values():
            connection.close()

    def _fork(self, role: str, namespace: str, work: Callable[[Connection], None]) -> None:
        if os.fork():
            return
        status = 1
        try:
            kernel.setns(self.namespaces[namespace], kernel.CLONE_NEWNET)
            kernel.die_with_parent()
            self.control.close()
            for name, connection in self.roles.items():
                if name != role:
                    connection.close()
            work(self.roles[role])
            status = 0
        except BaseException:
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(status)


async def _serve(servers: Servers, control: Connection) -> None:
    """Serve until the control connection closes; a message is a scenario to load."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    loop = asyncio.get_running_loop()
    wanted: asyncio.Queue[Any] = asyncio.Queue()

    def read() -> None:
        try:
            wanted.put_nowait(control.recv())
        except EOFError:
            loop.remove_reader(control.fileno())
            wanted.put_nowait(None)

    loop.add_reader(control.fileno(), read)
    started = False
    while (scenario := await wanted.get()) is not None:
        try:
            if not started:
                await servers.start()
                started = True
            await servers.load(scenario)
            control.send(None)
        except Exception as error:
            control.send(f"{type(servers).__name__}: {error!r}")
