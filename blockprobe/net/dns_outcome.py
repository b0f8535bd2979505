"""What became of one question, whatever carried it, and the observation made of that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from blockprobe.model.failure import Failure
from blockprobe.model.observation import DnsObservation, DnsReply, Why
from blockprobe.net import echo
from blockprobe.net.dns_wire import Asked, Message, Question, failure_of_reply
from blockprobe.net.resolver import Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Times in seconds of the session. `message` and `asked` belong together; `failure` is the transport's.

    `packets` counts datagrams, or the SYNs or segments of a connection that did not come about.
    """

    t0_s: float
    t_s: float
    failure: Failure | None = None
    asked: Asked | None = None
    message: Message | None = None
    packets: int = 1
    detail: str | None = None


def observe(why: Why, resolver: Resolver, question: Question, outcome: Outcome) -> DnsObservation:
    """The observation of an outcome: the transport's failure, or what the reply itself means."""
    message = outcome.message
    seen = seen_by_echo(outcome.asked, message)
    reply = _received(message.reply, outcome.t_s) if message else None
    failure = outcome.failure
    if failure is None and reply is not None and not (seen and reply.rcode == "NOERROR"):
        failure = failure_of_reply(question, reply)
    return DnsObservation(
        why=why,
        t0_s=outcome.t0_s,
        t_s=outcome.t_s,
        failure=failure,
        resolver=resolver.url,
        group=resolver.group,
        qname=question.qname,
        qtype=question.qtype,
        cd=question.cd,
        edns=question.edns,
        rd=question.rd,
        packets=outcome.packets,
        reply=reply,
        authentic=seen is not None if question.echo_key and message else None,
        seen_address=seen,
        detail=outcome.detail,
    )


def _received(reply: DnsReply, t_s: float) -> DnsReply:
    """`replace(reply, t_s=t_s)`, which takes twice as long and is wanted for each question."""
    return DnsReply(
        t_s=t_s,
        rcode=reply.rcode,
        answers=reply.answers,
        authority=reply.authority,
        ede=reply.ede,
        aa=reply.aa,
        ad=reply.ad,
        truncated=reply.truncated,
    )


def with_later(first: DnsObservation, asked: Asked | None, later: Sequence[tuple[float, Message]]) -> DnsObservation:
    """`first` with the different replies that came after it, each with its time."""
    if not later:
        return first
    signed = any(seen_by_echo(asked, message) is not None for _, message in later)
    note = "authentic reply came later" if signed and not first.authentic else None
    return replace(
        first,
        extra=tuple(replace(message.reply, t_s=t_s) for t_s, message in later),
        detail=joined(first.detail, note),
    )


def seen_by_echo(asked: Asked | None, message: Message | None) -> str | None:
    """The client address that the echo signed in its answer; None when it signed nothing."""
    if asked is None or message is None or asked.question.echo_key is None:
        return None
    subject = echo.dns_subject(asked.question.qname, asked.question.qtype)
    return echo.seen_by_dns_echo(asked.question.echo_key, subject, asked.nonce, message.echo)


def joined(*notes: str | None) -> str | None:
    """The notes that there are, as one; None when there are none."""
    return "; ".join(note for note in notes if note) or None


#: How close a reply that did not match came to the question: the closest is what a silent resolver is reported with.
_CLOSENESS = (
    Failure.DNS_REPLY_WITH_WRONG_QUERY_ID,
    Failure.DNS_REPLY_WITH_WRONG_QUESTION,
    Failure.DNS_MALFORMED_REPLY,
)


class Strays:
    """Replies that did not match: anyone off the path can send them, so they never end a wait."""

    __slots__ = ("closest", "count")

    def __init__(self) -> None:
        self.closest: Failure | None = None
        self.count = 0

    def add(self, mismatch: Failure) -> None:
        """One more."""
        self.count += 1
        if self.closest is None or _CLOSENESS.index(mismatch) > _CLOSENESS.index(self.closest):
            self.closest = mismatch

    @property
    def note(self) -> str | None:
        """For people, None when there were none."""
        return f"unmatched replies: {self.count} ({self.closest})" if self.closest else None
