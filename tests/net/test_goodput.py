"""One transfer against servers that send slowly, stop, lie or close."""

import asyncio
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.model.failure import Failure
from blockprobe.model.observation import TransferObservation
from blockprobe.net import goodput
from blockprobe.net.echo import CLIENT_FIELD, MAC_FIELD, EchoKey, Statement, bytes_subject, mac
from blockprobe.net.goodput import Bulk, transfer
from tests.net.wire import WHY, Handler, a_session, connected, reset

KEY = EchoKey(id="0123456789abcdef", secret="ab" * 32, expires=2e9, client="127.0.0.1")


def _transfer(handler: Handler, wanted: int = 200_000, *, most_s: float = 5.0, key: EchoKey | None = None):
    bulk = Bulk(name="a.example", host="a.example", path=f"/bytes?n={wanted}", wanted=wanted, most_s=most_s, key=key)

    async def scenario() -> TransferObservation:
        async with connected(handler) as stream:
            return await transfer(a_session(), WHY, stream, bulk)

    return asyncio.run(scenario())


def _sends(*pieces: bytes, pause_s: float = 0.0, then: Handler | None = None) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if then is not None:
            await then(reader, writer)

    return handler


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.02)
    reset(writer)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"


def test_all_bytes_are_counted_and_the_times_are_in_order() -> None:
    seen = _transfer(_sends(HEAD, *[b"x" * 20_000] * 10, pause_s=0.02))

    assert (seen.failure, seen.status, seen.body_bytes, sum(seen.bins)) == (None, 200, 200_000, 200_000)
    assert seen.first_byte_s is not None
    assert seen.ramp_s is not None
    assert seen.last_byte_s is not None
    assert 0 < seen.first_byte_s <= seen.ramp_s < seen.last_byte_s <= seen.ended_s
    assert 32_768 <= seen.ramp_bytes < 200_000
    assert 0.15 < seen.last_byte_s < 4.0
    assert len(seen.bins) == int(seen.last_byte_s / seen.bin_s) + 1


def test_what_is_slow_is_left_when_time_is_up() -> None:
    seen = _transfer(_sends(HEAD, *[b"x" * 1000] * 100, pause_s=0.02), most_s=0.4)

    assert seen.failure is None, "bytes still came"
    assert 1000 <= seen.body_bytes < 60_000
    assert 0.4 <= seen.ended_s < 3.0


def test_silence_after_some_bytes_is_told_with_their_number(monkeypatch) -> None:
    monkeypatch.setattr(goodput, "STALL_S", 0.3)
    seen = _transfer(_sends(HEAD, b"x" * 16_384, then=_silence), most_s=0.1)

    assert (seen.failure, seen.body_bytes) == (Failure.GENERIC_TIMEOUT_ERROR, 16_384)
    assert seen.last_byte_s is not None
    assert seen.ended_s - seen.last_byte_s >= 0.29
    assert seen.ramp_s is None


def test_a_pause_when_time_is_up_is_waited_for() -> None:
    seen = _transfer(_sends(HEAD + b"x" * 9_000, b"x" * 9_000, pause_s=0.5), wanted=18_000, most_s=0.2)

    assert (seen.failure, seen.body_bytes) == (None, 18_000)


def test_a_connection_that_is_cut_says_how_and_after_how_much() -> None:
    cut = _transfer(_sends(HEAD, b"x" * 50_000, then=_reset))
    ended = _transfer(_sends(HEAD, b"x" * 50_000))

    assert (cut.failure, ended.failure) == (Failure.CONNECTION_RESET, Failure.EOF_ERROR)
    assert cut.body_bytes <= 50_000
    assert ended.body_bytes == 50_000


def test_only_the_echos_own_bytes_are_authentic() -> None:
    def signed(key: EchoKey, name: str) -> Handler:
        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            nonce = next(line.split(": ")[1] for line in asked.split("\r\n") if line.startswith("X-Blockprobe-Nonce"))
            said = Statement(kind="bytes", subject=bytes_subject(name, 100), nonce=nonce, client="127.0.0.1")
            fields = f"Content-Length: 100\r\n{CLIENT_FIELD}: 127.0.0.1\r\n{MAC_FIELD}: {mac(key, said)}\r\n\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\n" + fields.encode() + b"x" * 100)
            await writer.drain()

        return handler

    other = EchoKey(id=KEY.id, secret="cd" * 32, expires=2e9, client="127.0.0.1")
    assert _transfer(signed(KEY, "A.example"), 100, key=KEY).authentic is True
    assert _transfer(signed(KEY, "b.example"), 100, key=KEY).authentic is False
    assert _transfer(signed(other, "a.example"), 100, key=KEY).authentic is False
    assert _transfer(_sends(HEAD, b"x" * 100), 100, key=KEY).authentic is False


def test_other_answers_are_no_transfers() -> None:
    refused = _transfer(_sends(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!"))
    garbage = _transfer(_sends(b"220 mail.example ESMTP\r\n\r\n" + b"x" * 100))
    closed = _transfer(_sends())

    assert (refused.status, refused.body_bytes, refused.failure) == (403, 0, None)
    assert garbage.failure is Failure.HTTP_MALFORMED_RESPONSE
    assert closed.failure is Failure.EOF_ERROR


def test_a_body_without_length_is_counted_too() -> None:
    chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
    seen = _transfer(_sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[chunk] * 20), wanted=10_000)

    assert (seen.failure, seen.body_bytes) == (None, 10_000)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=400))
def test_whatever_answers_the_transfer_ends_with_a_word(data: bytes) -> None:
    began = time.monotonic()
    seen = _transfer(_sends(data), wanted=1_000)

    assert seen.failure is not None or seen.status is not None
    assert time.monotonic() - began < 4.0
