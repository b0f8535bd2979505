"""`blockprobe mirrors find`: what is printed, and what is said of input that cannot be used."""

import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from blockprobe.cli.mirrors_finding import Wanted, find_candidates
from blockprobe.model.errors import BlockprobeError
from blockprobe.model.mirror import Source
from tests.cli.program import ROOT, run


@pytest.fixture
def stdin(monkeypatch):
    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content))))

    return give


@pytest.fixture
def found(capfdbinary, monkeypatch):
    monkeypatch.delenv("BLOCKPROBE_CONFIG", raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")

    def find(*sites: str, **options) -> list[dict]:
        assert find_candidates(Wanted(sites=sites, **options), "json", None) == 0
        said = capfdbinary.readouterr()
        assert said.err == b""
        return [json.loads(line) for line in said.out.splitlines()]

    return find


def test_guesses_come_ranked_a_site_with_the_shape_that_made_them(found):
    lines = found("somebrand.example", "https://www.other-brand.example/page", top=5)

    mine = [line for line in lines if line["site"] == "somebrand.example"]
    assert len(lines) == 10
    assert [line["rank"] for line in mine] == [1, 2, 3, 4, 5]
    assert [line["prior"] for line in mine] == sorted((line["prior"] for line in mine), reverse=True)
    assert mine[0]["sources"][0] | {"prior": 0} == {"source": "generator", "prior": 0, "seen_in": "{brand}"}
    assert "dns" not in mine[0]


def test_names_of_a_stream_are_merged_with_guesses_and_raise_their_prior(found, tmp_path):
    packed = tmp_path / "names.csv.gz"
    packed.write_bytes(gzip.compress(b"1,somebrand.com\n2,unrelated.example\n3,www.some-brand-tv.example\n"))

    lines = {line["name"]: line for line in found("somebrand.example", top=3, names=(str(packed),))}

    assert set(lines) >= {"somebrand.com", "some-brand-tv.example"}
    assert {one["source"] for one in lines["somebrand.com"]["sources"]} == {"generator", "certificate_log"}
    assert lines["somebrand.com"]["prior"] == pytest.approx(1 - 0.5 * 0.95)
    assert lines["some-brand-tv.example"]["sources"] == [
        {"source": "certificate_log", "prior": 0.05, "seen_in": str(packed)}
    ]


def test_standard_input_may_be_the_names(found, stdin):
    stdin(b"asite.com. 3600 in ns ns1.asite.net.\n")
    lines = found("a-site.example", top=0, names=("-",), names_source=Source.ZONE_FILE.value)

    assert [(line["name"], line["sources"][0]["source"]) for line in lines] == [
        ("asite.com", "zone_file"),
        ("asite.net", "zone_file"),
    ]


def test_standard_input_may_be_the_sites(found, stdin):
    stdin(b"# x\na.example\nb.example\n")

    assert {line["site"] for line in found(file="-", top=1)} == {"a.example", "b.example"}


def test_pages_and_typos_and_the_word(found, tmp_path):
    page = tmp_path / "list.html"
    page.write_text('<a href="https://mirror.example/">Somebrand mirror</a>')

    lines = found("somebrand-torrents.example", word="somebrand", top=0, typos=True, pages=(page,))

    assert lines[0]["name"] == "mirror.example"
    assert lines[0]["sources"][0]["source"] == "link_list"
    assert {one["source"] for line in lines[1:] for one in line["sources"]} == {"typo"}


def test_records_are_read_from_lines(found, tmp_path):
    document = json.loads((ROOT / "tests/goldens/demo-news.example/record.json").read_text())
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(document) + "\n")
    host = document["target"]["host"]

    assert found(host, top=0, records=(records,)) == []  # nobody shares anything with it

    (leaf,) = {entry["chain"][0]["sha256"] for entry in document["observations"] if entry.get("chain")}
    for entry in document["observations"]:
        for certificate in entry.get("chain", [])[:1]:
            certificate["names"] = [host, "*.mirror.example"]
    records.write_text(json.dumps(document) + "\n")

    (line,) = found(host, top=0, records=(records,))
    assert line["name"] == "mirror.example"
    assert line["sources"] == [{"source": "shared_certificate", "prior": 0.3, "seen_in": leaf}]


def test_the_program_prints_a_table_and_says_how_many_more():
    done = run("mirrors", "find", "somebrand.example", "--top", "80", environ={"COLUMNS": "120"})

    shown = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "somebrand.com" in shown
    assert "… and 30 more; --format json has all" in shown


def test_the_program_says_in_one_line_what_is_wrong():
    done = run("mirrors", "find", "192.0.2.1")

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"192.0.2.1: no domain that somebody registered; give the site's name, as in a.example\n"


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (Wanted(), "nothing to measure"),
        (Wanted(sites=("co.uk",)), "no domain that somebody registered"),
        (Wanted(sites=("a.example", "b.example"), word="x1"), "--word: is the word of one site"),
        (Wanted(sites=("a.example",), names=("/nonexistent",)), "/nonexistent: cannot be read"),
        (Wanted(sites=("a.example",), pages=(Path("/nonexistent"),)), "/nonexistent: cannot be read"),
        (Wanted(sites=("a.example",), records=(Path("/nonexistent"),)), "/nonexistent: cannot be read"),
        (Wanted(file="-", names=("-",)), "standard input cannot be both"),
    ],
)
def test_bad_input_is_one_line(wanted, line, capfdbinary):
    with pytest.raises(BlockprobeError) as fault:
        find_candidates(wanted, "json", None)

    assert line in str(fault.value)
    assert "\n" not in str(fault.value)
    assert capfdbinary.readouterr().out == b""


def test_what_can_be_read_counts_and_the_rest_is_named(tmp_path, stdin, capfdbinary):
    broken, records = tmp_path / "names.gz", tmp_path / "records.jsonl"
    broken.write_bytes(gzip.compress(b"somebrand.com\n" * 200_000)[:300])
    records.write_text('{"schema": 3}\n')
    stdin(b"192.0.2.1\n")
    wanted = Wanted(sites=("somebrand.example",), top=0, names=(str(broken),), records=(records,), file="-")

    assert find_candidates(wanted, "json", None) == 2

    said = capfdbinary.readouterr()
    assert [json.loads(line)["name"] for line in said.out.splitlines()] == ["somebrand.com"]
    complaints = said.err.decode()
    assert "names.gz: broken gzip" in complaints
    assert "records.jsonl:1: " in complaints
    assert "192.0.2.1: no domain" in complaints


def test_a_list_of_sites_without_any_is_a_fault(tmp_path):
    (tmp_path / "sites").write_text("# none yet\n")

    with pytest.raises(BlockprobeError, match="sites: no target in it; write one a line"):
        find_candidates(Wanted(file=str(tmp_path / "sites")), "json", None)
