"""`blockprobe orders compliance`: from an agent's state and a catalogue to figures, and why there are none."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blockprobe.agent.status import Status, write_status
from blockprobe.cli.render.compliance_json import compliance_schema
from blockprobe.model.history import History, Seen
from blockprobe.model.words import Mechanism, State
from blockprobe.store.state import StateDb
from blockprobe.verdict.history import advance

from .program import ROOT, run

NOW = datetime.now(UTC).replace(microsecond=0)
NETWORKS = "".join(f'[[network]]\nid = "zz/{name}"\nname = "{name}"\nasns = [64500]\n' for name in ("one", "two"))
ORDER = f"""
[[order]]
id = "zz/first"
title = "A v One"
court = "High Court of Example"
legal_basis = "Example Act"
[[order.source]]
text = "The order"
[[order.respondent]]
network = "zz/one"
notice_at = {(NOW - timedelta(hours=4)).isoformat()}
deadline = {(NOW - timedelta(hours=1)).isoformat()}
time_source = "court"
[order.respondent.source]
text = "The order"
[[order.respondent]]
network = "zz/two"
""" + "".join(f'[[order.target]]\nvalue = "s{number}.example"\n' for number in range(6))
LOOKS = {"s0": "oobb", "s1": "oobb", "s2": "oobb", "s3": "oobb", "s4": "oobb", "s5": "oooo"}


def history(name: str, looks: str, last_at: datetime = NOW) -> History:
    """A look an hour, the last one at `last_at`."""
    found = History(target=name)
    for number, letter in enumerate(looks, start=1 - len(looks)):
        by = (Mechanism.DNS_NXDOMAIN,) if letter == "b" else ()
        state = State.BLOCKED if letter == "b" else State.ACCESSIBLE
        seen = Seen(record=f"{name}{number}", at=last_at + timedelta(hours=number), state=state, mechanisms=by,
                    implemented_by=by)  # fmt: skip
        found, _ = advance(found, seen, network="zz/one")
    return found


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """A probe on the first network that looked at six targets for three hours; the path of its configuration."""
    catalogue, config = tmp_path / "catalogue", tmp_path / "c.toml"
    for name, text in (("orders/zz/o.toml", ORDER), ("networks/zz/n.toml", NETWORKS)):
        (catalogue / name).parent.mkdir(parents=True)
        (catalogue / name).write_text(text)
    state = StateDb.open(tmp_path / "store")
    state.save([history(f"{name}.example", looks) for name, looks in LOOKS.items()])
    state.close()
    config.write_text(
        f'[vantage]\nisp = "zz/one"\n[catalogue]\npaths = ["{catalogue}"]\n[store]\ndir = "{tmp_path}/store"\n'
    )
    return config


def documents(config: Path, *arguments: str) -> list[dict]:
    """What `--format json` prints."""
    done = run("orders", "compliance", *arguments, "--format", "json", "--config", str(config))
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_order_and_respondent_is_one_document(probe: Path) -> None:
    (one,) = documents(probe)

    assert (one["schema"], one["order"], one["network"], one["refused"]) == (
        "blockprobe.compliance/1", "zz/first", "zz/one", None,
    )  # fmt: skip
    assert one["implemented"]["blocked"] == one["reach"]["blocked"] == 5
    assert one["reach"]["ratio"] == pytest.approx(5 / 6)
    assert one["late"] == ["s5.example"]
    assert one["median_time_to_block"] == {"lower": 7200.0, "upper": 10800.0}


def test_an_order_by_name_shows_its_other_respondents_too_without_figures(probe: Path) -> None:
    mine, other = documents(probe, "zz/first")

    assert (mine["refused"], other["refused"], other["network"]) == (None, "other_network", "zz/two")
    assert other["reach"] == {
        "blocked": 0, "open": 0, "abstained": 6, "flagged": 0, "total": 6, "abstained_why": {"never": 6},
        "lower": None, "upper": None, "ratio": None,
    }  # fmt: skip


@pytest.mark.parametrize("width", [40, 80, 200])
def test_people_get_a_table_of_any_width(probe: Path, width: int) -> None:
    done = run("orders", "compliance", "--config", str(probe), environ={"COLUMNS": str(width)})
    text = done.stdout.decode()

    assert done.returncode == 0
    assert max(map(len, text.splitlines())) <= width
    for word in ("zz/first", "zz/one", "5 blocked, 1 open", "83% to 83%", "2.0 h to 3.0 h", "on other networks"):
        assert word.replace(" ", "") in "".join(text.split()), word


def test_one_order_is_shown_with_all_that_is_beside_its_figures(probe: Path) -> None:
    text = run("orders", "compliance", "zz/first", "--config", str(probe)).stdout.decode()

    for word in ("5 blocked, 1 open", "in time: 1 no, 5 yes", "5 dns.nxdomain", "Late", "s5.example",
                 "Not seen from this line: zz/two."):  # fmt: skip
        assert word in text


def refusing(probe: Path, old: str, new: str) -> dict:
    """The first document after a change of the configuration."""
    probe.write_text(probe.read_text().replace(old, new))
    return documents(probe)[0]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[vantage]", '[vantage]\nfilters = "on"', "filters_on"),
        ("[vantage]", '[vantage]\naccess = "vps"', "no_subscriber_line"),
        ("[vantage]", '[vantage]\naccess = "control"', "control_vantage"),
        ('isp = "zz/one"', "", "network_unknown"),
    ],
)
def test_what_the_operator_states_can_refuse_a_figure(probe: Path, old: str, new: str, reason: str) -> None:
    assert refusing(probe, old, new)["refused"] == reason


def test_a_refusal_is_said_in_words_and_counts_are_shown(probe: Path) -> None:
    refusing(probe, "[vantage]", '[vantage]\nfilters = "on"')
    text = " ".join(run("orders", "compliance", "--config", str(probe)).stdout.decode().split())

    assert "No figure (filters_on: a parental filter is on; it hides what the order does): zz/first." in text
    assert "5 blocked" in text
    assert "%" not in text


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"own_resolver": False}, "third_party_resolver"),
        ({"line_problem": "The controls of the last cycle failed (none works)."}, "line_problem"),
        ({}, None),
    ],
)
def test_what_the_agent_found_of_the_line_can_refuse_a_figure(probe: Path, said: dict, reason: str | None) -> None:
    status = Status(version="0", pid=1, started_at=NOW.isoformat(), written_at=NOW.isoformat(),
                    late_after=NOW.isoformat(), **said)  # fmt: skip
    write_status(probe.parent / "store", status)

    assert documents(probe)[0]["refused"] == reason
    assert asdict(status)["line_problem"] == said.get("line_problem")


def test_figures_of_yesterday_are_refused(probe: Path) -> None:
    state = StateDb.open(probe.parent / "store")
    state.save([history(f"{name}.example", looks, NOW - timedelta(days=1)) for name, looks in LOOKS.items()])
    state.close()

    assert documents(probe)[0]["refused"] == "stale"


def test_before_the_agent_has_worked_one_line_says_so(probe: Path) -> None:
    (probe.parent / "store" / "state.sqlite3").unlink()
    done = run("orders", "compliance", "--config", str(probe))

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == (
        f"{probe.parent}/store/state.sqlite3: nothing has been looked at yet; start `blockprobe agent`, or give its "
        "configuration (--config)\n"
    )
    assert not (probe.parent / "store" / "state.sqlite3").exists()


def test_an_order_that_is_not_there_is_told_with_the_nearest(probe: Path) -> None:
    done = run("orders", "compliance", "zz/frist", "--config", str(probe))

    assert done.returncode == 2
    assert done.stderr.decode().startswith("order 'zz/frist': not in the catalogue; did you mean zz/first?")


def test_a_line_whose_network_no_order_binds_is_told_so(probe: Path) -> None:
    probe.write_text(probe.read_text().replace("zz/one", "zz/none"))
    done = run("orders", "compliance", "--config", str(probe))

    assert done.returncode == 0
    assert "binds this line's network" in " ".join(done.stdout.decode().split())


def test_entries_of_a_list_count_for_the_order_that_they_belong_to(probe: Path) -> None:
    folder = probe.parent / "catalogue" / "plans"
    folder.mkdir()
    (probe.parent / "list.csv").write_text("domain\ns0.example\nx.example\n")
    (folder / "p.toml").write_text(
        f'[[plan]]\nid = "website"\norders = ["*"]\n[[plan.list]]\npath = "{probe.parent}/list.csv"\n'
        'order = "zz/first"\n'
    )

    assert documents(probe)[0]["reach"]["total"] == 7


def test_the_schema_of_the_page_is_that_of_the_program_and_a_document_has_its_keys(probe: Path) -> None:
    shipped = json.loads((ROOT / "docs" / "compliance.schema.json").read_text(encoding="utf-8"))

    assert shipped == json.loads(json.dumps(compliance_schema()))
    assert list(documents(probe)[0]) == list(shipped["properties"])
