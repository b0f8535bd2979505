"""What a record loses before it is published: whatever tells where the probe stands or who pays for its line.

Addresses in every form (`scrub`), headers that networks add to tell sites their customer, and the values in redirects'
queries, where portals and block pages carry tokens. Names of parameters stay: they show what is passed on.
"""

import dataclasses
import re
from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from blockprobe.export.scrub import SCRUBBED, Scrubber, map_strings, seen_addresses
from blockprobe.model.observation import HttpObservation
from blockprobe.model.record import Record

#: Headers in which carriers and proxies tell a site who its visitor is.
ENRICHMENT = frozenset(
    {
        "client-ip",
        "cf-connecting-ip",
        "forwarded",
        "forwarded-for",
        "msisdn",
        "tm-user-id",
        "true-client-ip",
        "x-acr",
        "x-amobee-1",
        "x-amobee-2",
        "x-bluecoat-via",
        "x-client-ip",
        "x-client-msisdn",
        "x-cluster-client-ip",
        "x-fh-msisdn",
        "x-forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-h3g-msisdn",
        "x-hts-clid",
        "x-huawei-userid",
        "x-imei",
        "x-imsi",
        "x-jphone-uid",
        "x-mobile-number",
        "x-msisdn",
        "x-msp-clid",
        "x-msp-msisdn",
        "x-network-info",
        "x-nokia-msisdn",
        "x-nx-clid",
        "x-orange-id",
        "x-original-forwarded-for",
        "x-piper-id",
        "x-real-ip",
        "x-subscriber-id",
        "x-uidh",
        "x-up-calling-line-id",
        "x-up-lsid",
        "x-up-subno",
        "x-vf-acr",
        "x-vodafone-msisdn",
        "x-wap-clientid",
        "x-wap-clid",
        "x-wap-msisdn",
        "x-wte-msisdn",
        "xid-msisdn",
    }
)
_IN_TEXT = re.compile(
    r"(?i)(?<![\w-])(?P<name>" + "|".join(sorted(map(re.escape, ENRICHMENT), key=len, reverse=True)) + r")"
    r"(?P<between>[\"']?\s{0,8}[:=]\s{0,8}[\"']?|[\"']\s{0,8},\s{0,8}[\"'])(?P<value>[^\s\"'<>&][^\r\n\"'<>&]{0,512})"
)
_T = TypeVar("_T")


def for_publication(record: Record, own: Iterable[str]) -> Record:
    """The record without the addresses `own`, those an echo saw, enrichment headers and values of redirects' queries.

    Hashes and lengths still describe what was received; so the sealed original can be told to belong to it.
    """
    urls = _redirects(record)
    pattern = re.compile("|".join(map(re.escape, sorted(urls, key=len, reverse=True)))) if urls else None
    scrub = Scrubber((*own, *seen_addresses(record)))

    def change(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(lambda found: urls[found.group()], text)
        return scrub(_IN_TEXT.sub(_without_value, text))

    return map_strings(_without_headers(record), change)


def without_query_values(url: str) -> str:
    """The URL with every value of its query replaced; a part without `=` is a value, too."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0] + (f"?{SCRUBBED}" if "?" in url else "")
    if not parts.query:
        return url
    query = "&".join(
        f"{one.partition('=')[0]}={SCRUBBED}" if "=" in one else SCRUBBED for one in parts.query.split("&")
    )
    return urlunsplit(parts._replace(query=query, fragment=SCRUBBED if parts.fragment else ""))


def _redirects(record: Record) -> dict[str, str]:
    """The URLs that somebody sent us to, and what is published in their place. What the operator typed stays."""
    found = set()
    for one in record.observations:
        if isinstance(one, HttpObservation):
            found |= {one.url, one.location or ""}
            found |= {
                value for name, value in one.headers if name.lower() in ("location", "refresh", "content-location")
            }
    typed = {record.target.url, record.target.input}
    changed = {url: without_query_values(url) for url in found - typed if "?" in url}
    queries = {_query(url): _query(new) for url, new in changed.items()}
    return {old: new for old, new in (*changed.items(), *queries.items()) if len(old) > 3 and old != new}


def _query(url: str) -> str:
    """The query alone: pages repeat it with another host before it."""
    return url.partition("?")[2]


def _without_value(found: re.Match[str]) -> str:
    return f"{found['name']}{found['between']}{SCRUBBED}"


def _without_headers(record: Record) -> Record:
    def clean(one: _T) -> _T:
        if not isinstance(one, HttpObservation):
            return one
        headers = tuple((n, SCRUBBED if n.lower().replace("_", "-") in ENRICHMENT else v) for n, v in one.headers)
        return dataclasses.replace(one, headers=headers)

    return dataclasses.replace(record, observations=tuple(clean(one) for one in record.observations))
