"""Addresses to listen on, and every way in which listening fails, as one line each."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.metrics.listen import listen_on, parse_listen
from blockprobe.model.errors import ConfigError


async def nobody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@asynccontextmanager
async def listening(text: str):
    server, host, port = await listen_on(text, nobody, head_bytes=8192)
    try:
        yield host, port
    finally:
        server.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:9890", ("127.0.0.1", 9890)),
        ("[::1]:9890", ("::1", 9890)),
        ("[2001:DB8::0:1]:80", ("2001:db8::1", 80)),
        ("0.0.0.0:9890", ("0.0.0.0", 9890)),
        ("localhost:9890", ("127.0.0.1", 9890)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
    ],
)
def test_addresses_with_a_port_are_read(text, found):
    assert parse_listen(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "9890", ":9890", "127.0.0.1", "127.0.0.1:", "::1:9890", "[::1]", "[127.0.0.1]:9890", "::1",
        "probe.example:9890", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:１", "127.0.0.1:9999999",
        "unix:/run/blockprobe.sock", "127.0.0.1:9890 ", "http://127.0.0.1:9890", "[::1]:9890]", "a\nb:1",
    ],
)  # fmt: skip
def test_everything_else_is_one_line_with_the_remedy(text):
    with pytest.raises(ConfigError, match=r"^metrics\.listen '.*': no address with port; give one like") as caught:
        parse_listen(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=200))
def test_no_text_does_anything_but_be_read_or_refused(text):
    try:
        host, port = parse_listen(text)
    except ConfigError as error:
        host, port = str(error), 0
    assert host.isprintable()
    assert 0 <= port <= 65535


@pytest.mark.parametrize("text", ["127.0.0.1:0", "[::1]:0"])
def test_both_families_listen_and_say_where(text):
    async def ask() -> bytes:
        async with listening(text) as (host, port):
            reader, writer = await asyncio.open_connection(host, port)
            answer = await reader.read()
            writer.close()
            return answer

    assert asyncio.run(ask()) == b""


def test_a_port_in_use_names_the_port_who_may_hold_it_and_what_to_do():
    async def twice() -> str:
        async with listening("127.0.0.1:0") as (_, port):
            with pytest.raises(ConfigError) as caught:
                async with listening(f"127.0.0.1:{port}"):
                    pass
            return str(caught.value).replace(str(port), "9890")

    assert asyncio.run(twice()) == (
        "metrics.listen 127.0.0.1:9890: port 9890 is in use, perhaps by another agent or exporter "
        "(`ss -ltnp 'sport = :9890'` names it); stop that one, or choose another port"
    )


def test_an_address_of_another_machine_is_said_to_be_one():
    async def listen() -> None:
        async with listening("198.51.100.7:9890"):
            pass

    with pytest.raises(ConfigError, match=r"^metrics\.listen 198\.51\.100\.7:9890: this machine has no such address"):
        asyncio.run(listen())
