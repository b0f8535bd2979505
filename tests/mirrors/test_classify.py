"""The whole way from saved pages to judgements, on made-up sites and on four real pages."""

import json
import random
from pathlib import Path

import pytest

from blockprobe.mirrors.classify import Task, background_files, classify_corpus, classify_pages, document
from blockprobe.mirrors.saved import read_corpus
from blockprobe.model.errors import ConfigError
from blockprobe.model.mirror import MirrorClass
from tests.mirrors.made_corpus import write_corpus

NATURAL = Path(__file__).parent / "natural"
LABELS = ("label", "subtype", "copy", "group", "origin", "obs_simulated")
COPY = MirrorClass.COPY_LIVE_UNKNOWN


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def told(labels):
    return {id_: document(id_, judgement) for id_, judgement in classify_corpus(read_corpus(labels))}


def test_copies_are_told_from_other_pages_of_made_up_sites(labels, told):
    pairs = json.loads(labels.read_text())["pairs"]
    p_of = {copy: [told[pair["id"]]["p_copy"] for pair in pairs if pair["copy"] == copy] for copy in (0, 1)}
    wrong = sum(low >= high for low in p_of[0] for high in p_of[1])
    brier = sum((p - copy) ** 2 for copy, ps in p_of.items() for p in ps) / len(pairs)

    assert wrong / (len(p_of[0]) * len(p_of[1])) <= 0.002  # 1 - AUC
    assert brier <= 0.02
    assert max(p_of[0]) < 0.5, "a page that is none was called a copy"


def test_pages_without_the_sites_content_have_the_class_they_show(labels, told):
    pairs = json.loads(labels.read_text())["pairs"]
    shown = [(pair["label"], told[pair["id"]]["class"]) for pair in pairs if not pair["copy"]]
    right = {label: [class_ == label for was, class_ in shown if was == label] for label, _ in shown}

    for label in ("parked", "block_page", "undetermined", "unrelated"):
        assert all(right[label])
    assert sum(right["phish_lure"]) >= 0.85 * len(right["phish_lure"])  # a brand that another site has is no brand


def test_no_label_leaks_into_an_answer(labels, told, tmp_path):
    data = json.loads(labels.read_text())
    kept = random.Random(3).sample(data["pairs"], 25)
    for pair, other in zip(kept, random.Random(4).sample(data["pairs"], len(kept)), strict=True):
        for key in LABELS:
            if pair["id"] < other["id"]:
                pair[key] = other.get(key)
            else:
                pair.pop(key, None)
    for site in data["sites"]:
        del site["brand"], site["host"]
    (tmp_path / "pages").symlink_to(labels.parent / "pages")
    (tmp_path / "labels.json").write_text(json.dumps({"sites": data["sites"], "pairs": kept}))

    again = {id_: document(id_, judgement) for id_, judgement in classify_corpus(read_corpus(tmp_path / "labels.json"))}

    assert again == {pair["id"]: told[pair["id"]] for pair in kept}


def test_real_pages_of_one_theme_are_no_copies_of_each_other_and_a_moved_page_is_one(tmp_path):
    pages = sorted(NATURAL.glob("*.html.gz"))
    assert len(pages) == 4
    for page in pages:
        task = Task(reference=(page,))
        judged = {file.name: judgement for file, judgement in classify_pages(task, pages)}

        assert {name: judgement.class_ for name, judgement in judged.items()} == {
            other.name: COPY if other == page else MirrorClass.UNRELATED for other in pages
        }


def test_a_background_of_the_same_theme_keeps_it_from_looking_like_a_copy(labels):
    pages = labels.parent / "pages"
    candidates = [pages / f"tiny{number}-ref.html.gz" for number in (3, 4)]
    known = tuple(pages / f"tiny{number}-ref.html.gz" for number in (1, 2))
    more = tuple(pages / f"{family}0-ref.html.gz" for family in ("cards", "forum", "table"))
    alone, backed = (
        [judgement.p_copy for _, judgement in classify_pages(task, candidates)]
        for task in (
            Task(reference=(pages / "tiny0-ref.html.gz",)),
            Task(reference=(pages / "tiny0-ref.html.gz",), background=known + more),
        )
    )

    assert all(b < a for a, b in zip(alone, backed, strict=True))
    assert max(backed) < 0.25


def test_the_files_of_a_background_folder_are_its_pages(tmp_path):
    for name in ("b.html", "a.html.gz", "deep/c.htm", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    assert [file.name for file in background_files(tmp_path)] == ["a.html.gz", "b.html", "c.htm"]
    assert background_files(tmp_path / "b.html") == (tmp_path / "b.html",)


def test_a_reference_that_cannot_be_read_is_a_fault_of_the_user(tmp_path):
    (tmp_path / "deep.html").write_bytes(b"<div>" * 12_000 + b"x")

    with pytest.raises(ConfigError, match=r"deep\.html: no page that can be read"):
        list(classify_pages(Task(reference=(tmp_path / "deep.html",)), []))


def test_bytes_that_are_no_text_are_no_page_and_no_reference(tmp_path):
    page, noise = sorted(NATURAL.glob("*.html.gz"))[0], tmp_path / "noise.bin"
    noise.write_bytes(random.Random(5).randbytes(2000))

    [(_, judgement)] = classify_pages(Task(reference=(page,)), [noise])

    assert (judgement.class_, judgement.because) == (MirrorClass.UNDETERMINED, "no_page: bytes that are no text")
    with pytest.raises(ConfigError, match=r"noise\.bin: no page, .*; save the site's front page as HTML"):
        list(classify_pages(Task(reference=(noise,)), [page]))
