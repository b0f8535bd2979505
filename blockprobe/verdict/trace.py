"""What a trace shows: where listed and neutral part, whether packets end there or go on, and who answers in between.

A pure function of the ladders. Where the evidence does not suffice it says so; the cases are in docs/trace.md.
"""

from collections.abc import Iterable
from dataclasses import replace

from blockprobe.model.trace import Carrier, Effect, Finding, Hop, Ladder, Part, Position, Spot, Subject
from blockprobe.model.trace import Heard as H
from blockprobe.verdict.trace_forged import Surroundings, forged
from blockprobe.verdict.trace_rungs import AGREEING, GOOD, Map, Rungs, rungs
from blockprobe.verdict.trace_words import NEAR_HOST, effect_of, proxy_text, silence_text

#: Silent tries that count as "never": 6e-5 where 10 % of packets are lost each way (verdict/address_path.py).
SILENT_TRIES = 6
_STREAMS = (Carrier.TLS, Carrier.HTTP)


def judge_path(address: str, ladders: tuple[Ladder, ...], *, raw: bool) -> tuple[tuple[Hop, ...], tuple[Finding, ...]]:
    """The hops on the way to `address`, and a finding for each kind of packet that was sent.

    `raw`: packets were seen on the wire, so that what a dead socket cannot hear is known too.
    """
    way = Map(one for one in ladders if one.address == address or one.carrier is Carrier.TCP)
    plain = rungs(ladders, Carrier.UDP, Subject.LISTED)
    findings = []
    for carrier, port in dict.fromkeys((one.carrier, one.port) for one in ladders if one.carrier is not Carrier.UDP):
        row = tuple(one for one in ladders if (one.carrier, one.port) == (carrier, port))
        distance = rungs(ladders, Carrier.TCP, Subject.LISTED, port).first_stop if carrier in _STREAMS else None
        findings.append(_judge(row, plain, Surroundings(way=way, distance=distance, raw=raw)))
    return way.hops(_length(way, ladders)), tuple(findings)


def _length(way: Map, ladders: Iterable[Ladder]) -> int:
    """Up to the destination, where anything arrived there; else up to the last router that answered."""
    arrived = [
        stop for carrier in (Carrier.UDP, Carrier.TCP)
        if (stop := rungs(ladders, carrier, Subject.LISTED).first_stop) is not None
    ]  # fmt: skip
    return max([way.last, *(stop for stop in arrived if stop > way.last)])


def _judge(row: tuple[Ladder, ...], plain: Rungs, around: Surroundings) -> Finding:
    carrier, way = row[0].carrier, around.way
    listed, neutral, silent = (rungs(row, carrier, subject) for subject in _SUBJECTS)
    near = _proxy((listed, neutral, silent), plain, way)
    if near is not None:
        return near
    if carrier is Carrier.DNS or (carrier is Carrier.DNS_ADDRESS and listed.address != plain.address):
        way = Map(row)  # another destination has another way
    if not listed.tries:
        return _open(listed if listed.address else neutral, "no connection came about to send the name on")
    if not neutral.tries:
        return _alone(listed)
    found = forged((listed, neutral), replace(around, way=way))
    found = found if found is not None else _without_forgery(listed, neutral, way)
    return _with_doubt(found, plain) if carrier is Carrier.TCP else found


def _with_doubt(found: Finding, plain: Rungs) -> Finding:
    """Where nothing else shows that the address lies farther out, it may be the address itself that acts."""
    if found.part is None or found.part.far_end or found.effect is Effect.REJECTED:
        return found
    if any(plain.passed(ttl) >= AGREEING for ttl in plain.ttls if ttl >= found.part.first.ttl):
        return found
    return replace(found, because=f"{found.because} {NEAR_HOST}")


_SUBJECTS = (Subject.LISTED, Subject.NEUTRAL, Subject.SILENT)


def _open(listed: Rungs, why: str) -> Finding:
    """We do not know, and why."""
    return _plain(listed, Effect.UNKNOWN, f"Not known: {why}.", 0)


def _none(listed: Rungs, why: str, n: int) -> Finding:
    return _plain(listed, Effect.NONE, f"{why}.", n)


def _plain(listed: Rungs, effect: Effect, because: str, n: int) -> Finding:
    return Finding(
        carrier=listed.carrier, address=listed.address, port=listed.port, effect=effect, because=because, n=n
    )


def _alone(listed: Rungs) -> Finding:
    """SYNs to an address that answers have no neutral twin, for nothing is in doubt."""
    good = [one for one in listed.final if listed.stops(one) & GOOD]
    if len(good) >= AGREEING:
        where = f", from hop limit {listed.first_stop} on" if listed.first_stop is not None else ""
        return _none(listed, f"Connections come about{where}", len(good))
    return _open(listed, "no neutral packets to compare with")


