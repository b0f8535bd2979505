"""The laboratory as its users see it: a simulated ISP and the world beyond, on this machine, without root."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Any

from blockprobe.lab import configuration, kernel
from blockprobe.lab.roles import ROLES, Builder
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.topology import NAMESPACES, WIRES, Plumbing
from blockprobe.model.errors import LabError


class Lab:
    """A context manager: namespaces and servers on entering, nothing left on leaving.

    `wires`: None puts in those that each scenario needs (a change of wires takes 0.1 s); a set keeps these in always.
    Raises LabError with one line where the system forbids it."""

    def __init__(self, *, wires: frozenset[str] | None = None) -> None:
        self._fixed = wires
        self._plumbing = Plumbing()
        self._builder: tuple[int, Connection] | None = None
        self._roles: dict[str, Connection] = {}
        self._network: dict[str, int] = {}
        self._user: int | None = None
        self._home: int | None = None
        self._helper: subprocess.Popen[str] | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.scenario: Scenario | None = None

    def __enter__(self) -> "Lab":
        """Build the map and start the servers."""
        if self._temporary is not None:
            raise LabError("This laboratory is running already.")
        self._temporary = tempfile.TemporaryDirectory(prefix="blockprobe-lab-")
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop every process; the namespaces go with them."""
        self.close()

    @property
    def directory(self) -> Path:
        """Where ca.pem and the helper's files are."""
        if self._temporary is None:
            raise LabError("The laboratory is not running.")
        return Path(self._temporary.name)

    def _start(self) -> None:
        control, builder_control = Pipe()
        hands, builder_hands = socket.socketpair()
        pipes = {role: Pipe() for role in ROLES}
        child = os.fork()
        if child == 0:
            try:
                for mine, _ in pipes.values():
                    mine.close()
                control.close()
                hands.close()
                theirs = {role: other for role, (_, other) in pipes.items()}
                Builder(self.directory, builder_control, builder_hands, theirs).run()
            finally:
                os._exit(0)
        self._builder = (child, control)
        builder_control.close()
        builder_hands.close()
        for role, (mine, other) in pipes.items():
            other.close()
            self._roles[role] = mine
        with hands:
            _, descriptors, _, _ = socket.recv_fds(hands, 16, len(NAMESPACES) + 1)
        _expect(control)
        self._network = dict(zip(NAMESPACES, descriptors, strict=False))
        self._user = descriptors[len(NAMESPACES)] if len(descriptors) > len(NAMESPACES) else None

    def load(self, scenario: Scenario) -> None:
        """Make it this world: processes change in milliseconds, a change of wires or families takes 0.1 s more."""
        if self._builder is None:
            raise LabError("The laboratory is not running.")
        plumbing = scenario.plumbing
        if self._fixed is not None:
            plumbing = replace(plumbing, wires=self._fixed | plumbing.wires)
        before, self._plumbing = self._plumbing, plumbing
        for role in ("world", "isp"):
            self._roles[role].send(scenario)
        if plumbing != before:
            self._builder[1].send(plumbing)
            _expect(self._builder[1])
        rules = scenario.wire_rules()
        moved = before.families != plumbing.families
        for wire in WIRES:
            own = tuple(rule for rule in rules if rule.at == wire)
            anew = (wire in before.wires) != (wire in plumbing.wires) or (moved and wire == "access")
            self._roles[wire].send({"present": wire in plumbing.wires, "anew": anew, "rules": own})
        troubles = [
            _trouble(self._roles[role]) for role in ROLES
        ]  # all of them: an answer left unread is the next one's
        for trouble in filter(None, troubles):
            raise LabError(trouble)
        self.scenario = scenario

    def settings_toml(self, scenario: Scenario | None = None) -> str:
        """The probe's configuration file for a scenario (default: the one that is loaded)."""
        chosen = scenario or self.scenario
        if chosen is None:
            raise LabError("No scenario is loaded.")
        return configuration.probe(chosen)

    def environment(self) -> dict[str, str]:
        """The caller's environment with the throw-away root as the only trusted one, and without proxies."""
        unwanted = {"SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}
        kept = {k: v for k, v in os.environ.items() if k not in unwanted and not k.lower().endswith("_proxy")}
        return kept | {"SSL_CERT_FILE": str(self.directory / "ca.pem")}

    def start_in(self, namespace: str, argv: Sequence[str], **options: Any) -> "subprocess.Popen[str]":
        """Start a program in a namespace: probe, isp1, isp2, transit, world or ctl. It dies with this process."""
        settings: dict[str, Any] = {"env": self.environment(), "text": True} | options
        enter = kernel.entering(self._user, self._network[namespace])
        return subprocess.Popen(list(argv), preexec_fn=enter, **settings)  # noqa: S603 - setns has no other place

    def run_in_probe(self, argv: Sequence[str], *, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Run a program on the subscriber's line and collect its output."""
        process = self.start_in("probe", argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def enter_probe(self) -> None:
        """Move the calling thread onto the subscriber's line. For good, where a user namespace was made (then the
        process must have one thread only); otherwise until `leave_probe`."""
        self._home = kernel.current_network()
        if self._user is not None:
            kernel.setns(self._user, kernel.CLONE_NEWUSER)
        kernel.setns(self._network["probe"], kernel.CLONE_NEWNET)

    def leave_probe(self) -> None:
        """Move the calling thread back to where it came from. Raises OSError where there is no way back."""
        if self._home is not None:
            kernel.setns(self._home, kernel.CLONE_NEWNET)
            os.close(self._home)
            self._home = None

    def start_helper(self, *, wait_s: float = 10.0) -> None:
        """Run `blockprobe helper` in its place outside the ISP and wait until it answers."""
        config = self.directory / "helper.toml"
        config.write_text(configuration.helper(str(self.directory / "ctl.pem")))
        argv = [sys.executable, "-m", "blockprobe.cli.main", "helper", "--config", str(config)]
        with (self.directory / "helper.log").open("w") as log:
            # A session of its own: Ctrl-C is for the user's process, which ends the helper when nobody needs it.
            options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": log, "start_new_session": True}
            self._helper = self.start_in("ctl", argv, **options)
        check = self.start_in("ctl", [sys.executable, "-c", _WAIT, str(wait_s)])
        if check.wait() != 0:
            said = (self.directory / "helper.log").read_text()[-2000:].strip()
            raise LabError(f"The helper did not start: {said or 'it said nothing'}")

    def close(self) -> None:
        """Stop everything; safe to call twice."""
        if self._helper is not None:
            self._helper.terminate()
            self._helper.wait()
            self._helper = None
        for connection in self._roles.values():
            connection.close()
        self._roles = {}
        if self._builder is not None:
            child, control = self._builder
            self._builder = None
            control.close()
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)  # its children get the same from the kernel
            os.waitpid(child, 0)
        for descriptor in (*self._network.values(), self._user):
            if descriptor is not None:
                os.close(descriptor)
        self._network, self._user = {}, None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None


_WAIT = """
import socket, sys, time
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    try:
        socket.create_connection(("203.0.113.130", 443), 1).close()
        sys.exit(0)
    except OSError:
        time.sleep(0.02)
sys.exit(1)
"""


def _expect(control: Connection) -> None:
    trouble = _trouble(control)
    if trouble:
        raise LabError(trouble)


def _trouble(control: Connection) -> str:
    try:
        return str(control.recv() or "")
    except EOFError:
        return "A process of the laboratory ended."
