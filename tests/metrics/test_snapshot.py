"""Whatever the agent hands over, the exposition can be read, says nothing twice and names nothing it must not."""

import re
from ipaddress import ip_address

from hypothesis import given, settings
from hypothesis import strategies as st

from blockprobe.catalogue.due import Planned
from blockprobe.model.history import History
from blockprobe.verdict.compliance_types import Compliance
from tests.metrics.build import exposition, history, order, series, snapshot
from tests.model.strategies import any_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HOSTS = st.sampled_from(["a.example", "b.example", "www.a.example"])
TARGETS = st.one_of(
    HOSTS,
    HOSTS.map("https://{}/secret?token=1".format),
    st.ip_addresses().map(str),
    st.ip_addresses(v=4).map("http://{}/secret".format),
    TEXT,
)
PLANNED = st.builds(
    Planned,
    target=TARGETS,
    plan=st.sampled_from(["website", "live"]),
    orders=st.lists(TEXT, max_size=2, unique=True).map(tuple),
    in_force=st.booleans(),
    neighbour=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(
    watched=st.lists(PLANNED, max_size=6, unique_by=lambda one: (one.target, one.plan)),
    stands=st.lists(any_of(History), min_size=6, max_size=6),
    figures=st.lists(any_of(Compliance), max_size=3),
    orders=st.lists(st.builds(order, id=TEXT, title=TEXT, court=TEXT), max_size=2),
    per_site=st.sampled_from(["off", "blocked_only", "all"]),
)
def test_it_is_read_back_without_a_series_twice_and_no_secret_in_a_label(watched, stands, figures, orders, per_site):
    moment = snapshot(
        plans=("website",),
        watched=tuple(watched),
        histories=dict(zip((one.target for one in watched), stands, strict=False)),
        compliances=tuple(figures),
        orders=tuple({one.id: one for one in orders}.values()),
    )
    found = series(exposition(moment, per_site=per_site))
    keys = [(name, tuple(labels.items())) for name, labels, _ in found]

    assert len(keys) == len(set(keys))
    assert all(value == value for _, _, value in found)  # never NaN
    for site in {labels["site"] for _, labels, _ in found if "site" in labels}:
        assert re.fullmatch(r"[a-z0-9_.-]+", site)
        assert not _is_address(site)


def test_histories_of_another_network_are_not_this_ones():
    there, here = history("a.example", network="gb/other"), history("b.example", network="gb/example")
    moment = snapshot(network="gb/example", histories={"a.example": there, "b.example": here})

    assert moment.history_of("a.example") is None
    assert moment.history_of("b.example") is here
    assert moment.history_of("c.example") is None
    assert snapshot(histories={"a.example": there}).history_of("a.example") is there


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