def _without_forgery(listed: Rungs, neutral: Rungs, way: Map) -> Finding:
    """Listed and neutral are answered by the same, or one of them by nobody."""
    ours = [listed.stops(one) for one in listed.final]
    theirs = [neutral.stops(one) for one in neutral.final]
    answered, good = sum(map(bool, ours)), sum(bool(words & GOOD) for words in ours)
    neutral_good = sum(bool(words & GOOD) for words in theirs)
    if good >= AGREEING:
        if good < len(ours):
            return _open(listed, f"the listed name is answered only sometimes ({good} of {len(ours)})")
        return _none(listed, "Listed and neutral are answered alike, by the far end", len(ours))
    if not answered:
        return _silence(listed, neutral, way)
    if listed.carrier is Carrier.DNS_ADDRESS and not neutral_good and set(ours) == set(theirs):
        return _none(listed, "The address itself says that nobody answers questions there", len(ours))
    if neutral_good < AGREEING:
        return _open(listed, "a neutral name fails in the end as well")
    if good or answered < AGREEING:
        return _open(listed, f"the listed name is answered only sometimes ({good} of {len(ours)}), or too rarely")
    stop = neutral.first_stop
    if stop is None or listed.first_stop != stop or any(listed.stopped(ttl) for ttl in range(1, stop)):
        return _open(listed, f"the listed name is turned away ({answered} of {len(ours)}), but where is not clear")
    last, first = way.spot(stop - 1), Spot(ttl=stop, address=listed.address)
    return Finding(
        carrier=listed.carrier,
        address=listed.address,
        port=listed.port,
        effect=effect_of(frozenset(word for words in ours for word in words)),
        because="The listed name is turned away only where packets reach the far end: the server itself and a box "
        "just before it look the same from here.",
        part=Part(last=last, first=first, far_end=True),
        k=answered,
        n=len(ours),
    )


def _silence(listed: Rungs, neutral: Rungs, way: Map) -> Finding:
    """No answer for the listed name without a limit: where do its packets end?"""
    last = listed.last_expired
    reached = [ttl for ttl in neutral.ttls if ttl > last and neutral.reached(ttl)]
    first = min(reached, default=None)
    silent = [one for one in listed.beyond(first) if not listed.words(one)] if first is not None else []
    arrives = sum(bool(neutral.stops(one) & GOOD) for one in neutral.final) >= AGREEING
    if first is None or len(silent) < SILENT_TRIES:
        if listed.carrier is Carrier.DNS_ADDRESS and not arrives:
            return _none(listed, "Nobody answers, for the listed name as for a neutral one", len(listed.final))
        if not arrives:
            return _open(listed, "a neutral name is not answered in the end either")
        return _open(listed, "the listed name is not answered, but too few packets show where they end")
    far = neutral.passed(first) < AGREEING and not any(neutral.passed(ttl) >= AGREEING for ttl in reached)
    part = Part(last=way.spot(last), first=way.spot(first), far_end=far)
    return Finding(
        carrier=listed.carrier,
        address=listed.address,
        port=listed.port,
        effect=Effect.SILENCE,
        because=silence_text(listed.carrier, part),
        position=Position.UNKNOWN if far else Position.IN_PATH,
        part=part,
        k=len(silent),
        n=len(listed.beyond(first)),
    )


def _proxy(row: tuple[Rungs, Rungs, Rungs], plain: Rungs, way: Map) -> Finding | None:
    """Somebody who answers for everybody: nearer than the address itself, or at an address where nobody lives."""
    listed, neutral, silent = row
    carrier = listed.carrier
    if carrier in _STREAMS:
        return None  # the SYNs of the same port tell
    stop = listed.first_stop
    everybody = carrier is Carrier.TCP or neutral.first_stop == stop
    if stop is None or not everybody or not _answers(listed, stop):
        return None
    nobody_lives_there = silent.first_stop is not None and _answers(silent, silent.first_stop)
    same = plain.address == listed.address
    farther = [ttl for ttl in plain.ttls if same and ttl > stop and plain.passed(ttl) >= AGREEING]
    unlived = carrier is Carrier.DNS_ADDRESS and not same
    if carrier is Carrier.DNS or not (nobody_lives_there or farther or unlived):
        return None
    k = sum(bool(listed.stops(one) & GOOD) for one in listed.beyond(stop))
    device = way.spot(stop)
    return Finding(
        carrier=carrier,
        address=listed.address,
        port=listed.port,
        effect=Effect.PROXY,
        because=proxy_text(carrier, device, max(farther, default=None), silent=nobody_lives_there or unlived),
        position=Position.IN_PATH,
        part=Part(last=way.spot(stop - 1) if stop > 1 else Spot(ttl=0), first=device),
        device=device,
        k=k,
        n=len(listed.beyond(stop)),
    )


def _answers(one: Rungs, ttl: int) -> bool:
    return sum(bool(one.stops(each) & (GOOD - {H.DATA})) for each in one.at(ttl)) >= AGREEING
