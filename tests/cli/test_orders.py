"""`blockprobe orders`: faults and notes, the list, one order in full."""

import json
from pathlib import Path

import pytest

from .program import ROOT, run

DEMO = ROOT / "blockprobe/lab/data/catalogue"
ORDER = """
[[order]]
id = "zz/first"
title = "A v \\u001bOne"
court = "High Court of Example"
legal_basis = "Example Act"
[[order.source]]
text = "The order"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue with one order whose title a terminal would obey."""
    (tmp_path / "orders/zz").mkdir(parents=True)
    (tmp_path / "orders/zz/o.toml").write_text(ORDER.replace("\\u001b", ""))
    return tmp_path


@pytest.fixture
def demo(tmp_path: Path) -> str:
    """A configuration with the demonstration's orders."""
    path = tmp_path / "c.toml"
    path.write_text(f'[catalogue]\npaths = ["{DEMO}"]\n[addresses]\npublic = ["203.0.113.0/24"]\n')
    return str(path)


def test_what_is_shipped_is_good() -> None:
    done = run("orders", "check")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines()[-1].startswith("good: 9 orders, ")


def test_folders_and_files_are_checked_with_what_is_in_effect(folder: Path) -> None:
    for path in (folder, folder / "orders/zz/o.toml"):
        done = run("orders", "check", str(path))

        assert done.returncode == 0, done.stderr
        assert "good: 10 orders, " in done.stdout.decode()
        assert "zz/first" in done.stdout.decode()


def test_every_fault_has_a_line_on_standard_error_and_the_status_is_2(folder: Path) -> None:
    path = folder / "orders/zz/o.toml"
    path.write_text(ORDER.replace("court", "curt"))

    done = run("orders", "check", str(folder))

    assert (done.returncode, done.stdout) == (2, b"")
    place = f"{path}: order 1 (zz/first)"
    assert done.stderr.decode().splitlines() == [
        f"{place}: title: contains control characters; remove them",
        f"{place}: curt: unknown key; did you mean court?",
        f"{place}: court: missing; add this key",
    ]


def test_json_names_the_faults_too(folder: Path) -> None:
    (folder / "orders/zz/o.toml").write_text("[[order]]\n")

    done = run("orders", "check", str(folder), "--format", "json")

    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert len(document["faults"]) == 1
    assert "id: missing" in document["faults"][0]


def test_lists_calendar_and_plans_of_the_agent_are_checked_too(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans/p.toml").write_text(
        '[[plan]]\nid = "mine"\nmirrors = ["m", "none"]\n[[plan.list]]\npath = "l.csv"\n'
    )
    (tmp_path / "plans/m").write_text("m.example s.example\nm.example\n")
    (tmp_path / "plans/l.csv").write_text("domain\na.example\na b\n")
    (tmp_path / "matches.toml").write_text(
        '[[window]]\nid = "final"\nstart = 2026-05-30T19:00:00Z\nend = 2026-05-30T21:00:00Z\norders = ["gb/none"]\n'
    )
    config = tmp_path / "c.toml"
    config.write_text(f'[catalogue]\npaths = ["{tmp_path}"]\n[agent]\nplans = ["myne"]\ncalendar = "matches.toml"\n')

    done = run("orders", "check", "--config", str(config))

    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        f"{tmp_path}/plans/l.csv: line 3: 'a b': contains white space; give one target a line or argument",
        f"mirrors {tmp_path}/plans/m: line 2: 'm.example': a plain name, and it is not said whose mirror; "
        "write `name site`, or name one SITE",
        f"mirrors {tmp_path}/plans/none: No such file or directory; give a file of names",
        "agent.plans: no plan 'myne' in the catalogue; did you mean mine?",
        f"{tmp_path}/matches.toml: window final: orders: no order 'gb/none'; see `blockprobe orders list`",
    ]


@pytest.mark.parametrize(("path", "fault"), [("none", "no such file or folder"), ("c.toml", "lies in no catalogue")])
def test_a_path_that_is_no_catalogue_is_one_clear_line(path: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("")

    done = run("orders", "check", str(tmp_path / path))

    assert done.returncode == 2
    [line] = done.stderr.decode().splitlines()
    assert line.startswith(f"{tmp_path / path}: {fault}")


def test_the_list_has_a_row_an_order_and_a_document_each(demo: str) -> None:
    table = run("orders", "list", "--config", demo).stdout.decode()
    documents = [
        json.loads(line) for line in run("orders", "list", "--config", demo, "--format", "json").stdout.splitlines()
    ]

    assert len(documents) == 13
    assert all(document["id"] in table for document in documents)
    assert max(map(len, table.splitlines())) <= 80


def test_one_order_is_shown_in_full(demo: str) -> None:
    shown = run("orders", "show", "zz/demo-late", "--config", demo).stdout.decode()
    document = json.loads(run("orders", "show", "zz/demo-late", "--config", demo, "--format", "json").stdout)

    for text in ("High Court of Example", "2026-03-16", "wrong_territory", "https://cdn.example/", "zz/demo"):
        assert text in shown
    assert document["respondents"][0]["deadline"] == "2026-03-16T23:59:59Z"
    assert [target["value"] for target in document["targets"]][-1] == "not-for-you.example"


def test_of_very_many_targets_the_table_shows_some(folder: Path, tmp_path: Path) -> None:
    targets = "".join(f'[[order.target]]\nvalue = "n{number}.example"\n' for number in range(60))
    (folder / "orders/zz/o.toml").write_text(ORDER.replace("\\u001b", "") + targets)
    config = tmp_path / "c.toml"
    config.write_text(f'[catalogue]\npaths = ["{folder}"]\n')

    shown = run("orders", "show", "zz/first", "--config", str(config)).stdout.decode()

    assert "n49.example" in shown
    assert "n50.example" not in shown
    assert "and 10 more targets" in shown


def test_an_order_that_is_not_there_is_one_clear_line() -> None:
    done = run("orders", "show", "de/cui")

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == "order 'de/cui': not in the catalogue; did you mean de/cuii?\n"
