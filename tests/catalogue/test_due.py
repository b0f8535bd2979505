"""What a plan measures on a line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blockprobe.catalogue.due import AFTER_END, BEFORE_START, Planned, planned, plans_named, with_lists
from blockprobe.catalogue.faults import CatalogueFaults
from blockprobe.catalogue.orders import Catalogue
from blockprobe.model.order import OrderFlag, OrderTarget
from blockprobe.model.target import parse_target

from .folder import NETWORK, ORDER, PLAN, loaded, with_target

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TWO_NETWORKS = NETWORK + NETWORK.replace("zz/one", "zz/two").replace("64500", "64501")
LIVE = ORDER.replace("zz/first", "zz/live").replace('title = "A v One"', 'title = "live"\nkind = "live"')


def of(catalogue: Catalogue, *, plan: str = "website", network: str | None = "zz/one", now: datetime = NOW, **lists):
    """The plan's targets by what is measured; lists are named like arguments."""
    found = planned(catalogue, catalogue.plans[plan], network=network, now=now, lists=lists)
    return {one.target: one for one in found}


def test_every_target_of_orders_that_bind_the_network_is_planned_in_a_form_that_can_be_measured(tmp_path: Path) -> None:
    order = (
        with_target('value = "9.9.9.9"\nkind = "address"')
        + '[[order.target]]\nvalue = "http://c.example/x"\nkind = "url"\n'
    )

    found = of(loaded(tmp_path, order=order))

    assert list(found) == ["a.example", "b.example", "9.9.9.9", "http://c.example/x"]
    assert found["a.example"] == Planned(
        target="a.example", plan="website", order="zz/first", orders=("zz/first",), in_force=True
    )
    assert parse_target("a.example").bare
    assert all(parse_target(one).url for one in found)


@pytest.mark.parametrize(
    ("plan", "network", "wanted"),
    [
        ('orders = ["*"]', "zz/one", ["zz/first"]),
        ('orders = ["*"]', "zz/two", []),
        ('orders = ["*"]', None, []),
        ('orders = ["*"]\nall_networks = true', None, ["zz/first"]),
        ('jurisdictions = ["zz"]', "zz/one", ["zz/first"]),
        ('orders = ["zz/live"]', "zz/one", ["zz/live"]),
        ('kind = "live"\norders = ["*"]', "zz/one", ["zz/live"]),
        ("", "zz/one", []),
    ],
)
def test_a_plan_chooses_by_id_country_kind_and_network(
    plan: str, network: str | None, wanted: list[str], tmp_path: Path
) -> None:
    catalogue = loaded(tmp_path, order=ORDER + LIVE, network=TWO_NETWORKS, plan=f'[[plan]]\nid = "website"\n{plan}\n')

    found = of(catalogue, network=network)

    assert sorted({order for one in found.values() for order in one.orders}) == wanted


def test_a_target_of_several_orders_is_planned_once_with_all_of_them(tmp_path: Path) -> None:
    second = ORDER.replace("zz/first", "zz/second").replace('"B.example"', '"b.example"\nflags = ["parked"]')

    found = of(loaded(tmp_path, order=ORDER + second))

    assert found["b.example"].orders == ("zz/first", "zz/second")
    assert found["b.example"].flags == (OrderFlag.PARKED,)


@pytest.mark.parametrize(
    ("now", "in_force"),
    [
        (datetime(2026, 2, 1, tzinfo=UTC) - BEFORE_START - timedelta(seconds=1), None),
        (datetime(2026, 2, 1, tzinfo=UTC) - BEFORE_START, False),
        (datetime(2026, 2, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 1, tzinfo=UTC), False),
        (datetime(2026, 3, 1, tzinfo=UTC) + AFTER_END - timedelta(seconds=1), False),
        (datetime(2026, 3, 1, tzinfo=UTC) + AFTER_END, None),
    ],
)
def test_an_entry_is_measured_somewhat_longer_than_it_is_in_force(
    now: datetime, in_force: bool | None, tmp_path: Path
) -> None:
    times = "from_at = 2026-02-01T00:00:00Z\nuntil_at = 2026-03-01T00:00:00Z"

    found = of(loaded(tmp_path, order=with_target(f'value = "c.example"\n{times}')), now=now)

    assert (found["c.example"].in_force if "c.example" in found else None) is in_force


def test_entries_without_times_take_the_orders(tmp_path: Path) -> None:
    order = ORDER.replace('court = "', 'in_force_until = 2026-05-30T00:00:00Z\ncourt = "')

    assert {one.in_force for one in of(loaded(tmp_path, order=order)).values()} == {False}


def test_lists_own_targets_and_neighbours_are_planned_too(tmp_path: Path) -> None:
    plan = PLAN + 'targets = ["https://own.example/"]\nneighbours = ["near.example", "a.example"]\n'
    plan += '[[plan.list]]\npath = "l.csv"\nname = "rights"\norder = "zz/first"\n'
    plan += '[[plan.list]]\npath = "o.csv"\nname = "other"\n'
    catalogue = loaded(tmp_path, plan=plan)

    found = of(catalogue, rights=[OrderTarget(value="listed.example")], other=[OrderTarget(value="free.example")])

    assert list(found) == [
        "a.example", "b.example", "listed.example", "free.example", "https://own.example/", "near.example",
    ]  # fmt: skip
    assert found["listed.example"].orders == ("zz/first",)
    assert found["free.example"].order is None
    assert found["near.example"].neighbour
    assert not found["a.example"].neighbour
    assert (
        of(catalogue, network="zz/two", rights=[OrderTarget(value="listed.example")])
        .keys()
        .isdisjoint(["listed.example"])
    )


def test_the_page_of_the_notice_is_never_planned_whatever_a_list_says(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path, plan=PLAN + '[[plan.list]]\npath = "l.csv"\nname = "rights"\norder = "zz/first"\n')

    assert "notice.isp.example" not in of(catalogue, rights=[OrderTarget(value="notice.isp.example")])


def test_lists_extend_the_orders_that_they_belong_to(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path, plan=PLAN + '[[plan.list]]\npath = "l.csv"\nname = "rights"\norder = "zz/first"\n')
    entries = (OrderTarget(value="a.example"), OrderTarget(value="listed.example"))

    extended = with_lists(catalogue, {"rights": entries}).orders["zz/first"]

    assert [target.value for target in extended.targets] == ["a.example", "b.example", "listed.example"]


def test_a_plan_that_the_catalogue_lacks_is_named(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path)

    assert plans_named(catalogue, ["website", "website"]) == (catalogue.plans["website"],)
    with pytest.raises(CatalogueFaults, match=r"no plan 'websit' in the catalogue; did you mean website\?"):
        plans_named(catalogue, ["websit"])
