"""TCP, TLS and HTTPS through the client."""

import asyncio

import pytest
import trustme

from blockprobe.model.failure import Failure
from blockprobe.model.observation import ResolverGroup
from blockprobe.net import dns_tls, doh
from blockprobe.net.dns import Question
from blockprobe.net.resolver import parse_resolver

from .dns_server import HOST, WHY, address, asking, reply, serving, silence

A = Question(qname="a.example", qtype="A")
AAAA = Question(qname="a.example", qtype="AAAA")
SCHEMES = ("tcp", "tls", "https")


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def trusted(ca, tmp_path, monkeypatch):
    """The authority of the scripted server, in the place of the system's."""
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    return ca


def values(observation):
    return [record.value for record in observation.reply.answers] if observation.reply else None


@pytest.mark.parametrize("scheme", SCHEMES)
def test_both_families_are_asked_together_and_answered_in_their_order(trusted, scheme):
    def behave(query):
        late = query.question[0].rdtype == 1
        return [(0.5 if late else 0, address(query, "203.0.113.1" if late else "2001:db8::1"))]

    async def main():
        async with serving(behave, trusted) as server, asking() as (client, session):
            return await client.query_many(session, WHY, server.resolver(scheme), [A, AAAA]), server.connections

    (a, aaaa), connections = asyncio.run(main())
    assert (a.failure, aaaa.failure) == (None, None)
    assert (values(a), values(aaaa)) == (["203.0.113.1"], ["2001:db8::1"])
    assert a.t_s > aaaa.t_s
    assert connections == (2 if scheme == "https" else 1)
    assert a.group is ResolverGroup.ISP


@pytest.mark.parametrize("scheme", SCHEMES)
def test_silence_after_the_connection_is_a_timeout(trusted, scheme):
    async def main():
        async with serving(silence, trusted) as server, asking(0.3) as (client, session):
            return await client.query(session, WHY, server.resolver(scheme), A)

    seen = asyncio.run(main())
    assert (seen.failure, seen.reply) == (Failure.GENERIC_TIMEOUT_ERROR, None)
    assert 0.29 <= seen.t_s - seen.t0_s < 0.9


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_connection_closed_instead_of_an_answer_is_an_eof(trusted, scheme):
    async def main():
        async with serving(lambda query: [(0, None)], trusted) as server, asking() as (client, session):
            return await client.query(session, WHY, server.resolver(scheme), A)

    assert asyncio.run(main()).failure is Failure.EOF_ERROR


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_closed_port_is_refused(trusted, scheme):
    async def main():
        async with serving(ca=trusted) as server:
            resolver = server.resolver(scheme)
        async with asking() as (client, session):
            return await client.query(session, WHY, resolver, A)

    seen = asyncio.run(main())
    assert (seen.failure, seen.detail) == (Failure.CONNECTION_REFUSED, "connecting")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_garbage_is_malformed_or_another_id(trusted, scheme):
    async def main():
        behave = lambda query: [(0, query.to_wire()[:2] + b"\x81\x80garbage")]  # noqa: E731
        async with serving(behave, trusted) as server, asking(0.3) as (client, session):
            return await client.query(session, WHY, server.resolver(scheme), A)

    assert asyncio.run(main()).failure is Failure.DNS_MALFORMED_REPLY


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_frame_for_nobody_does_not_end_the_wait(trusted, scheme):
    def behave(query):
        wire = address(query)
        return [(0, b"x"), (0, bytes((wire[0] ^ 1, *wire[1:]))), (0.02, wire)]

    async def main():
        async with serving(behave, trusted) as server, asking() as (client, session):
            return await client.query(session, WHY, server.resolver(scheme), A)

    seen = asyncio.run(main())
    assert seen.failure is None
    assert seen.detail is not None
    assert seen.detail.startswith("unmatched replies: 2")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_reply_of_64_kilobytes_is_read(trusted, scheme):
    def behave(query):
        text = " ".join(['"' + "x" * 255 + '"'] * 240)
        return [(0, reply(query, f"a.example. 60 IN TXT {text}"))]

    async def main():
        async with serving(behave, trusted) as server, asking() as (client, session):
            return await client.query(session, WHY, server.resolver(scheme), Question(qname="a.example", qtype="TXT"))

    seen = asyncio.run(main())
    assert seen.failure is None
    assert len(values(seen)[0]) == 1024


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_name_that_cannot_be_asked_spoils_no_other_question(trusted, scheme):
    async def main():
        bad = Question(qname="a" * 64, qtype="A")
        async with serving(ca=trusted) as server, asking() as (client, session):
            return await client.query_many(session, WHY, server.resolver(scheme), [A, bad, AAAA])

    assert [one.failure for one in asyncio.run(main())] == [None, Failure.UNKNOWN_FAILURE, None]


