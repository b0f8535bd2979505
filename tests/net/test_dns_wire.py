import struct

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.model.failure import Failure
from blockprobe.model.observation import DnsReply
from blockprobe.net import dns_records, echo
from blockprobe.net.dns_names import MalformedMessage, UnaskableName
from blockprobe.net.dns_wire import Message, Question, ask, failure_of_reply, read_reply, same_answer

from .dns_server import reply

QUESTION = Question(qname="www.a.example", qtype="A")
ASKED = ask(QUESTION)
QUERY = dns.message.from_wire(ASKED.wire)
KEY = echo.EchoKey(id="0123456789abcdef", secret="ab" * 32, expires=0.0, client="127.0.0.1")


def read(wire: bytes) -> DnsReply:
    message = read_reply(ASKED, wire)
    assert isinstance(message, Message)
    return message.reply


@pytest.mark.parametrize("qtype", ["A", "AAAA", "HTTPS", "SOA", "TXT"])
@pytest.mark.parametrize(("cd", "edns", "rd"), [(False, True, True), (True, True, False), (False, False, True)])
def test_a_question_is_what_dnspython_reads(qtype, cd, edns, rd):
    query = dns.message.from_wire(ask(Question(qname="A.example.", qtype=qtype, cd=cd, edns=edns, rd=rd), 77).wire)
    assert query.id == 77
    assert str(query.question[0]) == f"A.example. IN {qtype}"
    assert bool(query.flags & dns.flags.CD) == cd
    assert bool(query.flags & dns.flags.RD) == rd
    assert (query.edns == 0) == edns
    assert query.payload == (1232 if edns else 0)


def test_ids_differ_from_question_to_question():
    assert len({ask(QUESTION).qid for _ in range(64)}) > 32


@pytest.mark.parametrize("qname", ["a..example", "é.example", "a" * 64 + ".example", ".".join(["abcdefg"] * 33), ""])
def test_a_name_that_fits_in_no_question_is_refused(qname):
    with pytest.raises(UnaskableName):
        ask(Question(qname=qname, qtype="A"))


def test_an_echo_question_is_padded_to_the_contracts_size():
    query = ask(Question(qname="a.example", qtype="A", echo_key=KEY))
    parsed = dns.message.from_wire(query.wire)
    assert len(query.wire) == 300
    assert [int(option.otype) for option in parsed.options] == [65001, 12]
    assert parsed.options[0].to_wire() == f"v1 {KEY.id} {query.nonce}".encode()


def test_an_echo_question_with_the_longest_name_is_still_a_message():
    query = ask(Question(qname=".".join(["abcdefg"] * 31), qtype="A", echo_key=KEY))
    assert dns.message.from_wire(query.wire).options[0].to_wire().startswith(b"v1 ")


def test_a_reply_becomes_facts():
    wire = reply(
        QUERY,
        "www.A.example. 300 IN CNAME Edge.CDN.example.",
        "edge.cdn.example. 60 IN A 203.0.113.1",
        ede="order C-12/2026",
    )
    found = read(wire)
    assert [(r.name, r.type, r.value, r.ttl) for r in found.answers] == [
        ("www.a.example", "CNAME", "edge.cdn.example", 300),
        ("edge.cdn.example", "A", "203.0.113.1", 60),
    ]
    assert [(e.code, e.text) for e in found.ede] == [(16, "order C-12/2026")]
    assert (found.rcode, found.aa, found.ad, found.truncated) == ("NOERROR", False, False, False)
    assert failure_of_reply(QUESTION, found) is None


def test_the_authority_section_and_the_flags_are_kept():
    message = dns.message.make_response(QUERY)
    message.set_rcode(dns.rcode.NXDOMAIN)
    message.flags |= dns.flags.AA | dns.flags.AD
    message.authority.append(dns.rrset.from_text("example.", 9, "IN", "SOA", "ns.example. root.example. 1 2 3 4 5"))
    found = read(message.to_wire())
    assert (found.authority[0].name, found.authority[0].type) == ("example", "SOA")
    assert found.authority[0].value == "ns.example. root.example. 1 2 3 4 5"
    assert (found.aa, found.ad) == (True, True)


@pytest.mark.parametrize(
    ("rcode", "failure"),
    [
        ("NXDOMAIN", Failure.DNS_NXDOMAIN_ERROR),
        ("REFUSED", Failure.DNS_REFUSED_ERROR),
        ("SERVFAIL", Failure.DNS_SERVFAIL_ERROR),
        ("FORMERR", Failure.DNS_FORMERR_ERROR),
        ("NOTIMP", Failure.DNS_SERVER_MISBEHAVING),
        ("BADVERS", Failure.DNS_SERVER_MISBEHAVING),
        ("NOERROR", Failure.DNS_NO_ANSWER),
    ],
)
def test_each_rcode_has_its_word(rcode, failure):
    found = read(reply(QUERY, rcode=rcode))
    assert found.rcode == rcode
    assert failure_of_reply(QUESTION, found) == failure


