"""The stories told by the scenarios, checked with plain sockets. What the checker makes of them is tested elsewhere."""

import tomllib
from collections import Counter
from urllib.parse import urlsplit

import pytest
from lab_client import all_answers, ask, fetch, hops

from blockprobe.lab import addresses as at
from blockprobe.lab import scenarios
from blockprobe.lab.demo_world import DEMO
from blockprobe.lab.sites import place
from blockprobe.model.words import State

EVERY = (DEMO, *scenarios.every())
RESOLVER = at.RESOLVERS[0]


def test_names_are_unique():
    assert [name for name, count in Counter(s.name for s in EVERY).items() if count > 1] == []


def test_there_is_an_expectation_for_every_world():
    for scenario in EVERY:
        assert scenario.story, scenario.name
        assert scenario.targets, scenario.name
        for expected in scenario.targets:
            assert urlsplit(expected.target).hostname or "." in expected.target
            if expected.state is State.BLOCKED:
                assert expected.mechanisms or expected.maybe, scenario.name


def test_the_demo_shows_every_way():
    assert len(DEMO.targets) >= 18
    assert len({m for t in DEMO.targets for m in t.mechanisms}) >= 14


def test_all_cases_of_the_peers_suite_are_there():
    assert len(scenarios.family("ooni")) == 32


def test_every_scenario_loads_and_has_settings(lab):
    for scenario in EVERY:
        lab.load(scenario)
        settings = tomllib.loads(lab.settings_toml())
        assert settings["resolvers"]["isp"], scenario.name
        assert settings["addresses"]["public"]


# What a plain client meets: (how to ask, what it sees), for each target of the demonstration.
DEMO_FACTS = {
    "news.example": lambda lab: fetch(lab, "news.example", place(10)[0])[0] == "200",
    "nxdomain.example": lambda lab: ask(RESOLVER, "nxdomain.example")[0] == "NXDOMAIN",
    "refused.example": lambda lab: ask(RESOLVER, "refused.example")[2].options[0].to_text().startswith("EDE 16"),
    "garden.example": lambda lab: ask(RESOLVER, "garden.example")[1] == [at.BLOCK_PAGE],
    "bogon.example": lambda lab: ask(RESOLVER, "bogon.example")[1] == ["10.10.34.34"],
    "injected.example": lambda lab: len(all_answers(RESOLVER, "injected.example")) == 2,
    "blackhole.example": lambda lab: hops(place(16)[0], most=3) == ["198.51.100.1", "timeout", "timeout"],
    "rst-syn.example": lambda lab: fetch(lab, "x", place(17)[1])[0] == "connect refused",
    "sni-reset.example": lambda lab: fetch(lab, "sni-reset.example", place(18)[0])[0] == "tls reset",
    "sni-silence.example": lambda lab: fetch(lab, "sni-silence.example", place(19)[0], timeout=1.0)[0] == "tls timeout",
    "forged.example": lambda lab: fetch(lab, "forged.example", place(20)[0])[0] == "tls cert 20",
    "http://host-reset.example/": lambda lab: _http(lab, "host-reset.example", 21)[0] == "http reset",
    "http://blockpage.example/": lambda lab: b"has been blocked" in _http(lab, "blockpage.example", 22)[1],
    "http://redirected.example/": lambda lab: b"notice.isp.example" in _http(lab, "redirected.example", 23)[1],
    "http://legal-451.example/": lambda lab: _http(lab, "legal-451.example", 24)[0] == "451",
    "dead.example": lambda lab: fetch(lab, "x", place(25)[0], timeout=0.3)[0] == "connect timeout",
    "not-for-you.example": lambda lab: fetch(lab, "not-for-you.example", place(26)[0])[0] == "403",
    "cdn.example": lambda lab: (
        ask(RESOLVER, "cdn.example")[1] == [place(30)[0]] and fetch(lab, "cdn.example", place(31)[0])[0] == "200"
    ),
}


def _http(lab, name, number):
    return fetch(lab, name, place(number)[0], tls=False)


def test_every_target_of_the_demo_has_a_fact():
    assert [target.target for target in DEMO.targets] == list(DEMO_FACTS)


def test_the_demo_is_as_told(lab):
    lab.load(DEMO)
    assert [target for target, fact in DEMO_FACTS.items() if not fact(lab)] == []


