"""docs/deploy.md names every file in deploy/ and explains every option of the units that is not plain."""

import re
from pathlib import Path

import pytest

from tests.deploy.confine import options

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/deploy.md").read_text()
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
PLAIN = {"ExecStart", "Environment", "Restart", "RestartSec", "TimeoutStartSec", "Type"}


def named(path: Path) -> bool:
    """By its whole path, or by the end of it where a folder above is named."""
    parts = path.relative_to(ROOT).parts
    whole = "/".join(parts)
    ends = ["/".join(parts[-count:]) for count in (1, 2)]
    folders = ["/".join(parts[:count]) for count in range(2, len(parts))]
    in_named_folder = any(f"`{folder}/`" in PAGE or f"`{folder}`" in PAGE for folder in folders)
    return f"`{whole}`" in PAGE or (in_named_folder and any(f"`{end}`" in PAGE for end in ends))


def test_every_file_is_named() -> None:
    files = [path for path in (ROOT / "deploy").rglob("*") if path.is_file()]

    assert len(files) > 25
    assert [path.relative_to(ROOT).as_posix() for path in files if not named(path)] == []


def test_every_file_that_is_named_exists() -> None:
    names = re.findall(r"`(deploy/[\w./-]+)`", PAGE)

    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_every_unusual_option_of_a_unit_is_explained(unit: Path) -> None:
    keys = set(options(unit)) - PLAIN

    assert len(keys) > 30
    assert [key for key in sorted(keys) if f"`{key}`" not in PAGE and f"`{key}=" not in PAGE] == []


def test_every_option_that_is_explained_is_used() -> None:
    table = PAGE.partition("| option | why |")[2].partition("\n\n")[0]
    explained = {
        word.partition("=")[0]
        for row in table.splitlines()
        for word in re.findall(r"`(\w+)", row.split("|")[1] if "|" in row else "")
    }
    used = {key for unit in UNITS for key in options(unit)}

    assert explained - used == set()


def test_the_limits_are_those_of_the_units() -> None:
    agent, helper = (
        options(next(unit for unit in UNITS if unit.stem == name)) for name in ("blockprobe", "blockprobe-helper")
    )

    assert (agent["MemoryMax"], agent["TasksMax"], agent["LimitNOFILE"]) == (["256M"], ["64"], ["8192"])
    assert (helper["MemoryMax"], helper["LimitNOFILE"]) == (["512M"], ["16384"])
    for text in ("256 MB", "64 (`TasksMax`)", "8192 (`LimitNOFILE`)", "512 MB, 16384 descriptors"):
        assert text in PAGE
