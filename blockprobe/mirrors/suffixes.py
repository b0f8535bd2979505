"""Public suffixes: which part of a name somebody registered, and under what names can be registered at all.

The list (publicsuffix.org, with its private section: `x.pages.dev` and `y.pages.dev` are two owners) comes with the
package publicsuffixlist, of the extra `mirrors`, and is read when it is first needed.
"""

import re
from functools import cache
from typing import Any

from blockprobe.model.errors import ConfigError, TargetError
from blockprobe.model.target import parse_target

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+")


@cache
def _list() -> Any:
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError:
        raise ConfigError("finding mirrors needs publicsuffixlist: pip install 'blockprobe[mirrors]'") from None
    return PublicSuffixList()


def host_in(text: str) -> str | None:
    """A host name in lower-case punycode without a leading `*.` or a final dot; None: addresses and what is no name."""
    name = text.strip().lower().removeprefix("*.").removesuffix(".")
    if not name.isascii():
        name = _mapped(name)
    if len(name) > 253 or not _HOST.fullmatch(name) or name.rpartition(".")[2].isdigit():
        return None
    return name if all(len(label) <= 63 for label in name.split(".")) else None


def registrable(host: str) -> str | None:
    """The domain that somebody registered, of a name as `host_in` gives it; None for a public suffix itself."""
    found: str | None = _list().privatesuffix(host)
    return found


def split_registrable(host: str) -> tuple[str, str] | None:
    """The registered label and the public suffix below which it is; None for a public suffix itself."""
    domain = registrable(host)
    if domain is None:
        return None
    label, _, suffix = domain.partition(".")
    return label, suffix


@cache
def top_level_suffixes() -> tuple[str, ...]:
    """Every public suffix of one label, in punycode, sorted: the top-level domains under which names are sold."""
    _list()
    from publicsuffixlist import PSLFILE

    found = set()
    with open(PSLFILE, encoding="utf-8") as lines:
        for line in lines:
            rule = line.split("//")[0].strip().lstrip("!*.")
            if rule and "." not in rule and line[0] not in "!*/":
                found.add(rule if rule.isascii() else "xn--" + rule.encode("punycode").decode())
    return tuple(sorted(found))


def _mapped(name: str) -> str:
    """An international name as browsers map it (UTS #46), or nothing."""
    try:
        return parse_target(name).host
    except TargetError:
        return ""
