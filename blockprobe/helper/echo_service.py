"""The echo endpoints on their addresses: DNS over UDP and TCP, HTTP, and HTTP over TLS with any name or none."""

import asyncio
import ssl
from weakref import WeakKeyDictionary

from blockprobe.helper.budget import InFlight
from blockprobe.helper.certificate import ServerCertificate
from blockprobe.helper.echo_dns import UdpEcho, converse_tcp
from blockprobe.helper.echo_http import HttpEcho
from blockprobe.helper.http_server import Handler, HttpConversation, HttpLimits, HttpRequest, HttpResponse
from blockprobe.helper.listeners import Doors, EchoPorts, dns_sockets, tcp_socket, udp_socket
from blockprobe.helper.metrics import Meter
from blockprobe.helper.zone import DelegatedZone
from blockprobe.model.errors import ConfigError
from blockprobe.model.settings import HelperServerSettings
from blockprobe.net.quic_wire import available

#: Connections at once to all echoes, in all and per client (64 targets, several attempts each).
_CONNECTIONS = (2048, 512)
_WILDCARDS = ("0.0.0.0", "::")
_LIMITS = HttpLimits(body_bytes=16 * 1024, idle_s=10.0, requests=100)


class EchoService:
    """Opens the echoes of each address through the helper's `Doors`.

    They use the API's certificate: probes do not verify it, because a name on a list cannot be proven here anyway;
    what proves the echo is the signature.
    """

    def __init__(
        self,
        echo: HttpEcho,
        meter: Meter,
        certificate: ServerCertificate,
        doors: Doors,
        zone: DelegatedZone | None = None,
    ) -> None:
        """`meter`, `certificate` and `doors` are shared with the API; `zone` is answered beside the echo over DNS."""
        self._zone = zone
        self._keys = echo.keys
        self._meter = meter
        self._certificate = certificate
        self._doors = doors
        self._echo = echo
        self._gate = InFlight(total=_CONNECTIONS[0], per_client=_CONNECTIONS[1])
        self._names: WeakKeyDictionary[ssl.SSLObject, str] = WeakKeyDictionary()

    async def listen(self, address: str, settings: HelperServerSettings) -> EchoPorts:
        """Open all echoes of one address; raises ConfigError."""
        http, https = tcp_socket(address, settings.http), tcp_socket(address, settings.https)
        tcp, udp = dns_sockets(address, settings.dns)
        https_port, http_port, dns_port = _port(https), _port(http), _port(tcp)
        await self._doors.streams(http, self._talk_http, self._gate)
        await self._doors.streams(https, self._talk_tls, self._gate, self._certificate.front(self._note_name))
        await self._doors.streams(tcp, self._talk_dns, self._gate)
        zone = self._zone.over_udp if self._zone is not None else None
        await self._doors.datagrams(
            udp, lambda: UdpEcho(self._keys, lambda: self._meter.count("echo_dns_udp", "answered"), zone)
        )
        quic = await self._listen_quic(address, settings.quic)
        return EchoPorts(address=address, https=https_port, http=http_port, dns=dns_port, quic=quic)

    async def _listen_quic(self, address: str, port: int | None) -> int | None:
        """The port of the QUIC echo; None where the settings name none."""
        if port is None:
            return None
        if not available():
            raise ConfigError("helper_server.quic: needs the extra quic; run pip install 'blockprobe[quic]'")
        if address in _WILDCARDS:
            raise ConfigError("helper_server.quic: name the addresses in echo_address; answers must leave from there")
        from blockprobe.helper.echo_quic import QuicEcho  # 17 MB that a helper without QUIC does without

        quic = QuicEcho(self._keys, self._certificate, lambda status: self._meter.count("echo_quic", status))
        sock = udp_socket(address, port)
        found = _port(sock)
        await self._doors.datagrams(sock, quic.front)
        return found

    def _note_name(self, connection: ssl.SSLObject, name: str) -> None:
        self._names[connection] = name

    async def _talk_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        await HttpConversation(
            reader=reader, writer=writer, client=client, handler=self._counted("echo_http"), limits=_LIMITS
        ).run()

    async def _talk_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        name = self._names.get(writer.get_extra_info("ssl_object"), "")
        await HttpConversation(
            reader=reader,
            writer=writer,
            client=client,
            handler=self._counted("echo_tls"),
            limits=_LIMITS,
            server_name=name,
        ).run()

    async def _talk_dns(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        zone = self._zone.over_tcp if self._zone is not None else None
        for _ in range(await converse_tcp(reader, writer, client, self._keys, zone)):
            self._meter.count("echo_dns_tcp", "answered")

    def _counted(self, part: str) -> Handler:
        async def handler(request: HttpRequest) -> HttpResponse:
            response = await self._echo(request)
            self._meter.count(part, str(response.status))
            return response

        return handler


def _port(sock: object) -> int:
    name = sock.getsockname()  # type: ignore[attr-defined]
    return int(name[1])
