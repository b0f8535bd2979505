import os

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.net.quic_hello import is_initial, server_name


def first_datagram(name: str | None, version: int = 1) -> bytes:
    made = QuicConfiguration(server_name=name, alpn_protocols=["h3"], supported_versions=[version])
    connection = QuicConnection(configuration=made)
    connection.connect(("192.0.2.1", 443), now=0.0)
    return connection.datagrams_to_send(now=0.0)[0][0]


def test_the_name_is_read_as_any_box_on_the_path_can_read_it():
    assert server_name(first_datagram("Blocked.Example")) == "blocked.example"
    assert server_name(first_datagram("a.example", version=0x6B3343CF)) == "a.example"


def test_an_address_is_sent_without_a_name_and_none_is_read():
    datagram = first_datagram("192.0.2.7")

    assert is_initial(datagram)
    assert server_name(datagram) is None


def test_what_is_no_initial_of_full_size_is_not_looked_into():
    datagram = first_datagram("a.example")

    assert not is_initial(datagram[:1199])
    assert not is_initial(b"\x40" + datagram[1:])
    assert not is_initial(datagram[:1] + b"\x1a\x2a\x3a\x4a" + datagram[5:])
    assert server_name(b"") is None


def test_what_follows_the_initial_in_the_datagram_is_of_no_concern():
    assert server_name(first_datagram("a.example") + b"\0" * 52) == "a.example"


@settings(max_examples=10_000 if "BLOCKPROBE_ACCEPTANCE" in os.environ else 60, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 1100))
def test_spoiled_and_random_datagrams_have_no_name_or_their_own(piece: bytes, place: int):
    datagram = bytearray(first_datagram("a.example"))
    datagram[place : place + len(piece)] = piece

    assert server_name(bytes(datagram)) in (None, "a.example")
    assert server_name(b"\xc3\x00\x00\x00\x01" + os.urandom(1300)) is None
