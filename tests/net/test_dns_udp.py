import asyncio
import socket
import time

import dns.message
import dns.rrset
import pytest

from blockprobe.model.failure import Failure
from blockprobe.model.observation import ResolverGroup
from blockprobe.net import dns_udp, echo
from blockprobe.net.dns import MAX_UDP, Question
from blockprobe.net.resolver import parse_resolver

from .dns_server import HOST, WHY, address, asking, reply, serving, silence

A = Question(qname="a.example", qtype="A")
KEY = echo.EchoKey(id="0123456789abcdef", secret="ab" * 32, expires=0.0, client=HOST)


def ask_udp(behave, question=A, timeout_s=4.0):
    """One question to one scripted resolver: the observation, and the questions that the resolver saw."""

    async def main():
        async with serving(behave) as server, asking(timeout_s) as (client, session):
            return await client.query(session, WHY, server.resolver("udp"), question), server.seen

    return asyncio.run(main())


def listen_udp(behave, listen_s=0.15, question=A):
    async def main():
        async with serving(behave) as server, asking() as (client, session):
            pending = await client.query_and_listen(session, WHY, server.resolver("udp"), question)
            settled = await pending.settle(listen_s)
            assert not client._exchanges
            return pending.first, settled

    return asyncio.run(main())


def test_an_answer_is_observed_with_times_packets_and_records():
    seen, _ = ask_udp(lambda query: [(0.03, address(query))])
    assert seen.failure is None
    assert seen.reply is not None
    assert [record.value for record in seen.reply.answers] == ["203.0.113.1"]
    assert 0.03 <= seen.t_s - seen.t0_s < 0.5
    assert (seen.packets, seen.extra, seen.detail, seen.authentic) == (1, (), None, None)
    assert seen.resolver.startswith("udp://127.0.0.1:")


def test_a_block_page_reply_keeps_its_extended_error():
    seen, _ = ask_udp(lambda query: [(0, reply(query, rcode="REFUSED", ede="court order C-12/2026"))])
    assert seen.failure is Failure.DNS_REFUSED_ERROR
    assert seen.reply is not None
    assert [(error.code, error.text) for error in seen.reply.ede] == [(16, "court order C-12/2026")]


def test_silence_is_believed_only_after_several_datagrams_with_one_id(monkeypatch):
    monkeypatch.setattr(dns_udp, "UDP_SCHEDULE_S", (0.0, 0.05, 0.1, 0.2))
    seen, asked = ask_udp(silence, timeout_s=0.4)
    assert seen.failure is Failure.GENERIC_TIMEOUT_ERROR
    assert seen.packets == len(asked) == 4
    assert 0.39 <= seen.t_s - seen.t0_s < 0.8
    assert len({query.id for _, query in asked}) == 1


def test_the_datagrams_go_out_at_the_times_of_the_design():
    assert dns_udp.UDP_SCHEDULE_S == (0.0, 0.6, 1.4, 2.6)


def test_a_lost_datagram_is_sent_again():
    answers = iter(([], None))
    seen, asked = ask_udp(lambda query: [(0, address(query))] if next(answers) is None else [])
    assert (seen.failure, seen.packets, len(asked)) == (None, 2, 2)
    assert 0.6 <= seen.t_s - seen.t0_s < 1.0


def test_a_closed_port_is_refused_at_once_and_says_who_said_so():
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, 0))
            port = free.getsockname()[1]
        async with asking() as (client, session):
            return await client.query(session, WHY, parse_resolver(f"udp://{HOST}:{port}", ResolverGroup.ISP), A)

    seen = asyncio.run(main())
    assert seen.failure is Failure.CONNECTION_REFUSED
    assert seen.t_s - seen.t0_s < 0.5
    assert seen.detail == "ICMP type 3 code 3 from 127.0.0.1"


def wrong_id(query):
    return bytes((address(query)[0] ^ 1, *address(query)[1:]))


def wrong_question(query):
    other = dns.message.make_query("b.example", "A", id=query.id)
    return address(other)


