"""The API: who is turned away and how, what is counted, and how the server starts, reloads and stops."""

import asyncio
import json
import os
import signal
import ssl
from pathlib import Path

import pytest
import trustme

from blockprobe.helper.api import Api
from blockprobe.helper.budget import InFlight, RequestBudget
from blockprobe.helper.certificate import ServerCertificate
from blockprobe.helper.guard import Place
from blockprobe.helper.http_server import HttpRequest
from blockprobe.helper.keys import KeyTable
from blockprobe.helper.listeners import Listening
from blockprobe.helper.metrics import Meter
from blockprobe.helper.protocol import ControlRequest, Outcome
from blockprobe.helper.server import HelperServer, serve
from blockprobe.model.control import ControlDns
from blockprobe.model.errors import ConfigError
from blockprobe.net.clock import SystemClock

from .small_world import ECHO, LOOPBACK, SITE, Files, OwnTime, helper_settings, run, small_world


class Patient:
    """A measurer that waits to be told, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[ControlRequest, Place]] = []
        self.go = asyncio.Event()

    async def measure(self, request: ControlRequest, place: Place) -> Outcome:
        self.asked.append((request, place))
        await self.go.wait()
        if place.host == "fault.example":
            raise ZeroDivisionError
        return Outcome(dns=ControlDns(failure=None))


def api(*, per_minute: int = 100, total: int = 2, token: str | None = None) -> tuple[Api, Patient]:
    clock, measurer, in_flight = OwnTime(), Patient(), InFlight(total=total, per_client=total)
    keys = KeyTable(clock)
    made = Api(
        clock=clock,
        keys=keys,
        budget=RequestBudget(clock, per_minute),
        in_flight=in_flight,
        meter=Meter(lambda: in_flight.count, lambda: 1.5e9, lambda: len(keys)),
        measurer=measurer,
        token=token,
    )
    return made, measurer


def request(method: str = "POST", target: str = "/", body: object = b"", **headers: str) -> HttpRequest:
    return HttpRequest(
        method=method,
        target=target,
        headers=tuple(headers.items()),
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        client="192.0.2.1",
    )


ASKED = {"http_request": "https://a.example/", "http_request_headers": None, "tcp_connect": None}


def test_health_and_wrong_requests() -> None:
    async def main() -> None:
        made, measurer = api()
        measurer.go.set()
        health = await made(request("GET"))
        assert health.status == 200
        assert "message" in json.loads(health.body)
        for wrong in (
            request("PUT", body=ASKED),
            request("HEAD"),
            request("POST", "/other", ASKED),
            request(body=b""),
            request(body=b"[]"),
            request(body=b"{"),
            request(body=b"\xff"),
            request(body={}),
            request(body={"http_request": "gopher://a.example/"}),
            request(body={"http_request": "http://10.0.0.1:22/"}),
            request(body={"http_request": 5}),
            request(body=ASKED | {"tcp_connect": ["1.1.1.1:443"] * 513}),
            request(body=ASKED | {"x_blockprobe": {"version": 2}}),
            request(body=b'{"http_request":' + b"[" * 10_000),
        ):
            answer = await made(wrong)
            assert answer.status == 400, wrong
            assert json.loads(answer.body)["error"]
        assert (await made(request("GET", "/favicon.ico"))).status == 404
        assert (await made(request(body=ASKED))).status == 200

    run(main)


def test_a_fault_of_ours_costs_one_request(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        made, measurer = api()
        measurer.go.set()
        assert (await made(request(body=ASKED | {"http_request": "http://fault.example/"}))).status == 500
        assert made.in_flight.count == 0
        assert "ZeroDivisionError" in caplog.text
        assert (await made(request(body=ASKED))).status == 200

    run(main)


def test_budget_token_and_a_full_house() -> None:
    async def main() -> None:
        made, measurer = api(per_minute=7, token="correct horse battery")
        right = {"Authorization": "Bearer correct horse battery"}
        assert (await made(request("GET"))).status == 200, "health needs no token"
        for wrong in ({}, {"Authorization": "Bearer correct horse"}, {"authorization": "bearer x"}):
            assert (await made(request(body=ASKED, **wrong))).status == 401
        waiting = [asyncio.create_task(made(request(body=ASKED, **right))) for _ in range(2)]
        await asyncio.sleep(0)
        full = await made(request(body=ASKED, **right))
        assert full.status == 503
        assert dict(full.headers)["Retry-After"] == "1"
        measurer.go.set()
        assert [(await one).status for one in waiting] == [200, 200]
        assert (await made(request("GET", "/metrics", **right))).status == 200
        late = await made(request(body=ASKED, **right))
        assert late.status == 429
        assert int(dict(late.headers)["Retry-After"]) >= 1
        assert made.meter.requests["api", "401"] == 3

    run(main)


def test_metrics() -> None:
    async def main() -> None:
        made, _ = api()
        await made(request("GET"))
        text = (await made(request("GET", "/metrics"))).body.decode()
        assert 'blockprobe_helper_requests_total{code="200",part="api"} 1.0' in text
        assert "blockprobe_helper_certificate_expiry_timestamp_seconds 1.5e+09" in text
        assert "blockprobe_helper_in_flight 0.0" in text

    run(main)


@pytest.mark.usefixtures("trusted")
def test_only_three_headers_go_on(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            headers = {
                "User-Agent": ["ours/1"],
                "accept": ["text/x-own"],
                "Accept-Language": ["fr\r\nX-Injected: 1"],
                "Cookie": ["a=b"],
                "X-Forwarded-For": ["192.0.2.9"],
                "Host": ["inside.example"],
                "Authorization": None,
            }
            asked = {"http_request": f"http://site.example:{world.site.http}/", "http_request_headers": headers}
            body = json.dumps(asked).encode()
            status, _ = await _post(world.helper.listening.https, files, body)
            [head] = world.site.heads
            assert status == 200
            assert "ours/1" in head
            assert "text/x-own" in head
            assert not any(word in head for word in ("Cookie", "Forwarded", "inside", "Injected", "Authorization"))

    run(main)


@pytest.mark.usefixtures("trusted")
def test_limits_on_the_wire(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            status, _ = await _post(world.helper.listening.https, files, b"x" * 300_000)
            assert status == 413

    run(main)


@pytest.mark.usefixtures("trusted")
def test_offered_endpoints_are_few_and_fit(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            port = world.site.http
            offered = [f"127.1.0.{n}:{port}" for n in range(60)] + [f"{SITE}:22", f"10.0.0.1:{port}", "junk"]
            client = world.client()
            control = await client.control(world.session(), f"http://site.example:{port}/", offered)
            assert len(control.tcp) == 32
            assert {one.failure for one in control.tcp if not one.ok} == {"connection_refused_error"}
            control = await client.control(world.session(), f"http://site.example:{port}/", offered[60:])
            assert [one.endpoint for one in control.tcp] == [f"{SITE}:{port}"]
            control = await client.control(world.session(), f"http://127.0.0.1:{port}/", [])
            assert control.tcp == ()
            assert control.hops[0].failure == "helper_refused_address"
            await client.aclose()

    run(main)


async def _post(port: int, files: Files, body: bytes) -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(files.ca))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="ctl.example")
    writer.write(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
    writer.write(body)
    raw = await reader.read(-1)
    writer.close()
    return int(raw.split(b" ")[1]), raw.partition(b"\r\n\r\n")[2]


def test_serve_reloads_and_stops_on_signals(files: Files, tmp_path: Path) -> None:
    """A renewed certificate is used without a restart; SIGTERM lets what is under way end."""
    pem = tmp_path / "ctl.pem"
    pem.write_bytes(files.helper.read_bytes())
    ports: list[Listening] = []

    async def leaf(port: int, address: str = "127.0.0.1") -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(address, port, ssl=context)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        await writer.wait_closed()
        return bytes(der)

    async def main() -> None:
        ready = asyncio.Event()
        settings = helper_settings(files, 5353, certificate=str(pem))
        task = asyncio.create_task(
            serve(settings, LOOPBACK, clock=SystemClock(), ready=lambda one: (ports.append(one), ready.set())[1])
        )
        await ready.wait()
        before = await leaf(ports[0].https)
        pem.write_text("half a certif")
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.05)
        assert await leaf(ports[0].https) == before, "a broken file changes nothing"
        fresh = trustme.CA().issue_cert("ctl.example")
        fresh.private_key_and_cert_chain_pem.write_to_path(pem)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.05)
        assert await leaf(ports[0].https) != before
        assert await leaf(ports[0].echoes[0].https, ECHO) != before
        os.kill(os.getpid(), signal.SIGTERM)
        await task

    run(main)


@pytest.mark.usefixtures("trusted")
def test_what_is_under_way_ends_before_the_server_does(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            world.site.slow_s = 0.3
            client = world.client()
            url = f"http://site.example:{world.site.http}/"
            asking = asyncio.create_task(client.control(world.session(), url, []))
            await world.site.asked.wait()
            await world.helper.aclose(grace_s=5)
            assert (await asking).hops[0].status == 200
            after = await client.control(world.session(), url, [])
            assert after.failure == "connection_refused", after.detail
            await client.aclose()

    run(main)


@pytest.mark.parametrize(
    "changes",
    [
        {"certificate": None},
        {"certificate": "/nonexistent.pem"},
        {"key": "/nonexistent.pem"},
        {"resolver": "http://x"},
        {"token_file": "/nonexistent"},
        {"address": "192.0.2.77"},
        {"echo_address": ("not an address",)},
    ],
)
def test_settings_that_cannot_be_used(files: Files, changes: dict[str, object]) -> None:
    async def main() -> None:
        with pytest.raises(ConfigError) as caught:
            await HelperServer.open(helper_settings(files, 53, **changes), LOOPBACK, clock=SystemClock())
        assert "\n" not in str(caught.value)

    run(main)


def test_the_token_file(files: Files, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short\n")
    with pytest.raises(ConfigError, match="16 characters"):
        run(
            lambda: HelperServer.open(
                helper_settings(files, 53, token_file=str(tmp_path / "token")), LOOPBACK, clock=SystemClock()
            )
        )


def test_the_certificates_end_is_known(files: Files) -> None:
    assert ServerCertificate(str(files.helper), None).not_after.year > 2026
