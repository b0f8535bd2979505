"""`blockprobe mirrors classify` as users meet it."""

import json
from pathlib import Path

import pytest

from blockprobe.store.lock import Lock
from tests.cli.program import run
from tests.mirrors.made_corpus import write_corpus
from tests.mirrors.made_pages import Site

SITE = Site(family="table", seed=0)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "site.html").write_text(SITE.page())
    (tmp_path / "copy.html").write_text(SITE.page().replace(SITE.host, "elsewhere.example"))
    (tmp_path / "sale.html").write_text("<h1>This domain is for sale</h1>")
    return tmp_path


def test_a_corpus_gives_a_document_a_line(tmp_path):
    labels = write_corpus(tmp_path)
    data = json.loads(labels.read_text())
    labels.write_text(json.dumps({"sites": data["sites"], "pairs": data["pairs"][:6]}))

    done = run("mirrors", "classify", "--corpus", str(labels), "--format", "json")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, b"")
    assert [line["id"] for line in lines] == [pair["id"] for pair in data["pairs"][:6]]
    assert all({"id", "p_copy", "class", "band", "features"} <= set(line) for line in lines)


def test_a_table_says_in_words_why(pages):
    done = run(
        *("mirrors", "classify", "--reference", str(pages / "site.html")),
        *("--candidate", str(pages / "copy.html"), str(pages / "sale.html")),
        environ={"COLUMNS": "200"},
    )

    shown = done.stdout.decode()
    assert done.returncode == 0
    assert "copy_live_unknown" in shown
    assert "parked" in shown
    assert "never tells who runs it or whether it is live" in " ".join(shown.split())


def test_a_source_or_a_prior_moves_the_probability(pages):
    def p_copy(*options: str) -> float:
        files = ("--reference", str(pages / "site.html"), "--candidate", str(pages / "copy.html"))
        done = run("mirrors", "classify", *files, "--format", "json", "--host", "elsewhere.example", *options)
        document = json.loads(done.stdout)
        assert document["id"] == "elsewhere.example"
        return float(document["p_copy"])

    assert p_copy("--source", "generator") == p_copy("--prior", "0.02") < p_copy()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ((), "nothing to compare"),
        (("--reference", "r.html"), "nothing to compare"),
        (("--corpus", "none.json"), "none.json: cannot be read"),
        (("--corpus", "c.json", "--candidate", "x.html"), "--corpus: the labels file names all pages"),
        (("--reference", "r.html", "--candidate", "a", "b", "--host", "h"), "--host: names one candidate"),
        (("--reference", "r.html", "--candidate", "a", "--prior", "1"), "--prior 1.0: not between 0 and 1"),
        (("--reference", "r.html", "--candidate", "a", "--source", "hearsay"), "--source hearsay: unknown"),
        (("--reference", "none.html", "--candidate", "a"), "none.html: cannot be read"),
    ],
)
def test_a_wrong_option_is_one_line_and_status_2(options, fault):
    done = run("mirrors", "classify", *options)

    assert done.returncode == 2
    assert fault in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_watching_leaves_the_book_of_a_running_agent_alone(tmp_path):
    config = tmp_path / "probe.toml"
    config.write_text('[helper]\nurls = ["https://192.0.2.1/"]\n')
    lock = Lock(tmp_path)
    lock.take()
    try:
        done = run("mirrors", "watch", "a.example", "--store", str(tmp_path), "--config", str(config))
    finally:
        lock.release()

    assert done.returncode == 2
    assert b"another process writes into this store" in done.stderr
