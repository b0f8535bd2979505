"""Small servers on the loopback interface: one address a host, one port for all, each answering as a function says."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

Answerer = Callable[[str, str], bytes | None]
"""From path and Host to the raw answer; None never answers."""


def page(body: str, status: int = 200, *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    raw = body.encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", "Content-Type: text/html", *headers, "", ""]
    return "\r\n".join(head).encode() + raw


class Servers:
    """Hosts at 127.2.0.N; `asked` counts what each was asked, `lines` keeps the request lines."""

    def __init__(self, **hosts: Answerer) -> None:
        self.hosts = {name: (f"127.2.0.{number}", answer) for number, (name, answer) in enumerate(hosts.items(), 1)}
        self.asked: Counter[str] = Counter()
        self.lines: list[str] = []
        self.agents: set[str] = set()
        self.port = 0

    def url(self, name: str) -> str:
        return f"http://{self.hosts[name][0]}:{self.port}/"

    def run(self, scenario: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async def whole() -> Any:
            running = []
            for name, (address, answer) in self.hosts.items():
                server = await asyncio.start_server(self._serving(name, answer), address, self.port)
                self.port = server.sockets[0].getsockname()[1]
                running.append(server)
            try:
                return await scenario()
            finally:
                for server in running:
                    server.close()

        return asyncio.run(whole())

    def _serving(self, name: str, answer: Answerer):
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line, *fields = head.split("\r\n")
                named = dict(field.split(": ", 1) for field in fields if field)
                self.asked[name] += 1
                self.lines.append(line)
                self.agents.add(named["User-Agent"])
                said = answer(line.split()[1], named["Host"])
                if said is None:
                    await reader.read()
                else:
                    writer.write(said)
                    await writer.drain()
            except (OSError, EOFError):
                pass
            finally:
                writer.close()

        return serve
