"""Reads `fingerprints/**/*.toml` of the catalogue's folders, finds all faults at once, and hashes what was read."""

import difflib
import hashlib
import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from blockprobe.catalogue.data import data_folders, read_toml
from blockprobe.model.errors import ConfigError
from blockprobe.model.words import AttributionBy, AttributionCause
from blockprobe.verdict.fingerprint import Fingerprint, FingerprintKind, FingerprintSet, sample_matches
from blockprobe.verdict.phrases import INDEXED_BYTES, fold

_Fault = tuple[str, str]  # the key, and "what; remedy"
_Entry = dict[str, Any]

#: Keys without which a fingerprint is none (beside its id).
REQUIRED_KEYS = ("title", "kind", "source", "matches", "not_matches")
_PHRASES = frozenset({"http_body", "http_title", "http_header", "tls_issuer", "ede_text"})
_WHOLE = frozenset({"http_title", "http_location", "dns_address", "dns_cname"})
_ONLY_FOR = {
    "all_of": _PHRASES,
    "one_of": _WHOLE,
    "max_bytes": frozenset({"http_body"}),
    "header": frozenset({"http_header"}),
    "status": frozenset({"http_body", "http_title", "http_header", "http_location"}),
    "codes": frozenset({"ede_text"}),
}
_NEEDED_BY = {
    "max_bytes": "http_body",
    "header": "http_header",
}
_FILES = "fingerprints/**/*.toml"
_AGEING = frozenset({"dns_address", "dns_cname"})


def load_fingerprints(paths: Sequence[str | Path] = ()) -> FingerprintSet:
    """The shipped fingerprints and those in the folders of `[catalogue] paths`, ordered by id; a later file replaces
    an earlier one's by id, or removes it with `retired = true`.

    Raises ConfigError with one line for every fault of every file: `file: id: key: what; remedy`.
    """
    found: dict[str, Fingerprint] = {}
    faults: list[str] = []
    shipped, *others = data_folders(paths)
    for path in sorted(shipped.glob(_FILES)):
        _read(path, found, faults, _faults)  # its samples are tried by the tests: at every start they would cost 40 ms
    for path in (file for folder in others for file in sorted(folder.glob(_FILES))):
        _read(path, found, faults, _faults_and_samples)
    if faults:
        raise ConfigError("\n".join(faults))
    return FingerprintSet(found[name] for name in sorted(found))


def content_hash(fingerprints: Iterable[Fingerprint]) -> str:
    """`sha256:…` of what was loaded, whatever the order, files and comments: a record's `versions.catalogue`."""
    entries = sorted((asdict(one) for one in fingerprints), key=lambda entry: str(entry["id"]))
    return "sha256:" + hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()


def _read(
    path: Path, found: dict[str, Fingerprint], faults: list[str], check: Callable[[_Entry], list[_Fault]]
) -> None:
    """Puts the fingerprints of one file into `found`, and what is wrong with them into `faults`."""
    seen: set[str] = set()
    for number, entry in enumerate(_entries(path, faults), start=1):
        name = entry.get("id")
        if not isinstance(name, str) or not name:
            faults.append(f'{path}: fingerprint {number}: id: missing; give it one, as in id = "gb.bt.notice"')
            continue
        wrong = check(entry)
        if name in seen:
            wrong = [("id", "used twice in this file; choose another"), *wrong]
        seen.add(name)
        faults += [f"{path}: {name}: {key}: {what}" for key, what in wrong]
        found.pop(name, None)
        if not wrong and not entry.get("retired"):
            found[name] = _built(entry)


def _entries(path: Path, faults: list[str]) -> list[_Entry]:
    try:
        tables = read_toml(path)
    except ConfigError as error:
        faults.append(str(error))
        return []
    entries = tables.pop("fingerprint", [])
    faults += [f"{path}: {key}: unknown table; begin each entry with [[fingerprint]]" for key in tables]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        faults.append(f"{path}: fingerprint: must be tables; begin each entry with [[fingerprint]]")
        return []
    return entries


def _faults(entry: _Entry) -> list[_Fault]:
    """What is wrong with one entry: its form, or else its sense."""
    form = list(_form_faults(entry))
    return form if form or entry.get("retired") else list(_sense_faults(entry))


def _faults_and_samples(entry: _Entry) -> list[_Fault]:
    """Likewise, or else its samples."""
    faults = _faults(entry)
    return faults if faults or entry.get("retired") else list(_sample_faults(_built(entry)))


def _form_faults(entry: _Entry) -> Iterator[_Fault]:
    for key, value in entry.items():
        if key not in _FORMS:
            near = difflib.get_close_matches(key, _FORMS, n=1)
            yield key, "unknown key; " + (f"did you mean {near[0]}?" if near else "take it out")
        elif not _FORMS[key][0](value):
            yield key, _FORMS[key][1]
    if not entry.get("retired"):
        yield from ((key, "missing; add it") for key in REQUIRED_KEYS if key not in entry)


