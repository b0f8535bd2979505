"""Saved pages and labels files: packed or not, damaged or not, and each fault in one line."""

import gzip
import json
import random
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.page import MAX_PAGE_BYTES
from blockprobe.mirrors.saved import is_text, read_corpus, read_saved, unpacked
from blockprobe.model.errors import ConfigError

SITE = {"site": "a", "ref": "a.html"}
PAIR = {"id": "a/1", "site": "a", "page": "b.html"}


def test_a_page_is_the_same_packed_and_plain(tmp_path):
    page = b"<p>hello</p>" * 100
    (tmp_path / "plain.html").write_bytes(page)
    (tmp_path / "packed.html").write_bytes(gzip.compress(page))

    assert read_saved(tmp_path / "plain.html") == read_saved(tmp_path / "packed.html") == page


def test_no_more_than_64_kib_are_unpacked_from_however_much():
    assert unpacked(gzip.compress(b"\0" * 64_000_000, compresslevel=9)) == b"\0" * MAX_PAGE_BYTES


def test_a_damaged_file_is_read_up_to_the_damage():
    whole = gzip.compress(bytes(range(256)) * 400, compresslevel=0)

    assert unpacked(whole[:40_000]).startswith(bytes(range(256)) * 10)
    assert unpacked(b"\x1f\x8b" + b"rubbish") == b""


@given(st.binary(max_size=300))
def test_any_bytes_are_unpacked_to_something(data):
    assert len(unpacked(b"\x1f\x8b" + data)) <= MAX_PAGE_BYTES
    assert unpacked(gzip.compress(data)) == data
    assert unpacked(zlib.compress(data, wbits=31) + data) == data


def test_a_missing_page_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.html: cannot be read"):
        read_saved(tmp_path / "none.html")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ([], "sites: not a list"),
        ({"sites": [], "pairs": {}}, "pairs: not a list"),
        ({"sites": [1], "pairs": []}, r"sites\[0\]: not an object"),
        ({"sites": [{"site": "a"}], "pairs": []}, r"sites\[0\]: ref is missing"),
        ({"sites": [SITE | {"ref2": 5}], "pairs": []}, r"sites\[0\]: ref2 is missing or no text"),
        ({"sites": [SITE | {"ref": "/etc/passwd"}], "pairs": []}, r"sites\[0\]: ref leads out"),
        ({"sites": [SITE], "pairs": [PAIR | {"page": "../b.html"}]}, r"pairs\[0\]: page leads out"),
        ({"sites": [SITE], "pairs": [PAIR | {"site": "b"}]}, r"pairs\[0\]: site 'b' is not among"),
        ({"sites": [SITE], "pairs": [{"site": "a", "page": "b"}]}, r"pairs\[0\]: id is missing"),
    ],
)
def test_each_fault_of_a_labels_file_is_named_with_its_entry(tmp_path, data, fault):
    (tmp_path / "labels.json").write_text(json.dumps(data))

    with pytest.raises(ConfigError, match=fault):
        read_corpus(tmp_path / "labels.json")


def test_a_file_that_is_no_json_is_named(tmp_path):
    (tmp_path / "labels.json").write_text("[" * 100_000)

    with pytest.raises(ConfigError, match="no JSON"):
        read_corpus(tmp_path / "labels.json")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_corpus(tmp_path / "none.json")


def test_a_picture_an_archive_or_a_program_is_no_text():
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0"

    assert not is_text(picture)
    assert not is_text(random.Random(1).randbytes(2000))
    assert not is_text(Path(sys.executable).read_bytes()[:4000])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1251", "iso-2022-jp", "shift_jis"])
def test_a_page_is_text_in_any_encoding_and_with_a_stray_control_character(encoding):
    page = "<p>кино 映画</p>" if encoding in ("utf-8", "utf-16") else "<p>кино</p>"

    assert is_text((page * 60).encode(encoding))
    assert is_text((page * 60).encode(encoding) + b"\0")
    assert is_text(b"")


def test_saved_pages_of_real_sites_are_text():
    assert all(is_text(read_saved(page)) for page in (Path(__file__).parent / "natural").glob("*.html.gz"))
