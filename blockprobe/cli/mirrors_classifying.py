"""The work of `blockprobe mirrors classify`: options to tasks, judgements to lines or a table."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blockprobe.cli.configuration import read_settings
from blockprobe.cli.knowledge import load_knowledge
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.output import write_line
from blockprobe.cli.process import Exit
from blockprobe.mirrors.classify import Notice, Task, background_files, classify_corpus, classify_pages, document
from blockprobe.mirrors.offline import Judgement
from blockprobe.mirrors.priors import PRIORS
from blockprobe.mirrors.saved import read_corpus
from blockprobe.mirrors.weights import SHARE_OF_COPIES
from blockprobe.model.errors import ConfigError
from blockprobe.model.mirror import Source
from blockprobe.verdict.fingerprint import match_http
from blockprobe.verdict.sketch import title_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asked for."""

    references: tuple[Path, ...] = ()
    candidates: tuple[Path, ...] = ()
    corpus: Path | None = None
    background: tuple[Path, ...] = ()
    host: str | None = None
    source: str | None = None
    prior: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """The options of --live as they were typed."""

    site: str | None = None
    hosts: tuple[str, ...] = ()
    via: str | None = None
    address: str | None = None
    own_addresses: tuple[str, ...] = ()
    state: Path | None = None

    def refuse(self) -> None:
        """Raise ConfigError when one of them is used without --live."""
        if self.via or self.address or self.own_addresses or self.state:
            raise ConfigError(
                "--reference-via, --reference-address, --origin-address and --state belong to --live SITE; add it"
            )


def classify_hosts(wanted: Wanted, options: LiveOptions, format_: PlainFormat, config: str | None) -> int:
    """Test hosts and print; raises ConfigError for options that do not fit together."""
    from blockprobe.cli.mirrors_live import Live, classify_live

    if wanted.corpus is not None or wanted.candidates or wanted.host is not None:
        raise ConfigError("--live: tests hosts, named as arguments; leave --corpus, --candidate and --host away")
    live = Live(
        site=options.site or "",
        candidates=options.hosts,
        via=options.via,
        address=options.address,
        own_addresses=options.own_addresses,
        state=options.state,
        saved=wanted.references,
        background=tuple(file for path in wanted.background for file in background_files(path)),
        prior=_prior(wanted),
    )
    return classify_live(live, read_settings(config), _known_notices(config), format_)


def classify_saved(wanted: Wanted, format_: PlainFormat, config: str | None) -> int:
    """Classify and print; raises ConfigError for options that do not fit together and files that cannot be read."""
    judged = _judged(wanted, _known_notices(config))
    if format_ == "json":
        for id_, judgement in judged:
            write_line(json.dumps(document(id_, judgement), ensure_ascii=False).encode())
        return Exit.DONE
    from blockprobe.cli.render.console import people
    from blockprobe.cli.render.mirror_table import print_judgements

    print_judgements(people(), tuple(judged))
    return Exit.DONE


def _judged(wanted: Wanted, notice: Notice) -> Iterator[tuple[str, Judgement]]:
    prior = _prior(wanted)
    if wanted.corpus is not None:
        if wanted.references or wanted.candidates or wanted.background:
            raise ConfigError("--corpus: the labels file names all pages; leave --reference and --candidate away")
        return classify_corpus(read_corpus(wanted.corpus), prior=prior, notice=notice)
    if not wanted.references or not wanted.candidates:
        raise ConfigError("nothing to compare: give --reference FILE and --candidate FILE, or --corpus LABELS")
    if wanted.host is not None and len(wanted.candidates) > 1:
        raise ConfigError("--host: names one candidate, and there are several; leave it away")
    pages = tuple(file for path in wanted.background for file in background_files(path))
    task = Task(reference=wanted.references, background=pages, prior=prior)
    found = classify_pages(task, wanted.candidates, notice=notice)
    return ((wanted.host or str(file), judgement) for file, judgement in found)


def _prior(wanted: Wanted) -> float:
    if wanted.prior is not None:
        if not 0 < wanted.prior < 1:
            raise ConfigError(f"--prior {wanted.prior}: not between 0 and 1; give a chance such as 0.05")
        return wanted.prior
    if wanted.source is None:
        return SHARE_OF_COPIES
    if wanted.source not in list(Source):
        raise ConfigError(f"--source {wanted.source}: unknown; one of {', '.join(Source)}")
    return PRIORS[Source(wanted.source)]


def _known_notices(config: str | None) -> Notice:
    """Recognises the block pages of the catalogue's fingerprints in the bytes of a page."""
    fingerprints = load_knowledge(read_settings(config)).fingerprints

    def notice(page: bytes) -> str:
        text = page.decode("utf-8", "replace")
        found = match_http(
            fingerprints, title=title_of(text), body=text, headers=(), location=None, body_bytes=len(page)
        )
        return found.id if found else ""

    return notice
