"""Any value of a model class, for properties: what JSON can carry, in sizes that keep a run short."""

import types
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
FLOATS = st.integers(-(10**9), 10**9).map(lambda micro: micro / 1_000_000)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(-(2**53), 2**53),
    float: FLOATS,
    bool: st.booleans(),
    types.NoneType: st.none(),
    datetime: st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
}


@cache
def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type that the model uses."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin in (Union, types.UnionType):
        return st.one_of(*(any_of(one) for one in arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return _tuples(arguments)
    if origin is dict:
        return st.dictionaries(any_of(arguments[0]), any_of(arguments[1]), max_size=2)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint), hint
    hints = get_type_hints(hint)
    return st.builds(hint, **{one.name: any_of(hints[one.name]) for one in fields(hint)})


def _tuples(arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if arguments[-1] is Ellipsis:
        return st.lists(any_of(arguments[0]), max_size=2).map(tuple)
    return st.tuples(*(any_of(one) for one in arguments))
