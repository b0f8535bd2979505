"""Sites over QUIC: real HTTP/3 with the certificate of the name asked for. Needs the extra `quic`."""

import asyncio
import socket
import tempfile
from collections.abc import Callable, Iterable

from aioquic.quic.configuration import QuicConfiguration

from blockprobe.helper.quic_server import H3Request, H3Response, QuicFront, configuration
from blockprobe.lab import web
from blockprobe.lab.certificates import Authority
from blockprobe.lab.sites import Behaviour, Page, Redirect, Site

Behave = Callable[[web.Request], Behaviour | web.Raw]


class QuicSites:
    """One socket an address, because an answer must come from where the question went."""

    def __init__(self, authority: Authority, behave: Behave) -> None:
        self._authority = authority
        self._behave = behave
        self._shown: dict[tuple[tuple[str, ...], str], QuicConfiguration] = {}
        self._open: list[QuicFront] = []

    async def load(self, sites: Iterable[Site]) -> None:
        """Close what was open and serve these."""
        for front in self._open:
            front.close()
        if self._open:
            await asyncio.sleep(0.01)  # asyncio closes a socket in its next turn, and the port is wanted again
        self._open = []
        at: dict[str, list[Site]] = {}
        for each in sites:
            for address in each.addresses if each.quic else ():
                at.setdefault(address, []).append(each)
        for address, here in at.items():
            await self._listen(address, here)

    async def _listen(self, address: str, here: list[Site]) -> None:
        def choose(name: str) -> QuicConfiguration:
            site = next((each for each in here if name in each.names), here[0])
            return self._configuration(site)

        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((address, 443))
        front = QuicFront(choose, self._answer, retry=False)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: front, sock=sock)
        self._open.append(front)

    def _configuration(self, site: Site) -> QuicConfiguration:
        key = (site.names, str(site.cert))
        if key not in self._shown:
            with tempfile.NamedTemporaryFile() as file:
                file.write(self._authority.leaf_pem(site.names, site.cert))
                file.flush()
                self._shown[key] = configuration(file.name)
        return self._shown[key]

    async def _answer(self, request: H3Request) -> H3Response | None:
        asked = web.Request(
            address=request.local,
            port=443,
            scheme="https",
            client=request.peer,
            method=request.method,
            host=request.authority.lower(),
            target=request.path,
            body=b"",
        )
        behaviour = self._behave(asked)
        if isinstance(behaviour, Page) and behaviour.delay_s:
            await asyncio.sleep(behaviour.delay_s)
        return _response(web.written(behaviour, asked)) if isinstance(behaviour, Page | Redirect) else None


def _response(written: bytes) -> H3Response:
    """The same answer without what belongs to HTTP/1.1 alone."""
    head, _, body = written.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    headers = tuple(pair for pair in pairs if pair[0] not in ("connection", "content-length"))
    return H3Response(status=int(line.split(" ")[1]), headers=headers, body=body)
