"""The sentences of a trace."""

from blockprobe.model.trace import Carrier, Effect, Part, Spot
from blockprobe.model.trace import Heard as H

# What a word means when the far end did not say it; an answer counts before the end of the stream that follows it.
_EFFECTS = (
    (H.ANSWER, Effect.ANSWER),
    (H.DATA, Effect.PAGE),
    (H.PROHIBITED, Effect.REJECTED),
    (H.UNREACHABLE, Effect.REJECTED),
    (H.REFUSED, Effect.REFUSED),
    (H.RESET, Effect.RESET),
    (H.CLOSED, Effect.CLOSED),
    (H.CONNECTED, Effect.PROXY),
)
#: What must be added where an address alone is in question.
NEAR_HOST = "If the address itself stood that near, its own firewall would look the same."
_DONE = {
    Effect.ANSWER: "is answered by somebody who is not the resolver",
    Effect.PAGE: "is answered with bytes that no server sent",
    Effect.REJECTED: "is rejected by ICMP",
    Effect.REFUSED: "is refused with a reset",
    Effect.RESET: "is reset",
    Effect.CLOSED: "has its connection closed",
    Effect.PROXY: "is answered with a connection",
}


def hop_text(spot: Spot) -> str:
    """ "hop 3 (198.51.100.1)", or what else it is."""
    if spot.ttl == 0:
        return "this machine"
    return f"hop {spot.ttl} ({spot.address})" if spot.address else f"hop {spot.ttl} (which sends no ICMP)"


def part_text(part: Part) -> str:
    """Where the two part, as far as hops answer: at a hop, or between two."""
    if part.far_end:
        return f"between {hop_text(part.last)} and the far end"
    contiguous = part.first.ttl - part.last.ttl == 1
    known = part.first.address is not None and (part.last.ttl == 0 or part.last.address is not None)
    if contiguous and known:
        return f"at {hop_text(part.first)}"
    return f"between {hop_text(part.last)} and {hop_text(part.first)}"


def _reach(part: Part) -> str:
    """Which stretch is meant."""
    if part.last.ttl == 0:
        return f"the box is at {hop_text(part.first)} or on the wire before it"
    return f"the box is at {hop_text(part.last)}, at {hop_text(part.first)} or on the wire between them"


def effect_of(words: frozenset[H]) -> Effect:
    """The effect that what came amounts to."""
    return next((effect for word, effect in _EFFECTS if word in words), Effect.UNKNOWN)


def _whose(carrier: Carrier) -> tuple[str, str]:
    """What is listed, and what is neutral."""
    if carrier is Carrier.TCP:
        return "the listed address", "those to a neighbour of it"
    return "the listed name", "neutral ones"


def silence_text(carrier: Carrier, part: Part) -> str:
    """Packets for what is listed vanish."""
    where, (listed, neutral) = part_text(part), _whose(carrier)
    if part.far_end:
        return f"Packets for {listed} vanish {where}: a filter and the server's own firewall look the same from here."
    return f"Packets for {listed} vanish {where}, {neutral} go on; {_reach(part)}."


def forged_text(carrier: Carrier, effect: Effect, part: Part, device: Spot | None) -> str:
    """Somebody answers who is not the far end."""
    listed, neutral = _whose(carrier)
    text = f"{listed.capitalize()} {_DONE.get(effect, 'is answered')} {part_text(part)}, where {neutral} go on"
    if effect is Effect.REJECTED and device is not None:
        return f"{text}; {hop_text(device)} says so itself."
    hint = f"; its packets arrive as those of {hop_text(device)} would" if device is not None else ""
    return f"{text}; {_reach(part)}{hint}."


def proxy_text(carrier: Carrier, device: Spot, farther: int | None, *, silent: bool) -> str:
    """Somebody answers for everybody."""
    what = "DNS questions are" if carrier is Carrier.DNS_ADDRESS else "Connections are"
    reasons = []
    if farther is not None:
        reasons.append(f"plain datagrams to the same address pass routers up to hop {farther}")
    if silent:
        reasons.append("an address at which nobody lives is answered as well")
    return f"{what} answered at {hop_text(device)}, whoever is meant: {', and '.join(reasons)}. It is a proxy."