def test_a_server_that_takes_one_question_a_connection_gets_several_connections():
    async def main():
        async with serving() as server, asking() as (client, session):
            server.one_question_each = True
            return await client.query_many(session, WHY, server.resolver("tcp"), [A, AAAA, A]), server.connections

    observations, connections = asyncio.run(main())
    assert [one.failure for one in observations] == [None] * 3
    assert connections == 3


@pytest.mark.parametrize(("scheme", "at_most"), [("tls", 1), ("https", doh.MAX_CONNECTIONS)])
def test_encrypted_connections_are_few_and_kept(trusted, scheme, at_most):
    async def main():
        async with serving(lambda q: [(0.01, address(q))], trusted) as server, asking() as (client, session):
            resolver = server.resolver(scheme)
            await asyncio.gather(*(client.query(session, WHY, resolver, A) for _ in range(60)))
            seen = [await client.query(session, WHY, resolver, A) for _ in range(5)]
            return seen, server.connections, server.asked(scheme)

    seen, connections, asked = asyncio.run(main())
    assert all(one.failure is None for one in seen)
    assert connections <= at_most
    assert asked == 65


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_a_kept_connection_that_died_idle_is_no_failure(trusted, scheme):
    async def main():
        async with serving(ca=trusted) as server, asking() as (client, session):
            before = await client.query(session, WHY, server.resolver(scheme), A)
            server.hang_up()
            # asked in the same turn: the client cannot know yet
            after = await client.query(session, WHY, server.resolver(scheme), A)
            server.hang_up()
            await asyncio.sleep(0.05)
            later = await client.query(session, WHY, server.resolver(scheme), A)
            return (before, after, later), server.connections

    seen, connections = asyncio.run(main())
    assert [one.failure for one in seen] == [None] * 3
    assert connections == 3


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_whenever_the_client_is_closed_no_connection_stays_open(trusted, scheme):
    async def main(turns):
        async with serving(ca=trusted) as server, asking() as (client, session):
            resolver = server.resolver(scheme)
            await client.query(session, WHY, resolver, A)
            asked = asyncio.ensure_future(client.query(session, WHY, resolver, A))
            for _ in range(turns):
                await asyncio.sleep(0)
            was_answered = asked.done()
            await client.aclose()
            await asked
            async with asyncio.timeout(2.0):
                while server.writers:  # noqa: ASYNC110 - a list, which tells nobody of its end
                    await asyncio.sleep(0.01)
            return was_answered

    assert [asyncio.run(main(turns)) for turns in (*range(1, 24), 500)][-1]


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_an_idle_connection_is_closed_after_a_while(trusted, scheme, monkeypatch):
    monkeypatch.setattr(dns_tls, "IDLE_S", 0.05)
    monkeypatch.setattr(doh, "IDLE_S", 0.05)

    async def main():
        async with serving(ca=trusted) as server, asking() as (client, session):
            await client.query(session, WHY, server.resolver(scheme), A)
            open_before = len(server.writers)
            await asyncio.sleep(0.2)
            return open_before, len(server.writers)

    assert asyncio.run(main()) == (1, 0)


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_an_unproven_resolver_is_never_asked(ca, trusted, scheme):
    async def main(authority, name):
        async with serving(ca=authority) as server, asking() as (client, session):
            seen = await client.query(session, WHY, server.resolver(scheme, name), A)
            return seen.failure, seen.reply, server.seen, seen.detail

    stranger = asyncio.run(main(trustme.CA(), "dns.example"))
    assert stranger == (Failure.SSL_UNKNOWN_AUTHORITY, None, [], "TLS handshake")
    other_name = asyncio.run(main(ca, "other.example"))
    assert other_name == (Failure.SSL_INVALID_HOSTNAME, None, [], "TLS handshake")


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_a_resolver_may_be_proven_by_its_address(trusted, scheme):
    async def main():
        async with serving(ca=trusted) as server, asking() as (client, session):
            return await client.query(session, WHY, server.resolver(scheme, HOST), A)

    assert asyncio.run(main()).failure is None


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_a_silent_resolver_costs_all_who_wait_one_timeout(trusted, scheme):
    async def main():
        connections = 0

        async def accept(reader, writer):
            nonlocal connections
            connections += 1
            await reader.read()
            writer.close()

        listener = await asyncio.start_server(accept, HOST, 0)
        port = listener.sockets[0].getsockname()[1]
        resolver = parse_resolver(f"{scheme}://dns.example:{port}", ResolverGroup.ENCRYPTED, HOST)
        async with asking(0.3) as (client, session):
            seen = await asyncio.gather(*(client.query(session, WHY, resolver, A) for _ in range(50)))
            whole = session.elapsed()
        listener.close()
        await asyncio.sleep(0.02)
        return seen, whole, connections

    seen, whole, connections = asyncio.run(main())
    assert {one.failure for one in seen} == {Failure.GENERIC_TIMEOUT_ERROR}
    assert connections == 1
    assert whole < 1.0


