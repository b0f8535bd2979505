"""What a neutral name looks like."""

from hypothesis import example, given
from hypothesis import strategies as st

from blockprobe.measure.case import neutral_like

_LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=63)


@example(labels=["0" * 31, "0" * 32], tld="example")  # 64 with the dot: the second label would be empty
@example(labels=["0" * 63, "0" * 63, "0" * 63], tld="com")
@given(st.lists(_LABEL, min_size=1, max_size=3), st.sampled_from(["example", "com", "xn--p1ai"]))
def test_a_neutral_name_is_as_long_and_of_the_same_top_level_domain(labels: list[str], tld: str) -> None:
    host = ".".join([*labels, tld])
    name = neutral_like(host)

    assert name.endswith("." + tld)
    assert all(1 <= len(label) <= 63 for label in name.split("."))
    assert abs(len(name) - len(host)) <= 64
    if len(host) - len(tld) - 1 <= 63:
        assert len(name) == len(host)
