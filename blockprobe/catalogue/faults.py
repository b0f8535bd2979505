"""What is wrong with a catalogue: all of it at once, a line each."""

from difflib import get_close_matches

from blockprobe.model.errors import ConfigError


class CatalogueFaults(ConfigError):
    """Everything that is wrong with orders, networks, plans or a calendar: `faults`, one line each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        """Hold all `faults`; the text of the exception is one fault a line."""
        super().__init__("\n".join(faults))
        self.faults = faults


def nearest(wrong: str, known: list[str], otherwise: str) -> str:
    """A remedy for a word that is none of the `known`: the one probably meant, or else `otherwise`."""
    close = get_close_matches(wrong, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else otherwise
