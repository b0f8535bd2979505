"""Features travel as bytes; bytes that are no features are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.features import KINDS, Facts, Features
from blockprobe.mirrors.packed import MAX_PACKED_BYTES, pack_features, unpack_features
from blockprobe.mirrors.signs import SIGNS

numbers = st.integers(min_value=0, max_value=2**32 - 1)
features = st.builds(
    Features,
    marks=st.tuples(*(st.frozensets(numbers, max_size=20) for _ in KINDS)),
    facts=st.builds(
        Facts,
        **dict.fromkeys(("words", "links", "passwords", "downloads", "scripts"), numbers),
        signs=st.frozensets(st.sampled_from(sorted(SIGNS))),
    ),
)


@given(features)
def test_what_is_packed_is_what_is_unpacked(one):
    assert unpack_features(pack_features(one)) == one


@given(st.binary(max_size=300))
def test_any_other_bytes_are_features_or_refused(data):
    try:
        found = unpack_features(data)
    except ValueError:
        return
    assert unpack_features(pack_features(found)) == found


def test_what_is_cut_or_too_long_is_refused():
    packed = pack_features(Features(marks=(frozenset({1, 2}),) * len(KINDS)))

    for wrong in (packed[:-1], packed + b"\0", b"", packed + b"\0" * MAX_PACKED_BYTES):
        with pytest.raises(ValueError, match="features"):
            unpack_features(wrong)
