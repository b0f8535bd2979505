"""A site's name taken apart: the word by which its mirrors are known, and the forms in which that word is written."""

import re
from dataclasses import dataclass

from blockprobe.mirrors.suffixes import host_in, registrable, split_registrable
from blockprobe.model.errors import TargetError
from blockprobe.model.target import parse_target, shown

#: A shorter word is part of so many strangers' names that it must stand alone between hyphens, digits or the ends.
MIN_FREE_STEM = 5
#: What is left of a name without "the" must be this long to be its word ("theverge" is not "verge").
_MIN_WITHOUT_THE = 6
#: How much less often a name is written otherwise than its owner does; learned by bench/mirrors_learn.py's runs.
WHOLE, UNHYPHENATED, HYPHENATED = 0.5, 1.0, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """`site` is its registrable domain, `label` and `suffix` the parts of it; `stem` the word without hyphens.

    `forms` are spellings of the word with their weights: the generator puts each into every shape.
    """

    site: str
    label: str
    suffix: str
    stem: str
    forms: tuple[tuple[str, float], ...]

    @property
    def short(self) -> bool:
        """Whether the word must stand alone to count."""
        return len(self.stem) < MIN_FREE_STEM


def brand_of(site: str, word: str = "") -> Brand:
    """The brand of a domain or URL; raises TargetError with one line for an address or a public suffix.

    `word` is the word that its mirrors share where that is not the whole label (`kickass` of kickasstorrents.to).
    """
    host = parse_target(site).host
    name = host_in(host)
    parts = split_registrable(name) if name else None
    if name is None or parts is None:
        raise TargetError(f"{host}: no domain that somebody registered; give the site's name, as in a.example")
    label, suffix = parts
    word = _spelled(word, label) if word else _without_the(label)
    return Brand(
        site=registrable(name) or name,
        label=label,
        suffix=suffix,
        stem=word.replace("-", ""),
        forms=tuple(_forms(label, word).items()),
    )


def _spelled(word: str, label: str) -> str:
    """The word with the hyphens that it has in the label, or as it was given where it is not in there."""
    stem = word.strip().lower().replace("-", "")
    if not re.fullmatch("[a-z0-9]{2,59}", stem):
        raise TargetError(f"{shown(word)}: no word of a host name; give 2 to 59 letters and digits")
    found = re.search("-?".join(stem), label)
    return found[0] if found else stem


def _without_the(label: str) -> str:
    rest = label.removeprefix("the").removeprefix("-")
    return rest if label.startswith("the") and len(rest) >= _MIN_WITHOUT_THE else label


def _forms(label: str, word: str) -> dict[str, float]:
    """The word, the whole label, and both with their hyphens taken out, or with one put in at each place."""
    forms = {word: 1.0}
    forms.setdefault(label, WHOLE)
    for form, weight in tuple(forms.items()):
        if form.startswith("xn--"):
            continue
        if "-" in form:
            forms.setdefault(form.replace("-", ""), weight * UNHYPHENATED)
        for at in range(1, len(form)) if "-" not in form else ():
            forms.setdefault(f"{form[:at]}-{form[at:]}", weight * HYPHENATED / (len(form) - 1))
    return forms
