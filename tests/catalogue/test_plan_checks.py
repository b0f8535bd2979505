"""Networks and plans of the right form that still cannot be used."""

from pathlib import Path

import pytest

from blockprobe.catalogue.plan_checks import list_name
from blockprobe.model.plan import CsvList

from .folder import NETWORK, PLAN, faults_of, loaded

LIST = '[[plan.list]]\npath = "l.csv"\n'


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (PLAN + "interval_s = 0\n", "interval_s: 0.0 is out of range; give 10.0 to 31536000.0"),
        (PLAN + "interval_s = inf\n", "interval_s: must be a number"),
        (PLAN + "jitter = 1.5\n", "jitter: 1.5 is out of range; give 0.0 to 1.0"),
        (PLAN + "per_host_s = -1\n", "per_host_s: -1.0 is out of range"),
        (PLAN + "budget = 0\n", "budget: 0 is out of range"),
        (PLAN + "budget = true\n", "budget: must be a whole number, without quotes, not true or false"),
        (PLAN + 'kind = "lve"\n', "kind: 'lve' is unknown; did you mean live?"),
        (PLAN + 'targets = ["ftp://a.example/"]\n', "targets: 'ftp://a.example/': 'ftp' cannot be measured"),
        (PLAN + 'neighbours = ["a b"]\n', "neighbours: 'a b': contains white space"),
        (PLAN + 'jurisdictions = ["yy"]\n', "jurisdictions: nothing is known of 'yy'; give one of zz"),
        (PLAN + 'orders = ["zz/first"]\n', "not TOML: Cannot overwrite a value"),
        (PLAN + LIST + 'order = "zz/frst"\n', "list (l.csv): order: no order 'zz/frst'; did you mean zz/first?"),
        (PLAN + LIST + LIST, "list (l.csv): plan website has a list of this name; give one of them another name"),
        (PLAN + LIST + 'delimiter = ";;"\n', "list 1 (l.csv): delimiter: ';;' is not one character"),
        (PLAN + LIST + 'encoding = "latin-99"\n', "encoding: 'latin-99' is unknown"),
        (PLAN + LIST + 'encoding = "base64"\n', "encoding: 'base64' is unknown"),
        (PLAN + LIST + 'timezone = "Europe/Kobenhavn"\n', "timezone: 'Europe/Kobenhavn' is unknown here"),
        (PLAN + LIST + 'timezone = "/etc/passwd"\n', "timezone: '/etc/passwd' is unknown here"),
        (PLAN + LIST + 'time_format = "day"\n', "time_format: 'day' holds no directive"),
        (PLAN + LIST + "shrink_limit = 2\n", "shrink_limit: 2.0 is out of range"),
        (PLAN + LIST + 'where = "type"\n', "where: needs equals, and equals needs where"),
        (PLAN + 'mirrors = ["m"]\nbattery = "bypass"\n', "mirrors: a battery is for blocked targets of other plans"),
        (PLAN + LIST + "header = false\n", "header: without a header columns are numbers from 1"),
        (PLAN.replace("website", "gb/website"), "id: must be up to 100 lower-case letters"),
    ],
)
def test_each_fault_of_a_plan_says_what_to_do(plan: str, fault: str, tmp_path: Path) -> None:
    [found] = faults_of(tmp_path, plan=plan)

    assert found.startswith("plans/p.toml: ")
    assert fault in found


@pytest.mark.parametrize(
    ("network", "fault"),
    [
        (NETWORK.replace("64500", "0"), "asns: 0 is out of range; give 1 to 4294967295"),
        (NETWORK + 'resolvers = ["ns.example"]\n', "resolvers: 'ns.example' is no IP address"),
        (NETWORK + 'source = { text = "x", url = "y" }\n', "source: url: 'y' is no web address"),
        (NETWORK + 'country = "gb"\n', "country: is not the country of the id; write 'zz'"),
    ],
)
def test_each_fault_of_a_network_says_what_to_do(network: str, fault: str, tmp_path: Path) -> None:
    [found] = faults_of(tmp_path, network=network)

    assert found.startswith("networks/zz/n.toml: network 1 (zz/one): ")
    assert fault in found


def test_a_plan_keeps_absolute_paths_the_written_names_and_wire_forms(tmp_path: Path) -> None:
    own = 'targets = ["A.example", "HTTP://b.example"]\nneighbours = ["Münch.example"]\nmirrors = ["m"]\n'
    text = PLAN + own + LIST

    plan = loaded(tmp_path, plan=text).plans["website"]

    assert plan.targets == ("a.example", "http://b.example/")
    assert plan.neighbours == ("xn--mnch-0ra.example",)
    assert plan.mirrors == (str(tmp_path / "plans/m"),)
    [found] = plan.lists
    assert found.path == str(tmp_path / "plans/l.csv")
    assert list_name(found) == "l.csv"


def test_a_list_is_called_by_its_name_or_else_by_its_path() -> None:
    assert list_name(CsvList(path="l.csv")) == "l.csv"
    assert list_name(CsvList(path="l.csv", name="rights")) == "rights"
