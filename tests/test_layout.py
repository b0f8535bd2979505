"""The shape of the project, held mechanically: where tests are, what folders say of themselves, who imports what."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import HERE, PURE
from tests.covered_by import COVERED_BY

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "blockprobe"
MODULES = sorted(PACKAGE.rglob("*.py"))
OURS = sorted(path for folder in ("blockprobe", "tests", "bench") for path in (ROOT / folder).rglob("*.py"))
ELSEWHERE = {"lab": "builtin"}
"""Folders whose tests have another name: tests/lab is the laboratory with real daemons."""

UNTESTED = {
    "lab/trial.py": "a developer's tool: what it calls is what the tests call",
}

MAX_LINES = 300
LONG = {
    "tests/catalogue/test_config.py": "one table of faults, a row each",
    "tests/catalogue/test_orders.py": "one table of faults, a row each",
    "tests/helper/test_api.py": "one protocol, a test a sentence of docs/helper.md",
    "tests/net/test_dns.py": "four transports held to the same sentences",
    "tests/net/test_helper_client.py": "a server of each kind of misbehaviour",
    "tests/net/test_http.py": "a server of each kind of misbehaviour",
    "tests/net/test_tls.py": "a server of each kind of misbehaviour",
    "tests/verdict/test_blocks.py": "one sentence a kind of block",
    "tests/verdict/test_no_false_blocks.py": "one sentence a healthy look-alike",
    "tests/verdict/build.py": "builders of evidence, a few lines a kind",
}
SPEAKERS = ("blockprobe/cli/", "blockprobe/lab/demo.py", "bench/", "tests/")
"""Who may print; everything else returns what it has to say."""


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax."""
    return ast.parse(path.read_bytes())


def home_of_tests(module: str) -> str:
    """Where the tests of a module are, unless a table says otherwise."""
    path = Path(module)
    folders = [ELSEWHERE.get(part, part) for part in path.parts[:-1]]
    return Path("tests", *folders, f"test_{path.name}").as_posix()


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, by full name, wherever in the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def names(paths: list[Path]) -> list[str]:
    """Paths relative to the project."""
    return [path.relative_to(ROOT).as_posix() for path in paths]


def test_every_module_has_tests_at_its_mirrored_place_or_a_line_that_says_where():
    modules = [path.relative_to(PACKAGE).as_posix() for path in MODULES if path.name != "__init__.py"]
    homeless = {module for module in modules if not (ROOT / home_of_tests(module)).is_file()}

    assert sorted(homeless - set(COVERED_BY) - set(UNTESTED)) == [], "write tests at home_of_tests(), or add a line"
    assert sorted((set(COVERED_BY) | set(UNTESTED)) - homeless) == [], "these have tests of their own now: cut the line"
    assert sorted({test for test in COVERED_BY.values() if not (ROOT / test).is_file()}) == []


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=lambda path: path.parent.name)
def test_every_folder_says_its_duty_and_what_must_not_be_in_it(path):
    text = ast.get_docstring(tree(path)) or ""

    assert "Duty:" in text
    assert "Must not be in here:" in text
    assert "TODO" not in text


def test_every_module_opens_with_a_sentence():
    assert names([path for path in MODULES if not ast.get_docstring(tree(path))]) == []


def test_no_file_is_long_without_a_reason():
    long = {name for name, path in zip(names(OURS), OURS, strict=True) if path.read_bytes().count(b"\n") > MAX_LINES}

    assert sorted(long - set(LONG)) == []
    assert sorted(set(LONG) - long) == [], "these are short now: cut the line"


def test_only_commands_print():
    def prints(path: Path) -> bool:
        calls = (node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
        return any(isinstance(call, ast.Name) and call.id == "print" for call in calls)

    assert [
        name for name, path in zip(names(OURS), OURS, strict=True) if not name.startswith(SPEAKERS) and prints(path)
    ] == []


def test_httpx_is_imported_nowhere_and_scapy_only_by_the_process_that_sees_packets():
    users = {
        package: [
            n
            for n, p in zip(names(MODULES), MODULES, strict=True)
            if package in {i.partition(".")[0] for i in imports(p)}
        ]
        for package in ("httpx", "scapy")
    }

    assert users == {"httpx": [], "scapy": ["blockprobe/raw/dissect.py"]}


def test_only_the_door_opens_sockets_and_only_the_clock_tells_the_time():
    """For what is measured; the helper and the laboratory are servers and have doors of their own."""
    inner = [p for p in MODULES if p.relative_to(PACKAGE).parts[0] not in ("lab", "helper")]
    sockets = {name for name, path in zip(names(inner), inner, strict=True) if _calls(path, "socket", "socket")}
    times = {
        name
        for name, path in zip(names(inner), inner, strict=True)
        for call in (("time", "time"), ("time", "monotonic"), ("datetime", "now"), ("datetime", "utcnow"))
        if _calls(path, *call)
    }

    assert sockets == {
        "blockprobe/net/dial.py",
        "blockprobe/agent/notify.py",  # speaks to systemd only
        "blockprobe/raw/capture.py",  # another process, which sends nothing
    }
    assert times == {"blockprobe/net/clock.py"}


def test_what_runs_where_the_network_cannot_be_cut_neither_opens_sockets_nor_starts_programs():
    pure = [path.relative_to(HERE) for path in OURS if path.is_relative_to(HERE)]
    pure = [path for path in pure if path.parts[0] in PURE]
    doors = {"asyncio", "h11", "http", "httpx", "socket", "subprocess", "typer", "urllib"}
    users = {path.as_posix() for path in pure if doors & {name.partition(".")[0] for name in imports(HERE / path)}}

    assert {path.parts[0] for path in pure} == set(PURE)
    assert users == {"verdict/test_sketch.py"}  # asks another Python for a sketch


def _calls(path: Path, owner: str, name: str) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) == (owner, name)
        for node in ast.walk(tree(path))
    )
