"""The program `blockprobe-raw`: one line of JSON in (flows.py), one line for each packet out, until its input ends.

Without CAP_NET_RAW it says so in its first line and ends. It starts no program, reads no file, sends nothing; what it
holds when the first packet is read is one socket, no capability and, started by root, the user nobody.
"""

import argparse
import json
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any

from blockprobe.raw.capture import Tap, become_nobody, drop_everything, keep_little
from blockprobe.raw.flows import MAX_ORDER_BYTES, Order, OrderError, read_order

_BATCH = 64


def main() -> None:
    """Run; exit status 0 also when raw sight is refused, for the first line says so."""
    parser = argparse.ArgumentParser(prog="blockprobe-raw", description=__doc__)
    parser.add_argument("--pcap-descriptor", type=int, help="an open file that gets the packets of the flows as pcap")
    wish = parser.parse_args()
    try:
        order = read_order(sys.stdin.buffer.readline(MAX_ORDER_BYTES + 1))
        tap = _open(order)
    except OrderError as error:
        _tell({"ready": False, "refused": str(error)})
    except ImportError:
        _tell({"ready": False, "refused": "scapy is not installed here"})
    except OSError as error:
        _tell({"ready": False, "refused": f"packet socket: {error.strerror or error}"})
    else:
        _watch(tap, order, wish.pcap_descriptor)


def _open(order: Order) -> Tap:
    """The socket, and then no privilege; scapy is loaded before files may become unreadable."""
    keep_little()
    tap = Tap(order.addresses)
    _warm()
    become_nobody()
    drop_everything()
    return tap


def _warm() -> None:
    """Whatever scapy loads when it first sees a packet, it loads now."""
    from blockprobe.raw.dissect import dissect

    dissect(bytes.fromhex("4500001c000100004011f96d7f0000017f000001003500350008fe75"))


def _watch(tap: Tap, order: Order, pcap: int | None) -> None:
    from blockprobe.raw.dissect import dissect, flow_of, writer

    keep = _keeper(writer, pcap)
    _tell({"ready": True})
    until, left = time.clock_gettime(time.CLOCK_MONOTONIC) + order.max_seconds, order.max_packets
    ended = False
    while not ended and left > 0:
        patience = until - time.clock_gettime(time.CLOCK_MONOTONIC)
        if patience <= 0:
            return
        ready, _, _ = select.select([tap.socket, sys.stdin], [], [], patience)
        ended = sys.stdin in ready  # nothing more is ever said to us: this is the end of input
        for _ in range(_BATCH):
            found = tap.read()
            if found is None:
                break
            data, t_s, outgoing = found
            facts = _own(data) if outgoing else dissect(data)
            if facts is None or flow_of(facts) not in order.flows:
                continue
            left -= 1
            keep(data)
            if not outgoing or facts["first"] is not None:
                _tell(facts | {"t": round(t_s, 6)})


def _own(data: bytes) -> dict[str, Any] | None:
    """What is told of a packet that we sent: that a connection begins, and its `first` sequence number."""
    from blockprobe.raw.dissect import sent

    found = sent(data)
    if found is None:
        return None
    (protocol, address, port, source_port), first = found
    return {"protocol": protocol, "address": address, "port": port, "source_port": source_port, "first": first}


def _keeper(writer: Callable[[Any], Any], pcap: int | None) -> Callable[[bytes], None]:
    """What puts a packet into the pcap file, if one is wanted."""
    made = None if pcap is None else writer(os.fdopen(pcap, "wb"))

    def keep(data: bytes) -> None:
        if made is not None:
            made.write_packet(data)

    return keep


def _tell(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
