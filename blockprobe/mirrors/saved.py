"""Saved pages and the labelled corpus: what `mirrors classify` reads from disk.

The corpus is one JSON file: `sites` with `site`, `ref` and perhaps `ref2`, and `pairs` with `id`, `site` and `page`;
pages are named relative to the file. Nothing else of a pair is looked at, so labels cannot leak into an answer.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blockprobe.mirrors.page import MAX_PAGE_BYTES
from blockprobe.model.errors import ConfigError

_MAGIC = b"\x1f\x8b"
_MOST_PACKED = 2 * MAX_PAGE_BYTES
MAX_CORPUS_BYTES = 64 << 20
_SNIFFED_BYTES = 1445
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\f\r\x1b"))
"""Bytes that no text has; escape is one of Japanese encodings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSite:
    """A site and the files of its reference page; the second was fetched a little later."""

    name: str
    pages: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusPair:
    """A candidate page that is to be held against a site."""

    id: str
    site: str
    page: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Sites and pairs, in the order of the file."""

    sites: tuple[CorpusSite, ...]
    pairs: tuple[CorpusPair, ...]


def read_saved(path: Path) -> bytes:
    """The first 64 KiB of a saved page, unpacked if it is gzip; what is damaged is read up to the damage.

    Raises ConfigError when there is no such file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_PACKED)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a saved page") from error
    return unpacked(data) if data.startswith(_MAGIC) else data[:MAX_PAGE_BYTES]


def is_text(page: bytes) -> bool:
    """Whether it can be a page: at most a hundredth of its beginning are control characters, as pictures, archives and
    programs have (MIME Sniffing, 7.1). UTF-16 says what it is by its first two bytes."""
    beginning = page[:_SNIFFED_BYTES]
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return len(beginning) - len(beginning.translate(None, _CONTROLS)) <= len(beginning) // 100


def unpacked(data: bytes) -> bytes:
    """The first 64 KiB of what is packed with gzip, however much there is; less where it is damaged."""
    tool = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    missing = MAX_PAGE_BYTES
    try:
        while missing and data and not tool.eof:
            part = tool.decompress(data[:4096], missing)
            data = tool.unconsumed_tail + data[4096:]
            parts.append(part)
            missing -= len(part)
    except zlib.error:
        pass  # what came before the damage is a page, too
    return b"".join(parts)


def read_corpus(path: Path) -> Corpus:
    """The corpus in a labels file. Raises ConfigError that names the entry and what is wrong with it."""
    try:
        data = json.loads(path.read_bytes()[: MAX_CORPUS_BYTES + 1])
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a labels file") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: no JSON ({error}); name a labels file") from error
    folder = path.parent
    sites = tuple(
        CorpusSite(
            name=_text(path, where, entry, "site"),
            pages=tuple(
                _page(path, where, entry, key, folder) for key in ("ref", "ref2") if key == "ref" or key in entry
            ),
        )
        for where, entry in _entries(path, data, "sites")
    )
    known = {site.name for site in sites}
    pairs = []
    for where, entry in _entries(path, data, "pairs"):
        site = _text(path, where, entry, "site")
        if site not in known:
            raise ConfigError(f"{path}: {where}: site {site!r} is not among the sites; add it there")
        pairs.append(
            CorpusPair(id=_text(path, where, entry, "id"), site=site, page=_page(path, where, entry, "page", folder))
        )
    return Corpus(sites=sites, pairs=tuple(pairs))


def _entries(path: Path, data: object, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise ConfigError(f"{path}: {key}: not a list; a labels file has the lists sites and pairs")
    for number, entry in enumerate(found):
        if not isinstance(entry, dict):
            raise ConfigError(f"{path}: {key}[{number}]: not an object")
        yield f"{key}[{number}]", entry


def _text(path: Path, where: str, entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{path}: {where}: {key} is missing or no text")
    return value


def _page(path: Path, where: str, entry: dict[str, Any], key: str, folder: Path) -> Path:
    name = Path(_text(path, where, entry, key))
    if name.is_absolute() or ".." in name.parts:
        raise ConfigError(f"{path}: {where}: {key} leads out of the corpus; name pages relative to the labels file")
    return folder / name