def test_a_resolver_without_an_address_is_an_observation_too():
    async def main():
        resolver = parse_resolver("tls://dns.example", ResolverGroup.ENCRYPTED)
        async with asking() as (client, session):
            return await client.query(session, WHY, resolver, A)

    seen = asyncio.run(main())
    assert (seen.failure, seen.packets) == (Failure.ADDRESS_NOT_AVAILABLE, 0)
    assert seen.detail == "no address is known for dns.example"


@pytest.mark.parametrize("scheme", ["tls", "https"])
@pytest.mark.parametrize(("name", "sent"), [("dns.example", "dns.example"), (HOST, None)])
def test_a_resolver_known_by_its_address_gets_no_server_name(trusted, scheme: str, name: str, sent: str | None):
    async def main():
        async with serving(ca=trusted) as server, asking() as (client, session):
            seen = await client.query(session, WHY, server.resolver(scheme, name), A)
            return seen.failure, server.server_names

    assert asyncio.run(main()) == (None, [sent])


def test_another_http_status_is_a_misbehaving_server(trusted):
    async def main():
        async with serving(ca=trusted) as server, asking() as (client, session):
            server.http_status = 503
            return await client.query(session, WHY, server.resolver("https"), A)

    seen = asyncio.run(main())
    assert (seen.failure, seen.detail) == (Failure.DNS_SERVER_MISBEHAVING, "HTTP status 503")


