"""docs/verdicts.md explains every public word, each in a row of a table."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from blockprobe.model import words

TEXT = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text(encoding="utf-8")
ENUMS = [
    one for one in vars(words).values() if isinstance(one, type) and issubclass(one, StrEnum) and one is not StrEnum
]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_every_public_value_is_explained(enum: type[StrEnum]) -> None:
    rows = set(re.findall(r"^\| `([a-z_.0-9]+)` \| ", TEXT, re.MULTILINE))
    missing = {value.value for value in enum} - rows

    if enum is words.Layer:
        missing = {value for value in missing if f"`{value}`" not in TEXT}
    assert not missing


def test_no_row_explains_a_word_that_is_none() -> None:
    known = {value.value for enum in ENUMS for value in enum}
    rows = re.findall(r"^\| `([a-z_.0-9]+)` \| ", TEXT, re.MULTILINE)

    assert set(rows) - known == {"line_state", "site_state", "state", "by", "cause", "basis"} & set(rows)
