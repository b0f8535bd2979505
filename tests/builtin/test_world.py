import base64
import socket
import ssl
import time
from http.client import HTTPResponse

import dns.message
import dns.query  # noqa: TID251 - a second opinion beside our own client
import pytest
from lab_client import ask, fetch

from blockprobe.lab import addresses as at
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import Cert, Door, Page, Redirect, Site, Trouble, place, says, site
from blockprobe.lab.zones import Name

CERTIFICATES = {
    Cert.VALID: "200",
    Cert.EXPIRED: "tls cert 10",
    Cert.WRONG_NAME: "tls cert 62",
    Cert.UNTRUSTED: "tls cert 20",
    Cert.INCOMPLETE: "tls cert 20",
}
DOORS = {
    Door.CLOSED: "connect refused",
    Door.SILENT: "connect timeout",
    Door.GARBAGE: "tls wrong_version_number",
    Door.RESET: "tls reset",
    Door.EOF: "tls eof",
    Door.HANG: "tls timeout",
    Door.TLS_ONLY: "http eof",
}


def _url(lab, name, number, **more):
    return fetch(lab, name, place(number)[0], **more)[0]


def test_certificates(lab):
    sites = tuple(site(f"{kind}.example".replace("_", "-"), 10 + n, cert=kind) for n, kind in enumerate(CERTIFICATES))
    lab.load(Scenario(name="certificates", story="", sites=sites))
    seen = {kind: _url(lab, s.names[0], 10 + n) for n, (kind, s) in enumerate(zip(CERTIFICATES, sites, strict=True))}
    assert seen == CERTIFICATES


def test_doors(lab):
    sites = tuple(site(f"d{n}.example", 10 + n, https=door) for n, door in enumerate(DOORS))
    lab.load(Scenario(name="doors", story="", sites=sites))
    seen = {door: _url(lab, f"d{n}.example", 10 + n, timeout=1.0) for n, door in enumerate(DOORS)}
    assert seen == DOORS
    assert all(_url(lab, f"d{n}.example", 10 + n, tls=False) == "200" for n in range(len(DOORS)))


def test_an_unknown_name_gets_an_alert_or_the_default_certificate(lab):
    lab.load(Scenario(name="sni", story="", sites=(site("a.example", 10, strict_sni=True), site("b.example", 11))))
    assert _url(lab, "x.example", 10) == "tls tlsv1_unrecognized_name"
    assert _url(lab, "x.example", 11) == "tls cert 62"


def test_troubles(lab):
    sites = tuple(site(f"t{n}.example", 10 + n, says(trouble)) for n, trouble in enumerate(Trouble))
    lab.load(Scenario(name="troubles", story="", sites=sites))
    # Over TLS, ssl.SSLSocket.recv shows a RST as an end of file.
    seen = {t: fetch(lab, f"t{n}.example", place(10 + n)[0], tls=False, timeout=1.5) for n, t in enumerate(Trouble)}
    assert {t: seen[t][0] for t in (Trouble.CLOSE, Trouble.RESET, Trouble.HANG)} == {
        Trouble.CLOSE: "http eof",
        Trouble.RESET: "http reset",
        Trouble.HANG: "http timeout",
    }
    assert all(len(seen[t][1]) >= 1_000_000 for t in (Trouble.ENDLESS, Trouble.HUGE_HEADERS))
    assert b"Content-Encoding: gzip" in seen[Trouble.GZIP_BOMB][1]
    assert len(seen[Trouble.CUT_SHORT][1]) < 3000


def test_a_reader_of_an_endless_page_who_hangs_up_holds_nobody_else_up(lab):
    sites = (site("endless.example", 10, says(Trouble.ENDLESS)), site("other.example", 11))
    lab.load(Scenario(name="endless", story="", sites=sites))
    for tls in (True, False):
        assert len(fetch(lab, "endless.example", place(10)[0], tls=tls)[1]) >= 1_000_000
        time.sleep(0.3)  # the page's end is noticed now, or never
        assert _url(lab, "other.example", 11) == "200"


def test_replies_by_path_client_and_scheme(lab):
    own = says(Page(status=403), client="probe", path="/wall")
    there = says(Redirect(location="/there", status=303), path="/away", scheme="https")
    lab.load(
        Scenario(
            name="replies",
            story="",
            sites=(site("a.example", 10, own, there, says(Redirect(countdown=True), path="/n/*"), says(Page())),),
        )
    )
    assert _url(lab, "a.example", 10, path="/wall") == "403"
    assert b"Location: /there" in fetch(lab, "a.example", place(10)[0], path="/away")[1]
    assert _url(lab, "a.example", 10, path="/away", tls=False) == "200"
    assert b"Location: /n/1" in fetch(lab, "a.example", place(10)[0], path="/n/2")[1]
    assert _url(lab, "other.example", 10, tls=False) == "404"