@pytest.mark.parametrize(
    ("junk", "word"),
    [
        (wrong_id, Failure.DNS_REPLY_WITH_WRONG_QUERY_ID),
        (wrong_question, Failure.DNS_REPLY_WITH_WRONG_QUESTION),
        (lambda query: query.to_wire()[:2] + b"garbage", Failure.DNS_MALFORMED_REPLY),
        (lambda query: b"x", Failure.DNS_MALFORMED_REPLY),
    ],
)
def test_junk_is_remembered_but_ends_no_wait(junk, word):
    alone, _ = ask_udp(lambda query: [(0, junk(query))], timeout_s=0.3)
    assert alone.failure is word
    assert alone.t_s - alone.t0_s >= 0.29
    followed, _ = ask_udp(lambda query: [(0, junk(query)), (0.05, address(query))])
    assert followed.failure is None
    assert followed.detail == f"unmatched replies: 1 ({word})"


def test_the_junk_that_came_closest_is_reported():
    seen, _ = ask_udp(lambda query: [(0, wrong_question(query)), (0.05, wrong_id(query))], timeout_s=0.3)
    assert seen.failure is Failure.DNS_REPLY_WITH_WRONG_QUESTION


def test_a_lie_and_then_the_truth_are_both_kept_with_their_times():
    lie = "10.10.10.10"
    first, settled = listen_udp(lambda query: [(0, address(query, lie)), (0.3, address(query))], listen_s=0.8)
    assert [record.value for record in first.reply.answers] == [lie]
    assert first.extra == ()
    assert [record.value for reply in settled.extra for record in reply.answers] == ["203.0.113.1"]
    assert settled.extra[0].t_s - first.t_s >= 0.05
    assert (settled.reply, settled.t_s) == (first.reply, first.t_s)


def test_copies_and_fresh_ttls_are_no_second_answer():
    copies = [(0, 60), (0.01, 60), (0.02, 59)]
    _, settled = listen_udp(lambda query: [(wait, address(query, ttl=ttl)) for wait, ttl in copies])
    assert settled.extra == ()


def test_a_flood_of_different_answers_is_bounded():
    _, settled = listen_udp(lambda query: [(0, address(query, f"203.0.113.{n}")) for n in range(100)])
    assert len(settled.extra) == dns_udp.MAX_LATER


def test_a_settled_question_waits_no_longer_than_needed():
    async def main():
        async with serving() as server, asking() as (client, session):
            pending = await client.query_and_listen(session, WHY, server.resolver("udp"), A)
            await asyncio.sleep(0.1)
            before = session.elapsed()
            await pending.settle(0.1)
            return session.elapsed() - before

    assert asyncio.run(main()) < 0.05


def test_an_ear_that_nobody_settles_is_closed(monkeypatch):
    monkeypatch.setattr(dns_udp, "MAX_LISTEN_S", 0.05)

    async def main():
        async with serving() as server, asking() as (client, session):
            await client.query_and_listen(session, WHY, server.resolver("udp"), A)
            assert len(client._exchanges) == 1
            await asyncio.sleep(0.1)
            return len(client._exchanges)

    assert asyncio.run(main()) == 0


def test_an_error_message_after_the_answer_does_no_harm():
    async def main():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        server.bind((HOST, 0))
        resolver = parse_resolver(f"udp://{HOST}:{server.getsockname()[1]}", ResolverGroup.ISP)
        async with asking() as (client, session):
            task = asyncio.create_task(client.query_and_listen(session, WHY, resolver, A))
            data, peer = await asyncio.get_running_loop().sock_recvfrom(server, 512)
            server.sendto(address(dns.message.from_wire(data)), peer)
            pending = await task
            server.close()
            (exchange,) = client._exchanges
            exchange._sock.send(b"to a port that is closed by now")
            busy = time.process_time()
            await asyncio.sleep(0.2)
            return await pending.settle(0), time.process_time() - busy

    seen, busy = asyncio.run(main())
    assert seen.failure is None
    assert busy < 0.1  # an error left in the queue would wake the loop for ever


