"""What the live tests read of a page besides its features: addresses, forms, dates, numbers of advertisers. Pure.

No parser: a few expressions that take time linear in the page, each match bounded, over at most 64 KiB. What a hostile
page hides from them is not found; nothing that they find proves anything about who runs the page by itself.
"""

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import urljoin, urlsplit

from blockprobe.mirrors.page import MAX_PAGE_BYTES, as_utf8

MAX_TAGS = 4000
_TAG = re.compile(r"<(a|area|form|input|script|meta|link|iframe|img)(?=[\s/])([^<>]{0,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"(?<![\w-])([a-zA-Z][a-zA-Z-]{0,20})\s{0,4}=\s{0,4}"
    r"(\"[^\"]{0,2000}\"|'[^']{0,2000}'|[^\s\"'>]{1,2000})"
)
_END_OF_FORM = re.compile(r"</form", re.IGNORECASE)
_TIME = re.compile(
    r"(?<!\d)(20\d\d)-([01]\d)-([0-3]\d)[T ]([0-2]\d):([0-5]\d)(?::([0-5]\d))?(?:\.\d{1,9})?(Z|[+-][01]\d:?[0-5]\d)?"
)
_STAMP = re.compile(r"data-(?:time|timestamp|date|ts|epoch)=[\"']?(1[5-9]\d{8}|2\d{9})(?!\d)")
_IDS = re.compile(r"(?<![\w-])(ca-pub-\d{10,20}|UA-\d{4,10}-\d{1,3}|G-[A-Z0-9]{8,12}|GTM-[A-Z0-9]{5,8})(?![\w-])")
_WRITTEN = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_REFRESH = re.compile(r"url\s{0,4}=\s{0,4}['\"]?([^'\"\s>]{1,2000})", re.IGNORECASE)
_SEARCH_FIELDS = ("q", "s", "search", "query", "keyword", "keywords", "k", "term", "text", "find")
_MINERS = re.compile(r"coinhive|coin-hive|cryptoloot|crypto-loot|coinimp|webminepool|minero\.cc|CoinHive\.Anonymous")
_OBFUSCATED = re.compile(r"eval\(function\(p,a,c,k,e|eval\((?:atob|unescape)\(|_0x[0-9a-f]{4,6}\b")
_FORCED = re.compile(
    r"(?:location(?:\.href)?\s{0,4}=|url=)\s{0,4}['\"]?[^'\"\s<>]{1,300}\.(?:exe|msi|apk|dmg|scr|zip)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one page has. Addresses are absolute, as a browser at `base` would take them.

    `links`: where a visitor can go from here (a, area); `scripts`: hosts of scripts; `assets`: styles, scripts
    and images; `refresh`: where the page sends its visitors.
    """

    base: str
    text: str
    links: tuple[str, ...] = ()
    vouched: tuple[str, ...] = ()
    """Those of `links` that are not marked nofollow, ugc or sponsored."""
    written: frozenset[str] = frozenset()
    """Links and forms that the page writes out with their host."""
    scripts: frozenset[str] = frozenset()
    assets: tuple[str, ...] = ()
    refresh: str = ""
    search: tuple[str, str] | None = None
    """Address and field of the first search form with method GET."""
    times: tuple[datetime, ...] = ()
    """Distinct dates with a time of day, the newest first."""
    ids: frozenset[str] = frozenset()
    threats: frozenset[str] = frozenset()


def scan(raw: bytes, base: str) -> Scan:
    """Read the first 64 KiB of a page that came from `base`."""
    text = as_utf8(raw[:MAX_PAGE_BYTES]).decode("utf-8", "replace")
    tags = [(one[1].lower(), _attributes(one[2]), one.start()) for one in islice(_TAG.finditer(text), MAX_TAGS)]
    anchors = [
        (_absolute(base, at["href"]), at.get("rel", ""))
        for name, at, _ in tags
        if name in ("a", "area") and "href" in at
    ]
    sources = [_absolute(base, at["src"]) for name, at, _ in tags if name == "script" and "src" in at]
    return Scan(
        base=base,
        text=text,
        links=tuple(link for link, _ in anchors),
        vouched=tuple(link for link, rel in anchors if not re.search(r"nofollow|ugc|sponsored", rel.lower())),
        written=_written(base, tags),
        scripts=frozenset(host for source in sources if (host := host_of(source))),
        assets=_assets(base, tags),
        refresh=_refresh(base, tags),
        search=_search_form(base, text, tags),
        times=_times(text),
        ids=frozenset(_IDS.findall(text)),
        threats=_threats(text),
    )


def host_of(url: str) -> str:
    """The host of an address in lower case; empty for what has none."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in _ATTRIBUTE.finditer(text):
        found.setdefault(one[1].lower(), html.unescape(one[2].strip("\"'")).strip())
    return found


def _absolute(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return ""


_Tag = tuple[str, dict[str, str], int]


def _written(base: str, tags: list[_Tag]) -> frozenset[str]:
    asked = {"a": "href", "area": "href", "form": "action"}
    given = (at.get(asked[name], "") for name, at, _ in tags if name in asked)
    return frozenset(_absolute(base, address) for address in given if _WRITTEN.match(address))


def _assets(base: str, tags: list[_Tag]) -> tuple[str, ...]:
    found = []
    for name, at, _ in tags:
        if name == "link" and "stylesheet" in at.get("rel", "").lower() and "href" in at:
            found.append(_absolute(base, at["href"]))
        elif name in ("script", "img") and "src" in at:
            found.append(_absolute(base, at["src"]))
    return tuple(dict.fromkeys(address for address in found if host_of(address)))


def _refresh(base: str, tags: list[_Tag]) -> str:
    for name, at, _ in tags:
        if name == "meta" and at.get("http-equiv", "").lower() == "refresh":
            found = _REFRESH.search(at.get("content", ""))
            if found:
                return _absolute(base, found[1])
    return ""


def _search_form(base: str, text: str, tags: list[_Tag]) -> tuple[str, str] | None:
    for name, at, start in tags:
        if name != "form" or at.get("method", "get").lower() != "get":
            continue
        end = _END_OF_FORM.search(text, start, start + 8000)
        stop = end.start() if end else start + 2000
        fields = [one for kind, one, place in tags if kind == "input" and start < place < stop]
        shown = [one for one in fields if one.get("type", "text").lower() in ("text", "search") and one.get("name")]
        for one in shown:
            if one["name"].lower() in _SEARCH_FIELDS or one.get("type", "").lower() == "search":
                return _absolute(base, at.get("action", "")), one["name"]
    return None


def _times(text: str) -> tuple[datetime, ...]:
    found = set()
    for year, month, day, hour, minute, second, zone in _TIME.findall(text):
        offset = "+00:00" if zone in ("", "Z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
        try:
            local = datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{offset}")
            found.add(local.astimezone(UTC))
        except ValueError:
            continue
    found.update(datetime.fromtimestamp(int(stamp), UTC) for stamp in _STAMP.findall(text))
    return tuple(sorted(found, reverse=True))


def _threats(text: str) -> frozenset[str]:
    table = {"miner": _MINERS, "obfuscated_script": _OBFUSCATED, "forced_download": _FORCED}
    return frozenset(name for name, pattern in table.items() if pattern.search(text))
