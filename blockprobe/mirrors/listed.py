"""PURE: names to watch, from what `mirrors find --format json` printed or from a plain list: `name`, or `name site`."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from blockprobe.model.errors import TargetError
from blockprobe.model.mirror import Source
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
        name, of = str(document["name"]), str(document["site"])
        source = Source(document["sources"][0]["source"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise TargetError(f"{shown(text)}: no candidate; give lines of `mirrors find --format json`") from None
    return Life(name=parse_target(name).host, site=parse_target(of).host, source=source, known_at=now)