def _sense_faults(entry: _Entry) -> Iterator[_Fault]:
    kind = entry["kind"]
    for key, kinds in _ONLY_FOR.items():
        if key in entry and kind not in kinds:
            yield key, f"has no meaning for {kind}; take it out (it is for {', '.join(sorted(kinds))})"
    if not any(key in entry for key in ("all_of", "one_of")):
        wanted = [key for key in ("all_of", "one_of") if kind in _ONLY_FOR[key]]
        yield wanted[0], f"missing; say what to look for with {' or '.join(wanted)}"
    yield from (
        (key, f"missing; {kind} needs it") for key, needs in _NEEDED_BY.items() if needs == kind and key not in entry
    )
    if kind in _AGEING and "last_verified" not in entry:
        yield "last_verified", "missing; addresses and names change hands: give the date of the last sighting"
    if kind == "dns_address" and "one_of" in entry:
        yield from (("one_of", f"{value} is no address or network; {why}") for value, why in _bad_networks(entry))
    if kind == "http_body" and "all_of" in entry and not any(map(_specific, _lines(entry["all_of"]))):
        yield "all_of", f"too short to mean anything; give one phrase of at least {INDEXED_BYTES} letters"


def _sample_faults(fingerprint: Fingerprint) -> Iterator[_Fault]:
    for number, sample in enumerate(fingerprint.matches, start=1):
        if not sample_matches(fingerprint, sample):
            yield "matches", f"sample {number} does not match; correct the sample or the pattern"
    for number, sample in enumerate(fingerprint.not_matches, start=1):
        if sample_matches(fingerprint, sample):
            yield "not_matches", f"sample {number} matches; make the pattern more specific"


def _built(entry: _Entry) -> Fingerprint:
    """The fingerprint of a table without faults."""
    known = {key: value for key, value in entry.items() if key != "retired"}
    for key in ("one_of", "matches", "not_matches", "codes"):
        if key in known:
            known[key] = tuple(known[key])
    for key in ("first_seen", "last_verified"):
        if key in known:
            known[key] = known[key].isoformat()
    known["all_of"] = _lines(entry.get("all_of", []))
    known["kind"] = FingerprintKind(entry["kind"])
    known["by"] = AttributionBy(entry.get("by", "unknown"))
    known["cause"] = AttributionCause(entry.get("cause", "unknown"))
    return Fingerprint(**known)


def _lines(value: Sequence[str | list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple((line,) if isinstance(line, str) else tuple(line) for line in value)


def _specific(line: Sequence[str]) -> bool:
    return all(len(fold(phrase)) >= INDEXED_BYTES for phrase in line)


def _bad_networks(entry: _Entry) -> Iterator[tuple[str, str]]:
    for value in entry["one_of"]:
        try:
            ipaddress.ip_network(value)
        except ValueError:
            yield value, 'write "203.0.113.7" or "203.0.113.0/24"'


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_text, value))


def _all_of(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_text(line) or _texts(line) for line in value)


def _number(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _numbers(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_number(0, 65_535), value))


def _country(value: object) -> bool:
    return isinstance(value, str) and len(value) == 2 and value.isascii() and value.isalpha() and value.islower()


def _word(words: type[StrEnum]) -> tuple[Callable[[object], bool], str]:
    known = {str(word) for word in words}
    return lambda value: isinstance(value, str) and value in known, "unknown word; use one of " + ", ".join(
        sorted(known)
    )


_TEXT = (_text, 'must be a text; write it in quotes, as in "…"')
_TEXTS = (_texts, 'must be a list of texts; write it as in ["…", "…"]')
_DATE = (lambda value: type(value) is date, "must be a date; write it as 2026-11-21, without quotes")

#: Every key of an entry: what its value must be, and what to say where it is not.
_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": _TEXT,
    "title": _TEXT,
    "kind": _word(FingerprintKind),
    "all_of": (_all_of, 'must be a list of texts or of lists of texts; write it as in ["…", ["…", "…"]]'),
    "one_of": _TEXTS,
    "max_bytes": (_number(1, 65_536), "must be a number of bytes up to 65536; notices are short"),
    "header": _TEXT,
    "status": (_number(100, 599), "must be an HTTP status; write it as 451"),
    "codes": (_numbers, "must be a list of EDE codes (RFC 8914); write it as in [15, 16]"),
    "country": (_country, 'must be an ISO 3166 code in lower case; write it as "gb"'),
    "isp": _TEXT,
    "by": _word(AttributionBy),
    "cause": _word(AttributionCause),
    "source": _TEXT,
    "first_seen": _DATE,
    "last_verified": _DATE,
    "matches": _TEXTS,
    "not_matches": _TEXTS,
    "retired": (lambda value: isinstance(value, bool), "must be true or false; write it without quotes"),
}
