"""PURE: names to watch, from documents of `mirrors find` or `classify --live`, or a plain list: `name`, `name site`.

A document of `classify` also says of what class a name is; one of an earlier release names no site.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from blockprobe.model.errors import TargetError
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life
from blockprobe.model.target import parse_target, shown

#: A longer line is none of ours (characters).
MAX_LINE = 100_000


def lives_in(lines: Iterable[str], *, site: str | None, now: datetime) -> Iterator[Life | str]:
    """A life for each line, or a sentence about what is wrong with it; empty lines and comments are nothing.

    `site` is whose mirrors plain names are; a document, and a line of two words, names its own. `now` is when the names
    became known (UTC).
    """
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            yield _life(text, site, now)
        except TargetError as error:
            yield f"line {number}: {error}"


def _life(text: str, site: str | None, now: datetime) -> Life:
    if len(text) > MAX_LINE:
        raise TargetError(f"more than {MAX_LINE} characters; one name a line")
    if not text.startswith("{"):
        name, _, of = text.partition(" ")
        whose = parse_target(of.strip()).host if of else site
        if whose is None:
            raise TargetError(
                f"{shown(text)}: a plain name, and it is not said whose mirror; write `name site`, or name one SITE"
            )
        return Life(name=parse_target(name).host, site=whose, source=Source.OPERATOR, known_at=now)
    try:
        document = json.loads(text)
        life = _candidate(document, now) if "sources" in document else _classified(document, site, now)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise TargetError(
            f"{shown(text)}: no candidate; give lines of `mirrors find` or `mirrors classify --live`, --format json"
        ) from None
    return replace(life, name=parse_target(life.name).host, site=parse_target(life.site).host)


def _candidate(document: dict[str, Any], now: datetime) -> Life:
    source = Source(document["sources"][0]["source"])
    return Life(name=str(document["name"]), site=str(document["site"]), source=source, known_at=now)


def _classified(document: dict[str, Any], site: str | None, now: datetime) -> Life:
    """What `mirrors classify --live` printed: the host is its `id`, and it says what that is."""
    of, kind = document.get("site", site), MirrorClass(document["class"])
    if of is None:
        raise KeyError("site")
    return Life(name=str(document["id"]), site=str(of), source=Source.OPERATOR, kind=kind, known_at=now)
