"""`mirrors classify` on saved pages: reads them in the child, holds each against its reference, yields judgements."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blockprobe.mirrors.background import Reference, background_of, reference_of
from blockprobe.mirrors.common import common_marks
from blockprobe.mirrors.features import Features
from blockprobe.mirrors.offline import Judgement, judge_page, no_page
from blockprobe.mirrors.reader import PageReader
from blockprobe.mirrors.saved import Corpus, is_text, read_saved
from blockprobe.mirrors.weights import SHARE_OF_COPIES
from blockprobe.model.errors import ConfigError

Notice = Callable[[bytes], str]
"""Which known block page the bytes of a page are: a fingerprint's id, or an empty text."""


def no_notice(page: bytes) -> str:
    """Knows no block page."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What candidates are held against: the pages of the reference, further background, and the prior."""

    reference: tuple[Path, ...]
    background: tuple[Path, ...] = ()
    prior: float = SHARE_OF_COPIES


def classify_corpus(
    corpus: Corpus, *, prior: float = SHARE_OF_COPIES, notice: Notice = no_notice
) -> Iterator[tuple[str, Judgement]]:
    """(id, judgement) for each pair; the background of a site is the references of all others, and the common marks."""
    with PageReader() as reader:
        pages = {site.name: _references(reader, site.pages) for site in corpus.sites}
        background = background_of(pages.values(), common=common_marks())
        references = {name: reference_of(own, background, inside=True) for name, own in pages.items()}
        judged = _judge(reader, [(references[pair.site], pair.page) for pair in corpus.pairs], prior, notice)
        yield from zip((pair.id for pair in corpus.pairs), judged, strict=True)


def classify_pages(
    task: Task, candidates: Iterable[Path], *, notice: Notice = no_notice
) -> Iterator[tuple[Path, Judgement]]:
    """(file, judgement) for each candidate page."""
    with PageReader() as reader:
        others = [[page] for page in _readable(reader, task.background)]
        background = background_of(others, common=common_marks())
        reference = reference_of(_references(reader, task.reference), background, inside=False)
        files = list(candidates)
        judged = _judge(reader, [(reference, file) for file in files], task.prior, notice)
        yield from zip(files, judged, strict=True)


def document(id_: str, judgement: Judgement) -> dict[str, Any]:
    """One line of `--format json`."""
    return {
        "id": id_,
        "p_copy": round(judgement.p_copy, 6),
        "class": judgement.class_.value,
        "band": judgement.band.value,
        "because": judgement.because,
        "features": judgement.features,
    }


def background_files(path: Path) -> tuple[Path, ...]:
    """The pages of `--background`: the file itself, or every `*.html`, `*.htm` and `*.gz` below a folder, sorted."""
    if not path.is_dir():
        return (path,)
    return tuple(sorted(file for file in path.rglob("*") if file.suffix in (".html", ".htm", ".gz") and file.is_file()))


def _references(reader: PageReader, files: Sequence[Path]) -> list[Features]:
    for file in files:
        if not is_text(read_saved(file)):
            raise ConfigError(f"{file}: no page, but bytes that are no text; save the site's front page as HTML")
    found = list(_readable(reader, files))
    if not found:
        raise ConfigError(f"{files[0]}: no page that can be read within the limits; save the reference again")
    return found


def _readable(reader: PageReader, files: Iterable[Path]) -> Iterator[Features]:
    return (page for page in reader.read_all(map(read_saved, files)) if page is not None)


def _judge(
    reader: PageReader, pairs: Iterable[tuple[Reference, Path]], prior: float, notice: Notice
) -> Iterator[Judgement]:
    """A judgement for each reference and candidate; the reader takes a few candidates ahead of it."""
    waiting: deque[tuple[Reference, str, bool]] = deque()

    def pages() -> Iterator[bytes]:
        for reference, file in pairs:
            raw = read_saved(file)
            waiting.append((reference, notice(raw), is_text(raw)))
            yield raw if waiting[-1][2] else b""

    for page in reader.read_all(pages(), whole=False):
        reference, known, is_page = waiting.popleft()
        yield judge_page(reference, page, prior=prior, notice=known) if is_page else no_page(prior)
