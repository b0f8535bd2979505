"""Writes the made-up sites as a labelled corpus on disk, and holds real pages against each other.

Six families of six sites; candidates of each: copies, pages that are no copies, and pages of other sites with the same
theme, half of them sites that the background knows and half that it does not.
"""

import gzip
import json
import random
from pathlib import Path
from typing import Any

from tests.mirrors.made_pages import FAMILIES, Site, copies, strangers

SITES = 6


def write_corpus(folder: Path) -> Path:
    """The labels file."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    sites: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    for family in FAMILIES:
        for seed in range(SITES):
            site, name = Site(family=family, seed=seed), f"{family}{seed}"
            refs = {key: _put(folder, f"{name}-{key}", site.page()) for key in ("ref", "ref2")}
            sites.append({"site": name, "brand": site.name, "host": site.host, **refs})
            for number, (label, subtype, copy, page) in enumerate(_candidates(site, random.Random(name))):
                file = _put(folder, f"{name}-{number}", page)
                facts = {"label": label, "subtype": subtype, "copy": copy, "group": family, "origin": None}
                pairs.append({"id": f"{name}/{number}", "site": name, "host": "c.example", "page": file, **facts})
    labels = folder / "labels.json"
    labels.write_text(json.dumps({"seed": 1, "note": "made", "sites": sites, "pairs": pairs}))
    return labels


def _candidates(site: Site, rng: random.Random) -> list[tuple[str, str, int, str]]:
    found = [("copy", subtype, 1, page) for subtype, page in copies(site, rng)]
    found += [(label, subtype, 0, page) for label, subtype, page in strangers(site, rng)]
    known = rng.sample([seed for seed in range(SITES) if seed != site.seed], 2)
    unknown = rng.sample(range(50, 56), 2)
    found += [("unrelated", "same_theme", 0, Site(family=site.family, seed=s).page(3)) for s in [*known, *unknown]]
    others = rng.sample([family for family in FAMILIES if family != site.family], 2)
    return found + [("unrelated", "random", 0, Site(family=family, seed=70 + site.seed).page()) for family in others]


def _put(folder: Path, name: str, page: str) -> str:
    file = f"pages/{name}.html.gz"
    (folder / file).write_bytes(gzip.compress(page.encode(), compresslevel=1, mtime=0))
    return file
