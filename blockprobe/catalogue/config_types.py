"""The shape of the configuration: sections, keys and types, read off the dataclasses of `model.settings`."""

import math
import types
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from blockprobe.model.settings import PublicResolver, Settings

#: Section name to dataclass.
SECTIONS: dict[str, type[Any]] = {name: hint for name, hint in get_type_hints(Settings).items()}

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", dict: "a table", list: "a list"}


class UnfitValue(Exception):
    """A value that its key does not take; `faults` say what is wrong and what to write, one line each."""

    def __init__(self, *faults: str) -> None:
        """Hold all `faults`."""
        super().__init__("; ".join(faults))
        self.faults = faults


@cache
def hints_of(section: str) -> dict[str, Any]:
    """The keys of a section and their types."""
    return get_type_hints(SECTIONS[section])


def convert(value: Any, hint: Any) -> Any:
    """`value` as the type `hint`; raises UnfitValue. A single value stands for a list of one."""
    if get_origin(hint) in (Union, types.UnionType):
        return convert(value, next(one for one in get_args(hint) if one is not type(None)))
    if get_origin(hint) is Literal:
        return _choice(value, get_args(hint))
    if get_origin(hint) is tuple:
        return tuple(convert(one, get_args(hint)[0]) for one in (value if isinstance(value, list | tuple) else [value]))
    if is_dataclass(hint):
        return _table(value, hint)
    return _scalar(value, hint)


def _scalar(value: Any, hint: Any) -> Any:
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(value, hint) and (hint is bool or not isinstance(value, bool)) and hint is not float:
        return value
    raise UnfitValue(f"must be {_WORDS[hint]}, not {_named(value)}")


def _choice(value: Any, choices: tuple[str, ...]) -> str:
    if value in choices:
        return str(value)
    close = get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    guess = f"; did you mean {close[0]!r}?" if close else ""
    raise UnfitValue(f"must be one of {', '.join(choices)}, not {_named(value)}{guess}")


def _table(value: Any, cls: Any) -> Any:
    if isinstance(value, str):
        value = {"url": value}  # the only nested table is a resolver, and a URL alone says it all
    if not isinstance(value, dict):
        raise UnfitValue(f"must be a table with url, not {_named(value)}")
    known = get_type_hints(cls)
    for key in value:
        if key not in known:
            raise UnfitValue(f"no such key {key!r}; it takes {', '.join(known)}")
    for one in fields(cls):
        if one.name == "url" and "url" not in value:
            raise UnfitValue('has no url; write url = "udp://203.0.113.208"')
    return PublicResolver(**{key: convert(one, known[key]) for key, one in value.items()})


def _named(value: Any) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    word = next((word for kind, word in _WORDS.items() if type(value) is kind), type(value).__name__)
    return f"{word} ({value})" if isinstance(value, int | float) else word