def test_an_address_of_a_name_that_no_alias_leads_to_is_no_answer():
    stray = read(reply(QUERY, "www.a.example. 1 IN CNAME b.example.", "c.example. 1 IN A 203.0.113.1"))
    assert failure_of_reply(QUESTION, stray) is Failure.DNS_NO_ANSWER


def test_aliases_are_followed_in_any_order_and_round_circles():
    records = ["c.example. 1 IN A 203.0.113.1", "b.example. 1 IN CNAME c.example."]
    found = read(reply(QUERY, *records, "www.a.example. 1 IN CNAME b.example."))
    assert failure_of_reply(QUESTION, found) is None
    circle = read(reply(QUERY, "b.example. 1 IN CNAME www.a.example.", "www.a.example. 1 IN CNAME b.example."))
    assert failure_of_reply(QUESTION, circle) is Failure.DNS_NO_ANSWER


def test_a_reply_to_another_question_or_with_another_id_is_called_so():
    other = ask(Question(qname="b.example", qtype="A"), ASKED.qid)
    wire = reply(dns.message.from_wire(other.wire))
    assert read_reply(ASKED, wire) is Failure.DNS_REPLY_WITH_WRONG_QUESTION
    assert read_reply(other, bytes((wire[0] ^ 1, *wire[1:]))) is Failure.DNS_REPLY_WITH_WRONG_QUERY_ID


def test_an_error_without_the_question_counts_but_an_answer_without_it_does_not():
    flags = 0x8180
    assert read(struct.pack("!6H", ASKED.qid, flags | 1, 0, 0, 0, 0)).rcode == "FORMERR"
    assert read_reply(ASKED, struct.pack("!6H", ASKED.qid, flags, 0, 0, 0, 0)) is Failure.DNS_MALFORMED_REPLY


def test_our_own_query_sent_back_is_no_reply():
    assert read_reply(ASKED, ASKED.wire) is Failure.DNS_MALFORMED_REPLY


def forged(*answers: bytes, additional: bytes = b"") -> bytes:
    """A reply to ASKED with hand-made records, each in ANSWER but `additional`."""
    end = ASKED.wire.index(b"\x07example\0") + 13
    counts = struct.pack("!4H", 1, len(answers), 0, int(bool(additional)))
    return ASKED.wire[:2] + b"\x81\x80" + counts + ASKED.wire[12:end] + b"".join(answers) + additional


@pytest.mark.parametrize(
    "record",
    [
        b"\xc0\x1f\x00\x01\x00\x01\0\0\0\1\0\4\1\2\3\4",  # its owner is a pointer to itself
        b"\xc0\xff\x00\x01\x00\x01\0\0\0\1\0\4\1\2\3\4",  # ... or to what lies beyond
        b"\x80\x00\x00\x01\x00\x01\0\0\0\1\0\4\1\2\3\4",  # a label type that does not exist
        b"\xc0\x0c\x00\x01\x00\x01\0\0\0\1\0\5\1\2\3\4\5",  # an address of five bytes
        b"\xc0\x0c\x00\x01\x00\x01\0\0\0\1\0\x09\1\2\3\4",  # a record longer than the message
        b"\xc0\x0c\x00\x05\x00\x01\0\0\0\1\0\4\xc0\x0c\0\0",  # an alias shorter than its record
        b"\xc0\x0c\x00\x06\x00\x01\0\0\0\1\0\2\0\0",  # a start of authority with nothing in it
        b"\xc0\x0c\x00",
    ],
)
def test_a_broken_record_makes_the_reply_malformed(record):
    assert read_reply(ASKED, forged(record)) is Failure.DNS_MALFORMED_REPLY


