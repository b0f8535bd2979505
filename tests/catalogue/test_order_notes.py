"""What `orders check` remarks without refusing it."""

from pathlib import Path

import pytest

from blockprobe.catalogue import order_notes
from blockprobe.catalogue.order_notes import notes_on

from .folder import NETWORK, ORDER, PLAN, loaded, with_target

SECOND = ORDER.replace("zz/first", "zz/second")


def test_a_catalogue_in_order_needs_no_remark(tmp_path: Path) -> None:
    assert notes_on(loaded(tmp_path)) == ()


def test_a_target_of_several_orders_is_remarked(tmp_path: Path) -> None:
    notes = notes_on(loaded(tmp_path, order=ORDER + SECOND.replace("B.example", "c.example")))

    assert notes == ("a.example: is a target of zz/first, zz/second; it is measured once and counts for each",)


def test_a_host_below_a_listed_domain_is_remarked(tmp_path: Path) -> None:
    notes = notes_on(loaded(tmp_path, order=with_target('value = "www.a.example"')))

    assert notes == ("zz/first: www.a.example: lies below a.example, which is a target, too; both are counted",)


@pytest.mark.parametrize(
    ("texts", "note"),
    [
        ({"order": ORDER.replace('[[order.respondent]]\nnetwork = "zz/one"', "")}, "zz/first: without respondents"),
        ({"order": ORDER.partition("[[order.target]]")[0]}, "zz/first: without targets, and no plan brings a list"),
        ({"network": NETWORK.replace("64500", "")}, "zz/one: without an AS number, so a line on it is known by"),
        ({"plan": PLAN.replace('orders = ["*"]', "")}, "plan website: chooses nothing"),
    ],
)
def test_what_will_never_be_measured_is_remarked(texts: dict[str, str], note: str, tmp_path: Path) -> None:
    [found] = notes_on(loaded(tmp_path, **texts))

    assert found.startswith(note)


def test_a_list_makes_up_for_targets(tmp_path: Path) -> None:
    plan = PLAN + '[[plan.list]]\npath = "l.csv"\norder = "zz/first"\n'

    assert notes_on(loaded(tmp_path, order=ORDER.partition("[[order.target]]")[0], plan=plan)) == ()


def test_remarks_of_a_sort_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_notes, "_MAX_NAMED", 1)

    notes = notes_on(loaded(tmp_path, order=ORDER + SECOND))

    assert notes[1:] == ("… and 1 more of this sort",)