FORMS = {
    "other headers": (b"HTTP/1.1 200 OK\r\nserver: x\r\ncontent-length: %d\r\nvary: a:b\r\n\r\n%s", 1),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", 1),
    "stays open": (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n%s", 1),
    "a hint first": (b"HTTP/1.1 103 Hint\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", 1),
    "closes": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", 2),
    "old": (b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s", 2),
    "says too much": (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%sHTTP/1.1 200 OK\r\n\r\n", 2),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_doh_answer_may_be_framed_in_any_way(trusted, form: str):
    pattern, connections = FORMS[form]

    async def main():
        async with serving(ca=trusted) as server, asking() as (client, session):
            server.http_form = lambda _, body: pattern % (len(body), body)
            seen = [await client.query(session, WHY, server.resolver("https"), A) for _ in range(2)]
            return [one.failure for one in seen], server.connections

    assert asyncio.run(main()) == ([None, None], connections)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", b"x" * 200_000,
                                  b"HTTP/1.1 200 OK\r\n" + b"a:b\r\n" * 50_000])  # fmt: skip
def test_what_is_no_http_answer_is_a_failure(trusted, head: bytes):
    async def main():
        async with serving(ca=trusted) as server, asking() as (client, session):
            server.http_form = lambda _, body: head
            return await client.query(session, WHY, server.resolver("https"), A)

    seen = asyncio.run(main())
    assert seen.reply is None
    assert seen.failure is not None


def test_a_doh_question_has_the_id_zero(trusted):
    async def main():
        async with serving(ca=trusted) as server, asking() as (client, session):
            await client.query(session, WHY, server.resolver("https"), A)
            return server.seen[0][1].id

    assert asyncio.run(main()) == 0


def test_a_body_without_end_is_read_to_the_cap_only(trusted):
    async def main():
        async with serving(lambda q: [(0, b"x" * 10_000_000)], trusted) as server, asking() as (client, session):
            seen = await client.query(session, WHY, server.resolver("https"), A)
            return seen, await client.query(session, WHY, server.resolver("https"), A), server.connections

    first, second, connections = asyncio.run(main())
    assert first.failure is second.failure is Failure.DNS_REPLY_WITH_WRONG_QUERY_ID
    assert connections == 2


@pytest.mark.parametrize("scheme", ["udp", "tls", "https"])
def test_closing_the_client_interrupts_what_is_under_way(trusted, scheme):
    async def main():
        async with serving(silence, trusted) as server, asking() as (client, session):
            asked = [asyncio.create_task(client.query(session, WHY, server.resolver(scheme), A)) for _ in "abc"]
            await asyncio.sleep(0.1)
            open_before = len(server.writers) if scheme != "udp" else len(client._exchanges)
            await client.aclose()
            seen = await asyncio.wait_for(asyncio.gather(*asked), 0.5)
            await asyncio.sleep(0.05)
            return {one.failure for one in seen}, open_before, len(server.writers) + len(client._exchanges)

    words, before, after = asyncio.run(main())
    assert words == {Failure.INTERRUPTED}
    assert (before >= 1, after) == (True, 0)


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_closing_the_client_interrupts_an_opening_too(scheme):
    async def main():
        async def accept(reader, writer):
            await reader.read()
            writer.close()

        listener = await asyncio.start_server(accept, HOST, 0)
        port = listener.sockets[0].getsockname()[1]
        resolver = parse_resolver(f"{scheme}://dns.example:{port}", ResolverGroup.ENCRYPTED, HOST)
        async with asking() as (client, session):
            asked = [asyncio.create_task(client.query(session, WHY, resolver, A)) for _ in "ab"]
            await asyncio.sleep(0.1)
            await client.aclose()
            seen = await asyncio.wait_for(asyncio.gather(*asked), 0.5)
        listener.close()
        await asyncio.sleep(0.02)
        return [one.failure for one in seen]

    assert asyncio.run(main()) == [Failure.INTERRUPTED] * 2


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_cancelled_question_leaves_no_connection_behind(trusted, scheme):
    async def main():
        async with serving(silence, trusted) as server:
            async with asking() as (client, session):
                task = asyncio.create_task(client.query(session, WHY, server.resolver(scheme), A))
                await asyncio.sleep(0.1)
                open_before = len(server.writers)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await asyncio.sleep(0.05)
            return open_before, len(server.writers)

    assert asyncio.run(main()) == (1, 0)
