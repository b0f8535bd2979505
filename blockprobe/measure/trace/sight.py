"""Raw sight: the process `blockprobe-raw` watches our own flows and says what came over the wire (docs/trace.md).

It is started for one trace and ends with it. Where it may not open a packet socket, the trace goes on without.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from blockprobe.measure.trace.book import Flow
from blockprobe.measure.trace.packets import Packets
from blockprobe.model.trace import Packet

#: The limits that the process is given: packets it tells of, seconds it lives.
MAX_PACKETS, MAX_SECONDS = 20_000, 900
#: How long it may take to start: scapy alone needs most of a second, and more where the machine is busy.
START_S = 20.0
#: How long the last packets may take to be told.
_END_S = 2.0
_MAX_LINE_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One flow to watch: `protocol` is udp or tcp."""

    protocol: str
    address: str
    port: int
    source_port: int


class Sight:
    """The packets of one trace, as the process tells them; `refusal` says why there is none."""

    def __init__(self) -> None:
        """Not started."""
        self.refusal: str | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._packets = Packets()

    @property
    def works(self) -> bool:
        """Whether packets are seen, or were until the end."""
        return self._process is not None and self.refusal is None

    async def start(self, flows: Sequence[Watched], *, pcap: int | None = None) -> None:
        """Start the process for these flows; `pcap` is an open file that gets their packets. Sets `refusal`."""
        order = {
            "flows": [[one.protocol, one.address, one.port, one.source_port] for one in flows],
            "max_packets": MAX_PACKETS,
            "max_seconds": MAX_SECONDS,
            "pcap": pcap is not None,
        }
        # -P: the folder we happen to be in is no place to import from, the less so with privileges.
        argv = [sys.executable, "-P", "-m", "blockprobe.raw.main"]
        passed = () if pcap is None else (pcap,)
        if pcap is not None:
            argv += ["--pcap-descriptor", str(pcap)]
        try:
            self._process = await asyncio.create_subprocess_exec(
                *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=passed,
                limit=_MAX_LINE_BYTES * 16, start_new_session=True,
            )  # fmt: skip
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            async with asyncio.timeout(START_S):
                first = await self._line()
        except (OSError, TimeoutError, ValueError) as error:
            await self._refuse(f"blockprobe-raw did not start: {error or 'it took too long'}")
            return
        if first.get("ready") is not True:
            await self._refuse(str(first.get("refused") or "blockprobe-raw ended at once"))
            return
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Hear the last packets and end the process."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # its sign to stop
        if self._reader is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reader, _END_S)
        await _end(process)

    def packets_of(self, flow: Flow) -> tuple[Packet, ...]:
        """What came back for the flow."""
        return self._packets.of(flow)

    async def _refuse(self, why: str) -> None:
        self.refusal = why
        if self._process is not None:
            await _end(self._process)

    async def _line(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        found = json.loads(line) if line else {}
        return found if isinstance(found, dict) else {}

    async def _read(self) -> None:
        """Until the process ends; a line that makes no sense is left out."""
        while True:
            try:
                told = await self._line()
            except ValueError:
                continue
            if not told:
                return
            self._packets.keep(told)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Wait for the process; one that does not end by itself is ended."""
    try:
        await asyncio.wait_for(process.wait(), _END_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
