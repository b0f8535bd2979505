"""Loading fingerprints: every fault is named with file, id, key and remedy; later files win; the hash is of content."""

from pathlib import Path

import pytest

from blockprobe.catalogue.data import shipped_data
from blockprobe.catalogue.fingerprints import content_hash, load_fingerprints
from blockprobe.model.errors import ConfigError
from blockprobe.model.words import AttributionCause
from blockprobe.verdict.fingerprint import FingerprintKind, FingerprintSet

INVALID = Path(__file__).parent / "invalid_fingerprints"

#: One file for each message.
MESSAGES = {
    "not_toml": "not TOML: ",
    "unknown_table": "fingerprints: unknown table; begin each entry with [[fingerprint]]",
    "not_tables": "fingerprint: must be tables; begin each entry with [[fingerprint]]",
    "id_missing": "fingerprint 1: id: missing; ",
    "id_twice": "x.notice: id: used twice in this file; choose another",
    "unknown_key": "x.notice: titel: unknown key; did you mean title?",
    "unknown_kind": "x.notice: kind: unknown word; use one of dns_address, dns_cname, ",
    "unknown_cause": "x.notice: cause: unknown word; use one of court, ",
    "unknown_by": "x.notice: by: unknown word; use one of cdn, ",
    "source_missing": "x.notice: source: missing; add it",
    "matches_missing": "x.notice: matches: missing; add it",
    "not_matches_missing": "x.notice: not_matches: missing; add it",
    "matches_empty": "x.notice: matches: must be a list of texts; ",
    "title_not_text": "x.notice: title: must be a text; ",
    "all_of_not_list": "x.notice: all_of: must be a list of texts or of lists of texts; ",
    "country_upper": "x.notice: country: must be an ISO 3166 code in lower case; ",
    "max_bytes_text": "x.notice: max_bytes: must be a number of bytes up to 65536; ",
    "max_bytes_missing": "x.notice: max_bytes: missing; http_body needs it",
    "max_bytes_large": "x.notice: max_bytes: must be a number of bytes up to 65536; ",
    "date_text": "x.notice: last_verified: must be a date; ",
    "status_text": "x.notice: status: must be an HTTP status; ",
    "codes_elsewhere": "x.notice: codes: has no meaning for http_body; take it out (it is for ede_text)",
    "codes_text": "x.notice: codes: must be a list of EDE codes (RFC 8914); ",
    "one_of_for_body": "x.notice: one_of: has no meaning for http_body; take it out ",
    "pattern_missing": "x.notice: all_of: missing; say what to look for with all_of",
    "pattern_short": "x.notice: all_of: too short to mean anything; ",
    "header_missing": "x.notice: header: missing; http_header needs it",
    "address_wrong": "x.notice: one_of: 203.0.113.7/24 is no address or network; ",
    "address_undated": "x.notice: last_verified: missing; ",
    "sample_misses": "x.notice: matches: sample 1 does not match; correct the sample or the pattern",
    "sample_hits": "x.notice: not_matches: sample 1 matches; make the pattern more specific",
    "retired_text": "x.notice: retired: must be true or false; write it without quotes",
}

NOTICE = """[[fingerprint]]
id = "x.notice"
title = "a notice"
kind = "http_body"
all_of = ["this site has been blocked"]
max_bytes = 8192
cause = "court"
source = "https://a.example/"
matches = ["This site has been blocked"]
not_matches = ["This site is open"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "fingerprints").mkdir()
    return tmp_path


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / "fingerprints" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_fingerprints([folder])
    return str(caught.value).splitlines()


def test_every_invalid_file_has_its_message_and_every_message_its_file():
    assert {path.stem for path in INVALID.glob("*.toml")} == MESSAGES.keys()


@pytest.mark.parametrize("name", MESSAGES)
def test_an_invalid_file_gives_one_line_that_names_file_id_key_and_remedy(folder, name):
    path = write(folder, f"{name}.toml", (INVALID / f"{name}.toml").read_bytes())

    (line,) = faults(folder)

    assert line.startswith(f"{path}: {MESSAGES[name]}")
    assert ";" in line


def test_all_faults_of_all_files_come_at_once(folder):
    for name in MESSAGES:
        write(folder, f"{name}.toml", (INVALID / f"{name}.toml").read_bytes())

    assert len(faults(folder)) == len(MESSAGES)


def test_a_file_that_is_not_utf_8_is_named(folder):
    path = write(folder, "latin.toml", NOTICE.replace("a notice", "é").encode("latin-1"))

    assert faults(folder) == [f"{path}: byte 41: not UTF-8; save the file as UTF-8"]


def test_the_shipped_fingerprints_load_without_a_fault_and_in_order():
    loaded = load_fingerprints()

    assert isinstance(loaded, FingerprintSet)
    assert [one.id for one in loaded] == sorted({one.id for one in loaded})
    assert {one.kind for one in loaded} == set(FingerprintKind)


def test_no_two_shipped_files_use_the_same_id():
    written = "".join(path.read_text() for path in shipped_data().glob("fingerprints/**/*.toml"))

    assert written.count("\nid = ") == len(load_fingerprints())


def test_a_later_file_replaces_a_fingerprint_by_id(folder):
    write(folder, "1.toml", NOTICE)
    write(folder, "2.toml", NOTICE.replace('"court"', '"regulator"'))

    (found,) = (one for one in load_fingerprints([folder]) if one.id == "x.notice")

    assert found.cause is AttributionCause.REGULATOR


def test_an_operator_can_retire_a_shipped_fingerprint(folder):
    write(folder, "mine.toml", '[[fingerprint]]\nid = "gb.sky.court.body"\nretired = true\n')

    without = load_fingerprints([folder])

    assert {one.id for one in load_fingerprints()} - {one.id for one in without} == {"gb.sky.court.body"}


def test_the_hash_is_of_the_content_and_not_of_its_comments_or_order(folder):
    shipped = load_fingerprints()
    write(folder, "mine.toml", NOTICE)
    mine = content_hash(load_fingerprints([folder]))
    write(folder, "mine.toml", "# a comment\n" + NOTICE)

    assert content_hash(load_fingerprints([folder])) == mine != content_hash(shipped)
    assert content_hash(reversed(shipped)) == content_hash(shipped)
    assert mine.startswith("sha256:")
    assert len(mine) == len("sha256:") + 64


def test_every_key_and_kind_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "fingerprints.md").read_text()

    assert [kind for kind in FingerprintKind if f"`{kind}`" not in page] == []
    fields = load_fingerprints()[0].__dataclass_fields__
    assert [key for key in (*fields, "retired") if f"`{key}`" not in page] == []
