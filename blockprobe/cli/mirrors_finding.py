"""The work of `blockprobe mirrors find`: sites to brands, sources to candidates, candidates to lines or a table."""

from dataclasses import dataclass
from pathlib import Path

from blockprobe.cli.configuration import read_settings
from blockprobe.cli.mirrors_records import read_records
from blockprobe.cli.options import PlainFormat
from blockprobe.cli.output import write_line
from blockprobe.cli.process import Exit, complain
from blockprobe.cli.render.candidates import candidate_line, print_candidates
from blockprobe.cli.target_list import Overrides, opened, read_targets
from blockprobe.mirrors.brand import Brand, brand_of
from blockprobe.mirrors.candidates import MAX_NAMES, Candidates, Merged
from blockprobe.mirrors.generate import guesses, prior_of
from blockprobe.mirrors.harvest import Harvest
from blockprobe.mirrors.link_pages import MAX_PAGE_BYTES, listed_candidates
from blockprobe.mirrors.name_filter import NameFilter
from blockprobe.mirrors.name_lines import Tally, unpacked
from blockprobe.mirrors.priors import PRIORS
from blockprobe.mirrors.shapes import shipped_tables
from blockprobe.mirrors.typos import typos
from blockprobe.model.errors import ConfigError, TargetError
from blockprobe.model.mirror import Candidate, NameLook, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asked for."""

    sites: tuple[str, ...] = ()
    file: str | None = None
    word: str | None = None
    top: int = 3000
    typos: bool = False
    names: tuple[str, ...] = ()
    names_source: str = Source.CERTIFICATE_LOG.value
    column: int | None = None
    pages: tuple[Path, ...] = ()
    records: tuple[Path, ...] = ()
    resolve: bool = False


def find_candidates(wanted: Wanted, format_: PlainFormat, config: str | None) -> int:
    """Collect, look up if asked to, and print; raises TargetError or ConfigError before anything is printed."""
    if wanted.file == "-" and "-" in wanted.names:
        raise ConfigError("--file - and --names -: standard input cannot be both; write one of them to a file")
    settings = read_settings(config)
    brands, whole = _brands(wanted)
    candidates = Candidates()
    status = Exit.DONE if whole else Exit.USAGE
    try:
        if not _collect(wanted, brands, candidates):
            status = Exit.USAGE
    except KeyboardInterrupt:  # a feed without an end: what was read by now counts
        status = Exit.INTERRUPTED
    if candidates.dropped:
        complain(f"{candidates.dropped} names beyond the first {MAX_NAMES} were dropped; give fewer sites or sources")
    merged = candidates.merged()
    looks: dict[str, NameLook] = {}
    if wanted.resolve and status is not Exit.INTERRUPTED:
        from blockprobe.cli.mirrors_resolving import look_up

        if look_up(settings, [one.name for one in merged], looks):
            status = Exit.INTERRUPTED
    _print(merged, looks, format_, brands)
    return status


def _brands(wanted: Wanted) -> tuple[tuple[Brand, ...], bool]:
    """A brand a site, and whether every line of the list could be used."""
    listed = read_targets(wanted.sites, wanted.file, Overrides())
    found: dict[str, Brand] = {}
    faults = list(listed.faults)
    for target in listed.targets:
        try:
            brand = brand_of(target.host, wanted.word or "")
        except TargetError as error:
            if target.input in wanted.sites or wanted.word:
                raise
            faults.append(str(error))
            continue
        found.setdefault(brand.site, brand)
    if wanted.word is not None and len(found) != 1:
        raise ConfigError("--word: is the word of one site; give one SITE, or leave it away")
    complain("\n".join(faults))
    return tuple(found.values()), not faults


def _collect(wanted: Wanted, brands: tuple[Brand, ...], candidates: Candidates) -> bool:
    """Everything from every source; false where a file could not be used in full."""
    tables = shipped_tables()
    names = NameFilter(brands, tables)
    for brand in brands:
        for guess in guesses(brand, tables, wanted.top):
            prior = prior_of(guess, tables)
            candidates.add(_candidate(guess.name, brand.site, Source.GENERATOR, prior, guess.shape))
        for name in typos(brand) if wanted.typos else ():
            candidates.add(_candidate(name, brand.site, Source.TYPO, PRIORS[Source.TYPO], "one slip"))
    good = True
    for page in wanted.pages:
        with opened(str(page)) as stream:
            for one in listed_candidates(stream.read(MAX_PAGE_BYTES), brands, names, str(page)):
                candidates.add(one)
    harvest = Harvest(brands, names)
    for path in wanted.records:
        good &= read_records(path, harvest.add)
    for one in harvest.candidates():
        candidates.add(one)
    for file in wanted.names:
        good &= _add_names(file, wanted, names, candidates)
    return good


def _add_names(file: str, wanted: Wanted, names: NameFilter, candidates: Candidates) -> bool:
    source, shown = Source(wanted.names_source), "standard input" if file == "-" else file
    tally = Tally()
    with opened(file) as stream:
        for match in names.matches_in(unpacked(stream), tally, wanted.column):
            candidates.add(_candidate(match.name, match.brand.site, source, PRIORS[source], shown))
    if tally.long_lines:
        complain(f"{shown}: {tally.long_lines} lines of more than 65536 bytes were left out")
    if tally.broken:
        complain(f"{shown}: {tally.broken}")
    return not tally.broken


def _candidate(name: str, site: str, source: Source, prior: float, seen_in: str) -> Candidate:
    return Candidate(name=name, site=site, source=source, prior=prior, seen_in=seen_in)


def _print(
    merged: tuple[Merged, ...], looks: dict[str, NameLook], format_: PlainFormat, brands: tuple[Brand, ...]
) -> None:
    if format_ == "json":
        ranks = dict.fromkeys((brand.site for brand in brands), 0)
        for one in merged:
            ranks[one.site] += 1
            write_line(candidate_line(one, ranks[one.site], looks.get(one.name)))
        return
    from blockprobe.cli.render.console import people

    print_candidates(people(), merged, looks)
