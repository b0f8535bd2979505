"""Real names from the filter lists of Debian's package webext-ublock-origin-firefox, read at run time.

The package is fetched with `apt-get download` (or given by path) and unpacked; nothing of it is kept. A name counts
where a rule says on which site it holds, or which host it blocks.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from blockprobe.mirrors.suffixes import registrable

PACKAGE = "webext-ublock-origin-firefox"
#: uBlock Origin's own list: mostly rules for sites that people visit, where the others block hosts of trackers.
SITES_LIST = "filters.min.txt"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"~?((?:{_LABEL}\.)+(?:[a-z]{{2,24}}|xn--[a-z0-9-]{{2,59}}))")
_ENTITY = re.compile(rf"~?(?:{_LABEL}\.)*({_LABEL})\.\*")
_COSMETIC = re.compile(r"#[@?$%^+]*#")
_OPTIONS = ("domain", "from", "to", "denyallow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """`mentions` counts each registrable domain; `sites` are those of uBlock's own list; `entities` are names whose
    rules hold under any suffix (`brand.*`): the list's authors know that they move."""

    mentions: Counter[str] = field(default_factory=Counter)
    sites: set[str] = field(default_factory=set)
    entities: set[str] = field(default_factory=set)


def installed_lists() -> Path | None:
    """Where the package puts its lists, if it is installed here."""
    root = Path("/usr/share/mozilla/extensions")
    return root if any(root.rglob(SITES_LIST)) else None


def unpacked_lists(folder: Path) -> Path:
    """Fetch the package with apt and unpack it below `folder`; raises CalledProcessError."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-qq", PACKAGE], cwd=folder, check=True, capture_output=True)
    (package,) = folder.glob(f"{PACKAGE}_*.deb")
    subprocess.run(["dpkg", "-x", package, folder / "unpacked"], check=True)
    return folder / "unpacked"


def read_names(root: Path) -> Names:
    """All names of the lists below `root`."""
    names = Names()
    for path in sorted(root.rglob("assets/**/*.txt")):
        for line in path.read_text(errors="replace").lower().splitlines():
            if not line.startswith("!"):
                for word in _words(line):
                    _take(word, path.name, names)
    return names


def _take(word: str, source: str, names: Names) -> None:
    if host := _HOST.fullmatch(word):
        if (domain := registrable(host[1])) is not None:
            names.mentions[domain] += 1
            if source == SITES_LIST:
                names.sites.add(domain)
    elif entity := _ENTITY.fullmatch(word):
        names.entities.add(entity[1])


def _words(line: str) -> Iterator[str]:
    """The parts of a rule that may be names of sites or hosts."""
    if cosmetic := _COSMETIC.search(line):
        yield from line[: cosmetic.start()].split(",")
        return
    pattern, _, options = line.rpartition("$")
    for option in options.split(",") if pattern else ():
        key, _, value = option.partition("=")
        if key in _OPTIONS:
            yield from value.split("|")
    blocked = re.match(r"(?:@@)?\|\|([a-z0-9.-]+)", pattern or line)
    yield blocked[1].rstrip(".") if blocked else line
