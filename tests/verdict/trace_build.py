"""Ladders drawn as text: a letter for each thing that came of a try, a blank between tries, `?` for silence."""

from blockprobe.model.trace import Carrier, Event, Ladder, Packet, Subject, Try
from blockprobe.model.trace import Heard as H

SITE, NEIGHBOUR, SILENT, RESOLVER = "203.0.113.9", "203.0.113.10", "203.0.113.200", "198.51.100.153"
ROUTERS = {1: "198.51.100.1", 2: "198.18.0.2", 3: "198.18.0.6"}
_GOOD = {Carrier.TCP: H.CONNECTED, Carrier.TLS: H.DATA, Carrier.HTTP: H.DATA}
_WORDS = {"R": H.RESET, "F": H.CLOSED, "!": H.PROHIBITED, "2": H.OTHER_ANSWER, "D": H.DATA, "X": H.REFUSED}

Rows = dict[int | None, str]


def ladder(
    carrier: Carrier, subject: Subject, rows: Rows, *, address: str = SITE, port: int = 443,
    routers: dict[int, str] = ROUTERS, open_sockets: bool = True,
) -> Ladder:  # fmt: skip
    """`.` is "time exceeded", `V` whatever is good, `c` a connection that did not come about; R F ! 2 D X as above.

    On open connections the kernel does not say which router it was (`open_sockets`).
    """
    tries = []
    for ttl, row in rows.items():
        for number, letters in enumerate(row.split()):
            unnamed = open_sockets and carrier in (Carrier.TLS, Carrier.HTTP)
            heard = tuple(_event(carrier, letter, None if unnamed else routers.get(ttl or 0)) for letter in letters
                          if letter not in "?c")  # fmt: skip
            connected = None if carrier not in (Carrier.TLS, Carrier.HTTP) else "c" not in letters
            tries.append(Try(round=number, ttl=ttl, connected=connected, heard=heard))
    return Ladder(carrier=carrier, subject=subject, address=address, port=port, tries=tuple(tries))


def _event(carrier: Carrier, letter: str, router: str | None) -> Event:
    if letter == ".":
        return Event(what=H.TIME_EXCEEDED, t_s=0.01, sender=router)
    if letter == "V":
        return Event(what=_GOOD.get(carrier, H.ANSWER), t_s=0.02, note="NOERROR 198.51.100.180")
    word = _WORDS[letter]
    return Event(what=word, t_s=0.02, sender=router if word is H.PROHIBITED else None)


def seen(what: H, hops_left: int, **more: int) -> Packet:
    """A packet on the wire."""
    return Packet(what=what, t_s=0.01, sender=SITE, hops_left=hops_left, **more)  # type: ignore[arg-type]


def plain(last: int = 3, *, address: str = SITE) -> Ladder:
    """Plain datagrams that pass so many routers and then find nobody."""
    rows: Rows = {ttl: ". . ." for ttl in range(1, last + 1)} | {last + 1: "? ? ?"}
    return ladder(Carrier.UDP, Subject.LISTED, rows, address=address, port=33_434)


def way(last: int = 3) -> list[Ladder]:
    """What is always sent: plain datagrams, and SYNs that are answered behind the last router."""
    rows: Rows = {None: "V V V"} | {ttl: ". . ." for ttl in range(1, last + 1)} | {last + 1: "V V V"}
    return [plain(last), ladder(Carrier.TCP, Subject.LISTED, rows)]


def pair(carrier: Carrier, neutral: Rows, listed: Rows, **more: object) -> list[Ladder]:
    """The two names on one kind of packet."""
    return [ladder(carrier, Subject.NEUTRAL, neutral, **more), ladder(carrier, Subject.LISTED, listed, **more)]  # type: ignore[arg-type]