def test_a_chain_of_pointers_ends_the_reading():
    chain = b"".join(struct.pack("!H", 0xC000 | 12 + 2 * number) for number in range(200))
    wire = ASKED.wire[:2] + b"\x81\x80" + struct.pack("!4H", 1, 0, 0, 0) + b"\0\0" + chain
    assert isinstance(read_reply(ASKED, wire), Failure)
    loop = ASKED.wire[:2] + b"\x81\x80" + struct.pack("!4H", 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1"
    assert read_reply(ASKED, loop) is Failure.DNS_MALFORMED_REPLY


def test_unusual_bytes_of_a_name_are_escaped():
    record = b"\x06a.b \xff\\\0" + b"\x00\x05\x00\x01\0\0\0\1\0\3\1\0\0"
    found = read(forged(record))
    assert (found.answers[0].name, found.answers[0].value) == ("a\\.b\\032\\255\\\\", "\\000")


def test_only_64_records_of_a_section_are_kept():
    found = read(forged(*[b"\xc0\x0c\x00\x01\x00\x01\0\0\0\1\0\4\1\2\3\4"] * 1000))
    assert len(found.answers) == 64


def test_a_text_of_64_kilobytes_is_cut():
    strings = (b"\xff" + b"x" * 255) * 240
    found = read(forged(b"\xc0\x0c\x00\x10\x00\x01\0\0\0\1" + struct.pack("!H", len(strings)) + strings))
    assert len(found.answers[0].value) == 1024


def test_records_of_other_classes_and_negative_ttls_do_not_confuse():
    chaos = b"\xc0\x0c\x00\x01\x00\x03\0\0\0\1\0\4\1\2\3\4"
    negative = b"\xc0\x0c\x00\x01\x00\x01\x80\0\0\1\0\4\1\2\3\4"
    assert [record.ttl for record in read(forged(chaos, negative)).answers] == [0]


def test_a_truncated_reply_may_end_early_and_another_may_not():
    whole = forged(b"\xc0\x0c\x00\x01\x00\x01\0\0\0\1\0\4\1\2\3\4", b"\xc0\x0c\x00\x01\x00\x01\0\0\0\1\0\4\1\2\3\5")
    assert read_reply(ASKED, whole[:-3]) is Failure.DNS_MALFORMED_REPLY
    cut = read(whole[:2] + b"\x83" + whole[3:-3])
    assert (cut.truncated, len(cut.answers)) == (True, 1)


def test_replies_are_the_same_whatever_their_order_and_ttl():
    one, two = "www.a.example. {} IN A 203.0.113.1", "www.a.example. {} IN A 203.0.113.2"
    first = read(reply(QUERY, one.format(9), two.format(9)))
    assert same_answer(first, read(reply(QUERY, two.format(1), one.format(1))))
    assert not same_answer(first, read(reply(QUERY, one.format(9))))
    assert not same_answer(read(reply(QUERY)), read(reply(QUERY, rcode="NXDOMAIN")))


@given(st.binary(max_size=600))
def test_random_bytes_never_raise(data):
    assert isinstance(read_reply(ASKED, data), Failure | Message)
    assert isinstance(read_reply(ASKED, ASKED.wire[:2] + b"\x81\x80" + data), Failure | Message)


SAMPLES = [
    reply(QUERY, "www.a.example. 1 IN CNAME b.example.", "b.example. 1 IN A 203.0.113.1", ede="order"),
    reply(QUERY, "www.a.example. 1 IN HTTPS 1 . alpn=h2 ipv4hint=203.0.113.1", 'www.a.example. 1 IN TXT "x" "y"'),
    reply(QUERY, "www.a.example. 1 IN SOA ns.example. h.example. 1 2 3 4 5", 'www.a.example. 1 IN CAA 0 issue "ca"'),
    reply(QUERY, "www.a.example. 1 IN NAPTR 1 1 S X !a!b! c.example.", "www.a.example. 1 IN LOC 1 N 1 E 1"),
]


@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(2, 400), st.integers(0, 255)), max_size=6))
def test_mutated_replies_never_raise(wire, changes):
    damaged = bytearray(wire)
    for place, byte in changes:
        damaged[place % len(damaged)] = byte
    message = read_reply(ASKED, bytes(damaged))
    if isinstance(message, Message):
        failure_of_reply(QUESTION, message.reply)
        assert not message.echo or all(isinstance(text, str) for text in message.echo)


def soa_data(primary: bytes, mailbox: bytes, numbers: bytes) -> tuple[bytes, dns_records._Raw]:
    """A message whose last bytes are the data of an SOA, and where that lies; names may point to the question's."""
    start = len(ASKED.wire)
    wire = ASKED.wire + primary + mailbox + numbers
    return wire, dns_records._Raw(start, 6, 1, 9, start, len(wire))


NAMES = st.sampled_from([
    b"\x02ns\xc0\x10", b"\x02NS\x01a\0", b"\0", b"\xc0\x0c", b"\x03a.b\0", b"\x02\xc3\xbc\0",
    b"\x3f" + b"a" * 63 + b"\xc0\x0c",
    b"\x05under" b"\x02_s\0", b"\xc0\xff", b"\xc0\x28", b"\x40x\0", b"\x01a",
])  # fmt: skip


@given(NAMES, NAMES, st.binary(min_size=20, max_size=20) | st.binary(max_size=24))
def test_an_soa_read_by_hand_is_the_one_that_dnspython_reads(primary, mailbox, numbers):
    wire, record = soa_data(primary, mailbox, numbers)
    try:
        by_hand = dns_records._soa(wire, record)
    except (IndexError, MalformedMessage):
        by_hand = None
    if by_hand is not None:
        assert by_hand == dns_records._printed(wire, record)


@given(st.integers(0, 60), st.binary(max_size=120))
def test_an_soa_of_random_bytes_is_never_read_otherwise_than_by_dnspython(at, data):
    wire = data + bytes(20)
    record = dns_records._Raw(0, 6, 1, 9, min(at, len(data)), len(wire))
    try:
        by_hand = dns_records._soa(wire, record)
    except (IndexError, MalformedMessage):
        return
    if by_hand is not None:
        assert by_hand == dns_records._printed(wire, record)


def test_an_ordinary_soa_is_read_by_hand():
    wire, record = soa_data(b"\x02ns\xc0\x10", b"\x04Host\xc0\x10", bytes(19) + b"\7")
    assert dns_records._soa(wire, record) == dns_records._printed(wire, record)
    assert str(dns_records._soa(wire, record)).endswith("0 0 0 0 7")