LISTED, EXAMPLE = "listed.example", "198.18.216.34"
FACTS = [
    ("portal-http", lambda lab: _http(lab, "fine.example", 10)[0], "302"),
    ("portal-everything", lambda lab: fetch(lab, "fine.example", place(10)[0])[0], "tls cert 20"),
    ("origin-drops-us", lambda lab: fetch(lab, "x", place(10)[0], timeout=0.3)[0], "connect timeout"),
    ("origin-refuses-us", lambda lab: fetch(lab, "x", place(10)[0])[0], "connect refused"),
    ("captcha", lambda lab: fetch(lab, "captcha.example", place(10)[0])[0], "503"),
    ("stale-nxdomain", lambda lab: ask(RESOLVER, "new.example")[2].authority[0].name.to_text(), "example."),
    ("dead-ipv6", lambda lab: fetch(lab, "fine.example", place(10)[1], timeout=0.2)[0], "connect timeout"),
    ("mtu-black-hole", lambda lab: fetch(lab, "narrow.example", place(10)[0], timeout=1.0)[0], "tls timeout"),
    ("incomplete-chain", lambda lab: fetch(lab, "forgetful.example", place(10)[0])[0], "tls cert 20"),
    ("intercepting-router", lambda lab: ask(at.SILENT[0], "fine.example")[1], [place(10)[0]]),
    ("whole-24", lambda lab: fetch(lab, "x", "100.80.40.77", timeout=0.2)[0], "connect timeout"),
    ("public-resolver-lies", lambda lab: ask(at.PUBLIC_RESOLVER, LISTED)[0], "NXDOMAIN"),
    ("one-of-three", lambda lab: [ask(r, LISTED)[0] for r in at.RESOLVERS], ["NOERROR", "NXDOMAIN", "NOERROR"]),
    ("address-and-name", lambda lab: fetch(lab, "both.example", place(10)[0])[0], "tls reset"),
    ("blocked-and-dead-sni", lambda lab: fetch(lab, "ghost.example", place(10)[0])[0], "tls reset"),
    ("other-port", lambda lab: fetch(lab, LISTED, place(10)[0], port=8443)[0], "tls reset"),
    ("see-other", lambda lab: fetch(lab, LISTED, place(10)[0])[0], "303"),
    ("cname-denied", lambda lab: ask(at.PUBLIC_RESOLVER, "www.listed.example")[1], [place(10)[0]]),
    ("resolver-loop", lambda lab: ask(RESOLVER, "n1.example")[0], "NOERROR"),
    ("badSSLWithWrongServerName", lambda lab: fetch(lab, "wrong.host.badssl.com", "198.19.89.105")[0], "tls cert 62"),
    ("cloudflareCAPTCHAWithHTTP", lambda lab: _at(lab, "www.cloudflare-cache.com", "100.92.132.229"), "503"),
    ("dnsBlockingNXDOMAIN", lambda lab: ask(RESOLVER, "www.example.com")[0], "NXDOMAIN"),
    ("dnsHijackingToLocalhostWithHTTP", lambda lab: _first("www.example.com"), "127.0.0.1"),
    ("dnsHijackingToProxyWithHTTPSURL", lambda lab: fetch(lab, "www.example.com", at.PROXY)[0], "200"),
    ("ghostDNSBlockingWithHTTPS", lambda lab: _first("itsat.info"), "198.19.65.41"),
    ("ghostDNSBlockingWithHTTPS", lambda lab: fetch(lab, "itsat.info", "198.19.65.41")[0], "connect refused"),
    ("httpBlockingConnectionReset", lambda lab: _at(lab, "www.example.com", EXAMPLE), "http reset"),
    ("idnaWithoutCensorshipLowercase", lambda lab: _at(lab, "xn--d1acpjx3f.xn--p1ai", "100.90.255.80"), "308"),
    ("largeFileWithHTTPS", lambda lab: fetch(lab, "largefile.com", "100.91.36.75", timeout=10.0)[0], "200"),
    ("localhostWithHTTP", lambda lab: ask(at.PUBLIC_RESOLVER, "www.example.com")[1], ["127.0.0.1"]),
    ("redirectWithBrokenLocationForHTTPS", lambda lab: _location(lab, "/broken-redirect-https"), b"https://"),
    (
        "redirectWithConsistentDNSAndThenTimeoutForHTTPS",
        lambda lab: fetch(lab, "www.example.com", EXAMPLE, timeout=1.0)[0],
        "tls timeout",
    ),
    (
        "redirectWithConsistentDNSAndThenEOFForHTTP",
        lambda lab: _at(lab, "www.example.com", EXAMPLE),
        "http eof",
    ),
    (
        "redirectWithConsistentDNSAndThenConnectionRefusedForHTTPS",
        lambda lab: fetch(lab, "www.example.com", EXAMPLE)[0],
        "connect refused",
    ),
    ("redirectWithConsistentDNSAndThenNXDOMAIN", lambda lab: all_answers(RESOLVER, "www.example.com")[0].rcode(), 3),
    ("redirectWithMoreThanTenRedirectsAndHTTP", lambda lab: _location(lab, "/redirect/15"), b"/redirect/14"),
    ("websiteDownNXDOMAIN", lambda lab: ask(at.PUBLIC_RESOLVER, "www.example.xyz")[0], "NXDOMAIN"),
    (
        "websiteDownTCPConnect",
        lambda lab: fetch(lab, "www.example.com", EXAMPLE, tls=False, port=444)[0],
        "connect refused",
    ),
]


def _at(lab, name, address):
    return fetch(lab, name, address, tls=False)[0]


def _first(name):
    return all_answers(at.PUBLIC_RESOLVER, name)[0].answer[0][0].to_text()


def _location(lab, path):
    head = fetch(lab, "httpbin.com", "100.93.144.64", path=path)[1].partition(b"\r\n\r\n")[0]
    return next(line for line in head.split(b"\r\n") if line.startswith(b"Location:"))[10:].strip()


@pytest.mark.parametrize(("name", "fact", "seen"), FACTS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_story_is_true(lab, name, fact, seen):
    lab.load(scenarios.named(name))
    assert fact(lab) == seen