def test_truth_in_dns(lab):
    names = (
        Name(name="geo.example", addresses=("100.80.1.1",), view="isp"),
        Name(name="geo.example", addresses=("100.81.1.1",), view="outside"),
        Name(name="alias.example", cname="a.example"),
        Name(name="bogus.example", addresses=("100.80.1.2",), bogus=True),
        Name(name="big.example", size=60_000),
    )
    lab.load(Scenario(name="dns", story="", sites=(site("a.example", 10),), names=names))
    for resolver in (at.RESOLVERS[0], at.RESOLVER_V6, at.PUBLIC_RESOLVER, at.PUBLIC_RESOLVER_V6):
        for tcp in (False, True):
            assert ask(resolver, "a.example", tcp=tcp)[:2] == ("NOERROR", [place(10)[0]])
            assert ask(resolver, "a.example", "AAAA", tcp=tcp)[:2] == ("NOERROR", [place(10)[1]])
    assert ask(at.RESOLVERS[0], "geo.example")[1] == ["100.80.1.1"]
    assert ask(at.RESOLVERS[0], "alias.example")[1] == [place(10)[0]]
    rcode, _, message = ask(at.RESOLVERS[0], "gone.example")
    assert (rcode, message.authority[0].to_text().split()[3]) == ("NXDOMAIN", "SOA")
    assert ask(at.RESOLVERS[0], "gone.com")[0] == "NXDOMAIN"
    assert ask(at.RESOLVERS[0], "example", "SOA")[0] == "NOERROR"
    assert ask(at.RESOLVERS[0], "bogus.example")[0] == "SERVFAIL"
    assert ask(at.RESOLVERS[0], "bogus.example", cd=True)[1] == ["100.80.1.2"]
    assert ask(at.PUBLIC_RESOLVER, "big.example", "TXT")[2].flags & dns.flags.TC
    assert len(ask(at.PUBLIC_RESOLVER, "big.example", "TXT", tcp=True)[2].to_wire()) > 60_000


def test_encrypted_dns(lab):
    lab.load(Scenario(name="doh", story="", sites=(site("a.example", 10),)))
    query = dns.message.make_query("a.example", "A")
    context = ssl.create_default_context(cafile=str(lab.directory / "ca.pem"))
    answer = dns.query.tls(  # noqa: TID251
        query, at.PUBLIC_RESOLVER, timeout=2, ssl_context=context, server_hostname=at.PUBLIC_RESOLVER_NAME
    )
    assert answer.answer[0][0].to_text() == place(10)[0]
    text = base64.urlsafe_b64encode(query.to_wire()).rstrip(b"=").decode()
    tcp = socket.create_connection((at.PUBLIC_RESOLVER, 443), 5)
    with context.wrap_socket(tcp, server_hostname=at.PUBLIC_RESOLVER_NAME) as stream:
        stream.sendall(f"GET /dns-query?dns={text} HTTP/1.1\r\nHost: {at.PUBLIC_RESOLVER_NAME}\r\n\r\n".encode())
        over_http = HTTPResponse(stream)
        over_http.begin()
        assert over_http.status == 200
        assert dns.message.from_wire(over_http.read()).answer[0][0].to_text() == place(10)[0]


@pytest.mark.parametrize(
    ("say", "rcode"),
    [
        (Say.NXDOMAIN, "NXDOMAIN"),
        (Say.NODATA, "NOERROR"),
        (Say.REFUSED, "REFUSED"),
        (Say.SERVFAIL, "SERVFAIL"),
        (Say.FORMERR, "FORMERR"),
        (Say.DROP, "silence"),
    ],
)
def test_lies(lab, say, rcode):
    lie = Lie(names=("a.example",), say=say, ede=(16, "court order"), resolvers=(at.RESOLVERS[1],))
    lab.load(Scenario(name="lies", story="", sites=(site("a.example", 10),), lies=(lie,)))
    patience = 0.2 if say is Say.DROP else 1.0
    for name in ("a.example", "www.a.example"):
        assert ask(at.RESOLVERS[1], name, timeout=patience)[:2] == (rcode, [])
    assert ask(at.RESOLVERS[0], "a.example")[1] == [place(10)[0]]
    message = ask(at.RESOLVERS[1], "a.example", timeout=patience)[2]
    assert (message is None) == (say is Say.DROP)
    assert message is None or message.options[0].to_text().startswith("EDE 16")


def test_lies_by_chance_and_with_addresses(lab):
    sometimes = Lie(names=("a.example",), say=Say.ADDRESSES, answers=(at.BLOCK_PAGE,), probability=0.4)
    lab.load(Scenario(name="chance", story="", sites=(site("a.example", 10),), lies=(sometimes,)))
    told = [ask(at.RESOLVERS[0], "a.example")[1] for _ in range(100)]
    assert 25 <= told.count([at.BLOCK_PAGE]) <= 55
    assert ask(at.RESOLVERS[0], "a.example", "AAAA")[1] in ([], [place(10)[1]])


def test_nat64_on_an_ipv6_only_line(lab):
    only_v4 = Site(names=("v4.example",), v4=(place(10)[0],))
    lab.load(Scenario(name="nat64", story="", sites=(only_v4,), dns64=True, families=(6,)))
    (address,) = ask(at.RESOLVER_V6, "v4.example", "AAAA")[1]
    assert address.startswith("64:ff9b::")
    assert fetch(lab, "v4.example", address)[0] == "200"
    assert fetch(lab, "v4.example", place(10)[0])[0] == "connect net unreachable"
    assert len(ask(at.RESOLVER_V6, "ipv4only.arpa", "AAAA")[1]) == 2


def test_the_isps_own_machines(lab):
    lab.load(Scenario(name="isp", story="", sites=(site("a.example", 10),)))
    assert b"has been blocked" in fetch(lab, "a.example", at.BLOCK_PAGE, tls=False)[1]
    assert fetch(lab, "notice.isp.example", at.BLOCK_PAGE)[0] == "200"
    assert fetch(lab, "a.example", at.BLOCK_PAGE)[0] == "tls cert 62"
    assert fetch(lab, "a.example", at.PAGE_451, tls=False)[0] == "451"
    assert fetch(lab, "a.example", at.PORTAL, tls=False)[0] == "302"
    assert fetch(lab, "a.example", at.MITM)[0] == "tls cert 20"
    assert fetch(lab, "a.example", at.PROXY)[0] == "200"
    assert fetch(lab, "a.example", at.PROXY, tls=False)[0] == "200"
