"""The shipped marks are read back as they were written, and a cut file is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.common import PATH, common_marks, pack, unpack
from blockprobe.mirrors.features import KINDS

numbers = st.frozensets(st.integers(min_value=0, max_value=2**32 - 1), max_size=20)


@given(st.tuples(*(numbers for _ in KINDS)))
def test_what_is_packed_is_what_is_unpacked(kinds):
    assert unpack(pack(kinds)) == kinds


def test_a_cut_file_is_refused():
    whole = pack(tuple(frozenset({place}) for place in range(len(KINDS))))

    for cut in (whole[:-4], whole[:-1], b""):
        with pytest.raises(ValueError, match=r"cut|multiple"):
            unpack(cut)


def test_the_shipped_marks_are_few_and_of_every_kind():
    assert PATH.stat().st_size <= 200_000
    assert all(len(marks) > 100 for marks in common_marks())
