"""Slips of the finger in a site's name: one letter missing, doubled, swapped, replaced by its neighbour or its double.

Of mirrors' names hardly any is a typo (3 of 252 known ones are among 5,214 of dnstwist's); lures' more often are.
"""

from collections.abc import Iterator

from blockprobe.mirrors.brand import Brand

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_LOOKALIKES = {"o": "0", "0": "o", "l": "1i", "1": "li", "i": "1l", "m": "rn", "w": "vv", "s": "5", "e": "3", "a": "4"}


def typos(brand: Brand) -> tuple[str, ...]:
    """Names one slip away from the site's own, under its own suffix, in the order of the kinds above."""
    label = brand.label
    if label.startswith("xn--"):
        return ()
    slips = dict.fromkeys(slip for slip in _slips(label) if slip != label and not (slip[0] == "-" or slip[-1] == "-"))
    return tuple(f"{slip}.{brand.suffix}" for slip in slips if len(slip) <= 63)


def _slips(label: str) -> Iterator[str]:
    places = range(len(label))
    if len(label) > 2:
        yield from (label[:at] + label[at + 1 :] for at in places)
    yield from (label[:at] + label[at] + label[at:] for at in places)
    yield from (label[:at] + label[at + 1] + label[at] + label[at + 2 :] for at in places[:-1])
    for at in places:
        yield from (label[:at] + other + label[at + 1 :] for other in _neighbours(label[at]))
        for other in _LOOKALIKES.get(label[at], "") if label[at] not in "mw" else (_LOOKALIKES[label[at]],):
            yield label[:at] + other + label[at + 1 :]


def _neighbours(letter: str) -> str:
    for row in _ROWS:
        if letter in row:
            at = row.index(letter)
            return row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    return ""
