from itertools import islice

import pytest

from blockprobe.mirrors.shapes import DIGITS, SHAPES, SUFFIXES, shipped_tables


def test_the_bare_word_leads_the_shipped_tables():
    tables = shipped_tables()

    assert next(iter(tables.shapes)) == "{brand}"
    assert [shape for shape in tables.shapes if shape.count("{brand}") != 1] == []
    assert 0.75 < sum(tables.shapes.values()) < 1  # what 500 shapes leave out is rarer than 1 in 8,000
    assert sum(tables.digits.values()) == pytest.approx(1, abs=1e-4)
    assert sum(tables.numbers.values()) == pytest.approx(1, abs=1e-4)
    assert "com" in islice(tables.suffixes, 3)


def test_the_tables_can_be_read_by_people():
    assert SHAPES.strip().startswith("{brand} ")
    assert max(map(len, (SHAPES + SUFFIXES + DIGITS).splitlines())) <= 120
