"""Every combination of evidence about a page in cleartext: what may be called a block page, and what may not."""

import itertools
from collections import Counter
from typing import Any

from blockprobe.model.failure import Failure
from blockprobe.model.line import SharedBody
from blockprobe.model.observation import HttpObservation, Observation, PathReply, Place, Test
from blockprobe.verdict.facts import HttpFact
from blockprobe.verdict.http_facts import http_finding
from tests.verdict import build as b

PAGES: dict[str, dict[str, Any]] = {
    "the site's": {"body": b.PAGE},
    "another": {"body": b.OTHER},
    "notice": {"body": b.NOTICE},
    "empty": {"body": ""},
    "to own https": {"body": "", "status": 301, "location": b.URL},
    "elsewhere": {"body": "", "status": 302, "location": "https://shop.example/"},
    "to a known notice": {"body": "", "status": 302, "location": "https://notice.isp.example/order/12"},
    "451": {"body": b.OTHER, "status": 451},
    "403": {"body": b.OTHER, "status": 403},
    "503": {"body": b.OTHER, "status": 503},
    "broken off": {"body": b.OTHER, "failure": Failure.EOF_ERROR},
    "silence": {"body": "", "status": None, "failure": b.TIMEOUT},
    "reset": {"body": "", "status": None, "failure": b.RESET},
}
CONTROLS = ("another", "alike", "failed", "no helper", "disputed")
TWINS = ("no https", "alike", "another")
ECHOES = ("not asked", "forged", "forged, random names only", "turned away", "honest", "cut", "cut without neutral")
SHARED = ("alone", "the same for two", "the same for two on one network")
SERVED_BY = {SHARED[1]: "198.51.77.5", SHARED[2]: b.NEAR}
ON_PATH = ("not tested", "answered near", "answered where the server stands")
PORTALS = (False, True)
NOTICES = ("notice", "to a known notice")


def observed(kind: str) -> HttpObservation:
    return b.get(**PAGES[kind])


def control(kind: str, page: str) -> list[Any]:
    url = b.CLEAR_URL
    like = PAGES[page]
    same = {"body": like["body"], "status": like["status"] or 200 if "status" in like else 200,
            "location": like.get("location")}  # fmt: skip
    normal = {"body": b.PAGE if page != "the site's" else b.NOTICE}
    match kind:
        case "alike":
            return [b.helper(b.SITE, url=url, **same)]
        case "another":
            return [b.helper(b.SITE, url=url, **normal)]
        case "failed":
            return [b.helper(b.SITE, url=url, body=None)]
        case "disputed":
            return [b.helper(b.SITE, url=url, **normal), b.helper(b.SITE, url=url, name="h2", **same)]
        case _:
            return []


def echo(kind: str) -> list[Observation]:
    common: dict[str, Any] = {"place": Place.ECHO, "test": Test.SQUARE, "address": b.ECHO}
    if kind == "not asked":
        return []
    first = b.get(listed=False, authentic=True, t=10.0, **common)
    last = b.get(listed=False, authentic=True, t=20.0, host=b.NEUTRAL, **common)
    if "cut" in kind:
        lost = [b.get("", None, failure=b.RESET, t=11.0 + n, **common) for n in range(2)]
        return [first, *lost, last] if kind == "cut" else lost
    if kind == "forged, random names only":
        last = b.get(listed=False, authentic=True, t=20.0, **common)
    status = 429 if kind == "turned away" else 200
    listed = [b.get(b.NOTICE, status, authentic=kind == "honest", t=11.0 + n, **common) for n in range(2)]
    return [first, *listed, last]


def on_path(kind: str) -> list[Observation]:
    if kind == "not tested":
        return []
    connected = (PathReply.CONNECTED,) * 3
    theirs = b.EXPIRED if kind == "answered near" else b.NO_REPLY
    return [
        b.trace(b.SITE, b.EXPIRED, connected, port=80, carrying="http_request"),
        b.trace(b.SITE, b.EXPIRED, theirs, port=80, carrying="http_request", listed=False),
    ]


def shared(kind: str, page: HttpObservation) -> list[SharedBody]:
    if kind == "alone" or page.body_sha256 is None:
        return []
    return [
        SharedBody(host=host, body_sha256=page.body_sha256, control_sha256=f"sha-{host}", served_by=address)
        for host, address in ((b.HOST, b.SITE), ("other.example", SERVED_BY[kind]))
    ]


def is_the_sites(case: tuple[Any, ...]) -> bool:
    page, helper, twin, *_ = case
    if PAGES[page].get("status", 200) is None:
        return False
    normal = helper in ("alike", "disputed")
    return normal or (twin == "alike" and page not in ("silence", "reset"))


def test_every_combination_of_evidence_about_a_page(capsys: Any) -> None:
    looked: Counter[HttpFact] = Counter()
    left_out = Counter[str]()
    for case in itertools.product(PAGES, CONTROLS, TWINS, ECHOES, SHARED, ON_PATH, PORTALS):
        page, helper, twin, at_echo, crowd, path, portal = case
        silent = page in ("silence", "reset")
        if silent and (helper in ("alike", "disputed") or twin == "alike" or crowd != "alone"):
            left_out["no page is like no page"] += 1
            continue
        if "cut" in at_echo and not silent:
            left_out["the echo is cut off where the origin is"] += 1
            continue
        seen_page = observed(page)
        found: list[Observation] = [*b.resolves(), b.connect(port=80)]
        found += b.nothing_came(seen_page.failure) if silent and seen_page.failure else [seen_page]
        if twin != "no https":
            body = PAGES[page] if twin == "alike" else {"body": b.NOTICE if page == "the site's" else b.PAGE}
            found.append(b.shake(test=Test.PROOF))
            found.append(b.get(tls=True, test=Test.PROOF, **{k: v for k, v in body.items() if k != "failure"}))
        found += [*echo(at_echo), *on_path(path)]
        line = b.line(portal=portal, bodies=shared(crowd, seen_page))
        view, leg = b.seen(found, url=b.CLEAR_URL, control=control(helper, page), on=line)
        fact = HttpFact(http_finding(view, leg).fact)
        looked[fact] += 1
        check(case, fact)
    with capsys.disabled():
        print(f"\n  http: {sum(looked.values())} combinations of evidence, left out {dict(left_out)}")
    by_hand = {HttpFact.NOT_TRIED, HttpFact.NAME_PARTIAL, HttpFact.ADDRESS_AND_NAME_PROVEN, HttpFact.SERVER_ERROR}
    assert set(looked) == set(HttpFact) - by_hand


def check(case: tuple[Any, ...], fact: HttpFact) -> None:
    page, _, _, at_echo, crowd, path, portal = case
    if is_the_sites(case):
        assert fact in (HttpFact.REAL, HttpFact.REFUSED, HttpFact.REDIRECT, HttpFact.SAME_FAILURE), (case, fact)
    if fact in (HttpFact.REAL, HttpFact.REFUSED):
        assert is_the_sites(case), (case, fact)
    if fact is HttpFact.PAGE_ARTEFACT:
        assert page in NOTICES, case
        assert not is_the_sites(case), case
    if fact is HttpFact.PAGE_PROVEN:
        ordinary = page in ("another", "notice", "the site's") and not portal and crowd == "the same for two"
        ordinary = ordinary and at_echo != "honest"
        assert at_echo == "forged" or path == "answered near" or ordinary, case
    if fact is HttpFact.NAME_PROVEN:
        assert at_echo == "cut", case
        assert page in ("silence", "reset"), case
