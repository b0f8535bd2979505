"""The work of `export`: which addresses are our own, and what is written of each record."""

import json
import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from blockprobe.cli.configuration import read_settings
from blockprobe.cli.own_addresses import own_addresses
from blockprobe.cli.process import Exit
from blockprobe.model.codec import dump_record
from blockprobe.model.errors import ConfigError
from blockprobe.model.record import Record
from blockprobe.store.publish import Convert, publish
from blockprobe.store.reader import Stored, read_archive
from blockprobe.store.slim import dump_slim

#: Addresses of this line, separated by commas or spaces.
VARIABLE = "BLOCKPROBE_OWN_ADDRESSES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What was typed after `blockprobe export`; `mirrors`: records of possible mirrors are published, too."""

    out: str
    to: Literal["records", "ooni"]
    store: str | None
    own: str | None
    mirrors: bool


def export_store(wish: Export, config: str | None) -> int:
    """Publish a store; raises StoreError or ConfigError."""
    from blockprobe.export.scrub import seen_addresses
    from blockprobe.net.clock import SystemClock

    settings = read_settings(config)
    folder = Path(wish.store or settings.store.dir)
    addresses = own_addresses(settings) | _given(wish.own)
    for stored in read_archive(folder):  # what an echo saw once is kept out of every record
        if isinstance(stored, Record):
            addresses |= seen_addresses(stored)
    convert = _ooni(addresses) if wish.to == "ooni" else _records(addresses)
    done = publish(folder, Path(wish.out), convert if wish.mirrors else _without_mirrors(convert), SystemClock())
    still = f"; {done.open} still open and left out" if done.open else ""
    print(
        f"{wish.out}: {done.records} records of {done.segments} sealed segments, "
        f"without {len(addresses)} addresses{still}"
    )
    return Exit.DONE


def _without_mirrors(convert: Convert) -> Convert:
    """Names of possible mirrors stay here unless they are asked for."""
    return lambda stored: None if stored.target.mirror_of is not None else convert(stored)


def _records(own: frozenset[str]) -> Convert:
    from blockprobe.export.publish import for_publication

    return lambda stored: dump_record(for_publication(stored, own)) if isinstance(stored, Record) else dump_slim(stored)


def _ooni(own: frozenset[str]) -> Convert:
    from blockprobe.export.ooni import to_ooni_measurement
    from blockprobe.export.publish import for_publication

    def convert(stored: Stored) -> bytes | None:
        if not isinstance(stored, Record):
            return None  # a measurement of OONI's is evidence; a slim record has none
        document = to_ooni_measurement(for_publication(stored, own), own=own)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    return convert


def _given(path: str | None) -> frozenset[str]:
    """The operator's own list, and that of the environment; a line that is no address is a fault."""
    words = [(VARIABLE, word) for word in os.environ.get(VARIABLE, "").replace(",", " ").split()]
    if path is not None:
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}; give a file with one address a line") from error
        words += [(f"{path}:{number}", line.partition("#")[0].strip()) for number, line in enumerate(lines, 1)]
    faults, found = [], set()
    for place, word in words:
        if not word:
            continue
        try:
            found.add(str(ip_address(word)))
        except ValueError:
            faults.append(f"{place}: {word!r} is no IP address; write one a line")
    if faults:
        raise ConfigError("\n".join(faults))
    return frozenset(found)
