"""Client and helper together, over real sockets: what the probe gets to know about a site."""

import asyncio
import hashlib

import pytest

from blockprobe.helper import fetch
from blockprobe.verdict.sketch import text_sketch

from .small_world import PAGE, SITE, Files, run, small_world

pytestmark = pytest.mark.usefixtures("trusted")


def test_https_site_with_everything(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            client = world.client()
            url = f"https://site.example:{world.site.https}/"
            control = await client.control(world.session(), url, [f"{SITE}:{world.site.https}"])
            await client.aclose()
            assert (control.failure, control.extended, control.url) == (None, True, url)
            assert control.dns is not None
            assert control.dns.soa is not None
            assert (control.dns.addresses, control.dns.rcode, control.dns.failure) == ((SITE,), "NOERROR", None)
            assert control.dns.soa.type == "SOA"
            assert [(t.endpoint, t.ok) for t in control.tcp] == [(f"{SITE}:{world.site.https}", True)]
            [tls] = control.tls
            assert tls.ok
            assert tls.server_name == "site.example"
            assert len(tls.leaf_sha256 or "") == len(tls.spki_sha256 or "") == 64
            [hop] = control.hops
            assert (hop.status, hop.title, hop.failure) == (200, "A quiet place", None)
            assert hop.body_sha256 == hashlib.sha256(PAGE).hexdigest()
            assert hop.sketch == text_sketch(PAGE.decode())
            assert [value for name, value in hop.headers if name == "X-Own"] == ["1", "2"]
            assert control.clock_offset_s == pytest.approx(0, abs=0.1)
            assert len(world.site.heads) == 1, "the fetch goes over the connection that was tested"

    run(main)


def test_bare_client_gets_what_oonis_gets(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            client = world.client()
            url = f"http://site.example:{world.site.http}/"
            control = await client.control(world.session(), url, [], bare=True)
            await client.aclose()
            assert (control.failure, control.extended) == (None, False)
            [hop] = control.hops
            assert (hop.status, hop.body_bytes, hop.title) == (200, len(PAGE), "A quiet place")
            assert dict(hop.headers)["X-Own"] == "1"
            assert hop.sketch == ()
            assert client.current_key is None
            assert control.clock_offset_s == pytest.approx(0, abs=1.0)

    run(main)


def test_an_offered_address_is_held_against_the_name(files: Files) -> None:
    """Where the probe was sent is real when its chain proves the name, whatever the helper's resolver says."""

    async def main() -> None:
        async with small_world(files) as world:
            world.zone.names["other.example"] = ["127.0.0.77"]
            client = world.client()
            offered = f"{SITE}:{world.site.https}"
            url = f"https://other.example:{world.site.https}/"
            control = await client.control(world.session(), url, [offered])
            tls = {one.endpoint: one for one in control.tls}
            assert not tls[offered].ok
            assert tls[offered].failure == "ssl_invalid_hostname"
            assert tls[offered].leaf_sha256, "the chain is kept although it proves nothing"
            assert control.hops[0].failure == "connection_refused", "nothing is fetched from an offered address"
            world.zone.names["www.site.example"] = ["127.0.0.77"]
            url = f"https://www.site.example:{world.site.https}/"
            control = await client.control(world.session(), url, [offered])
            assert {one.endpoint: one.ok for one in control.tls} == {offered: True}
            await client.aclose()

    run(main)


def test_redirects_hop_by_hop(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            world.zone.names["www.site.example"] = [SITE]
            end = f"https://www.site.example:{world.site.https}/end?q=%20x"
            world.site.redirects |= {"/": "/next", "/next": end}
            client = world.client()
            control = await client.control(world.session(), f"https://site.example:{world.site.https}/", [])
            await client.aclose()
            assert [hop.status for hop in control.hops] == [302, 302, 200]
            assert control.hops[-1].url == end
            assert [head.split(" ")[1] for head in world.site.heads] == ["/", "/next", "/end?q=%20x"]

    run(main)


@pytest.mark.parametrize(
    ("location", "failure"),
    [
        ("http://10.0.0.1/", "helper_refused_address"),
        ("http://169.254.169.254/latest/meta-data/", "helper_refused_address"),
        ("http://[::ffff:127.0.0.2]/", "http_invalid_redirect_location_host"),
        ("http://inside.example/", "helper_refused_address"),
        ("http://127.0.0.1/", "helper_refused_address"),
        ("http://gone.example/", "dns_nxdomain_error"),
        ("http://site.example:25/", "http_invalid_redirect_location_host"),
        ("ftp://site.example/", "http_invalid_redirect_location_host"),
        ("http://user:secret@site.example/", "http_invalid_redirect_location_host"),
        ("http://[::1", "http_invalid_redirect_location_host"),
    ],
)
def test_a_redirect_cannot_lead_inside(files: Files, location: str, failure: str) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            world.zone.names["inside.example"] = ["192.168.1.1", "fd00::1", "127.0.0.9"]
            world.site.redirects["/"] = location
            client = world.client()
            control = await client.control(world.session(), f"http://site.example:{world.site.http}/", [])
            await client.aclose()
            assert [hop.failure for hop in control.hops] == [None, failure]

    run(main)


def test_endless_redirects_and_cookies(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            world.site.redirects["/loop"] = "/loop"
            client = world.client()
            base = f"http://site.example:{world.site.http}"
            control = await client.control(world.session(), f"{base}/loop", [])
            assert len(control.hops) == 12
            assert control.hops[-1].failure == "http_too_many_redirects"
            world.site.cookie_needed = True
            control = await client.control(world.session(), f"{base}/", [])
            assert [hop.status for hop in control.hops] == [302, 200]
            await client.aclose()

    run(main)


def test_names_that_do_not_resolve(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            client = world.client()
            control = await client.control(world.session(), "https://gone.example/", [])
            assert control.dns is not None
            assert (control.dns.failure, control.dns.rcode, control.tcp) == ("dns_name_error", "NXDOMAIN", ())
            assert control.dns.soa is not None
            assert control.hops[0].failure == "dns_nxdomain_error"
            world.zone.names["empty.example"] = []
            control = await client.control(world.session(), "https://empty.example/", [])
            assert control.dns is not None
            assert (control.dns.failure, control.dns.rcode, control.dns.addresses) == (None, "NOERROR", ())
            asked = len(world.zone.asked)
            control = await client.control(world.session(), f"http://{SITE}:{world.site.http}/", [])
            assert control.hops[0].status == 200
            assert len(world.zone.asked) == asked
            await client.aclose()

    run(main)


def test_many_at_once_share_connections_and_a_key(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            client = world.client()
            url = f"https://site.example:{world.site.https}/"
            controls = await asyncio.gather(*(client.control(world.session(), url, []) for _ in range(40)))
            key = client.current_key
            assert [one.failure for one in controls] == [None] * 40
            assert key is not None
            assert key.client == "127.0.0.1"
            assert await client.echo_key(world.session()) == key
            await client.aclose()

    run(main)


def test_a_key_can_be_had_alone(files: Files) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            client = world.client()
            assert client.current_key is None
            assert await client.echo_key(world.session()) is not None
            assert world.zone.asked == []
            await client.aclose()

    run(main)


def test_a_site_that_never_answers(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with small_world(files) as world:
            world.site.slow_s = 5.0
            monkeypatch.setattr(fetch, "FETCH_S", 0.2)
            client = world.client()
            control = await client.control(world.session(), f"http://site.example:{world.site.http}/", [])
            await client.aclose()
            assert control.tcp[0].ok
            assert control.hops[0].failure == "generic_timeout_error"
            assert control.t_s < 2.0

    run(main)