def test_a_truncated_reply_is_asked_for_again_over_tcp():
    async def main():
        async with serving() as server, asking() as (client, session):
            server.behave = lambda query: [
                (0, reply(query, tc=True) if server.seen[-1][0] == "udp" else address(query)),
            ]
            return await client.query(session, WHY, server.resolver("udp"), A), server

    seen, server = asyncio.run(main())
    assert (server.asked("udp"), server.asked("tcp")) == (1, 1)
    assert seen.failure is None
    assert seen.reply is not None
    assert not seen.reply.truncated
    assert seen.detail == "truncated over UDP, asked again over TCP"


def echoing(*, client: str = HOST, sign: bool = True):
    """The helper's DNS echo, true to the contract."""

    def behave(query):
        option = next(o for o in query.options if int(o.otype) == echo.DNS_OPTION)
        key_id, nonce = echo.read_dns_option(option.to_wire())
        assert key_id == KEY.id
        said = echo.Statement(kind="dns", subject="a.example/A", nonce=nonce, client=client)
        strings = echo.dns_strings(KEY, said)
        text = " ".join(f'"{s}"' for s in (strings if sign else (*strings[:2], "00" * 32)))
        message = dns.message.make_response(query)
        message.use_edns(-1)
        message.additional.append(dns.rrset.from_text("echo.", 0, "IN", "TXT", text))
        wire = message.to_wire()
        assert len(wire) <= 300
        return wire

    return behave


ECHO = Question(qname="a.example", qtype="A", echo_key=KEY)


def test_the_echos_signature_makes_a_reply_authentic():
    seen, _ = ask_udp(lambda query: [(0, echoing(client="198.51.100.10")(query))], ECHO)
    assert (seen.failure, seen.authentic, seen.seen_address) == (None, True, "198.51.100.10")


@pytest.mark.parametrize("forge", [address, echoing(sign=False)])
def test_a_reply_without_the_signature_is_not_the_echos(forge):
    seen, _ = ask_udp(lambda query: [(0, forge(query))], ECHO)
    assert (seen.authentic, seen.seen_address) == (False, None)


def test_silence_of_the_echo_says_nothing_about_authenticity():
    seen, _ = ask_udp(silence, ECHO, timeout_s=0.2)
    assert (seen.failure, seen.authentic) == (Failure.GENERIC_TIMEOUT_ERROR, None)


def test_an_injected_reply_stays_unauthentic_when_the_echos_own_comes_later():
    _, settled = listen_udp(lambda query: [(0, address(query)), (0.05, echoing()(query))], question=ECHO)
    assert settled.authentic is False
    assert settled.detail == "authentic reply came later"


def test_a_name_that_cannot_be_asked_is_an_observation_too():
    seen, asked = ask_udp(silence, Question(qname="a" * 64 + ".example", qtype="A"))
    assert (seen.failure, seen.packets, asked) == (Failure.UNKNOWN_FAILURE, 0, [])
    assert seen.detail is not None
    assert "63 bytes" in seen.detail


def test_waiting_for_ones_turn_is_not_part_of_a_question():
    async def main():
        async with serving(lambda query: [(0.1, address(query))]) as server, asking() as (client, session):
            questions = [Question(qname=f"{number}.example", qtype="A") for number in range(2 * MAX_UDP)]
            many = await client.query_many(session, WHY, server.resolver("udp"), questions)
            return many, session.elapsed()

    many, whole = asyncio.run(main())
    assert [one.qname for one in many] == [f"{number}.example" for number in range(2 * MAX_UDP)]
    assert all(one.failure is None for one in many)
    assert whole >= 0.2
    assert all(one.t_s - one.t0_s < whole - 0.05 for one in many)


def test_a_cancelled_question_leaves_nothing_open():
    async def main():
        async with serving(silence) as server, asking() as (client, session):
            task = asyncio.create_task(client.query(session, WHY, server.resolver("udp"), A))
            await asyncio.sleep(0.05)
            assert len(client._exchanges) == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return len(client._exchanges)

    assert asyncio.run(main()) == 0
