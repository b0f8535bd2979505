"""The program's face: help, versions, imports, and its documentation."""

import json
import subprocess
import sys

import pytest
import typer.main

from blockprobe import __version__
from blockprobe.cli.main import app

from .program import ROOT, run

COMMANDS = typer.main.get_command(app)
HEAVY = ("httpx", "scapy", "dns", "rich", "asyncio", "pydantic", "h11", "ssl", "aioquic", "prometheus_client", "lxml")


def every_command() -> dict[str, object]:
    """ "check" … "config show", with their parameters."""
    found = {}
    for name, one in COMMANDS.commands.items():  # type: ignore[attr-defined]
        inner = getattr(one, "commands", None)
        found |= {f"{name} {sub}": two for sub, two in inner.items()} if inner else {name: one}
    return found


def test_the_commands_are_those_of_this_release() -> None:
    assert list(every_command()) == [
        "check",
        "whoami",
        "trace",
        "bypass",
        "judge",
        "export",
        "helper",
        "agent status",
        "demo agent",
        "mirrors find",
        "mirrors classify",
        "mirrors watch",
        "mirrors show",
        "proxies watch",
        "orders check",
        "orders list",
        "orders show",
        "orders compliance",
        "config check",
        "config show",
    ]


def test_help_is_complete_and_needs_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['blockprobe', '--help']\n"
        "import blockprobe.cli.main as m\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
        "m.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    for name in ("check", "whoami", "judge", "helper", "demo", "config"):
        assert f" {name} " in done.stdout


def test_every_command_and_option_has_a_sentence() -> None:
    for name, one in every_command().items():
        assert one.help, name  # type: ignore[attr-defined]
        for parameter in one.params:  # type: ignore[attr-defined]
            assert parameter.help, (name, parameter.name)


def test_no_help_is_taken_for_markup() -> None:
    """rich leaves out what stands in square brackets, and usage lines put brackets of their own around a metavar."""
    for name, one in every_command().items():
        for parameter in one.params:  # type: ignore[attr-defined]
            assert "[" not in f"{parameter.help}{parameter.metavar}", (name, parameter.name)


def test_every_command_and_option_is_documented() -> None:
    page = (ROOT / "docs/cli.md").read_text()

    for name, one in every_command().items():
        section = page.partition(f"## blockprobe {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for parameter in one.params:  # type: ignore[attr-defined]
            wanted = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.metavar
            assert f"`{wanted}" in section, (name, wanted)


def test_the_version_is_printed() -> None:
    assert run("--version").stdout.decode() == f"blockprobe {__version__}\n"


@pytest.mark.parametrize("arguments", [("nonsense",), ("check", "--format", "xml", "a.example"), ("judge",)])
def test_wrong_usage_ends_with_2_and_nothing_on_standard_output(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    line = json.dumps(json.loads((ROOT / "tests/export/example_record.json").read_text())).encode() + b"\n"
    program = f"{sys.executable} -m blockprobe.cli.main judge - | head -1 | wc -l"
    done = subprocess.run(["sh", "-c", program], input=line * 40, capture_output=True, timeout=60, check=False)

    assert done.stdout.split() == [b"1"]
    assert done.stderr == b""
