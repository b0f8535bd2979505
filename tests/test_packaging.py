"""The wheel: what is in it, what is not, and that it works away from the checkout."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built in this process: a frontend would want to download the build system."""
    pytest.importorskip("hatchling.build", reason="the wheel needs hatchling: pip install -e '.[dev]'")
    folder = tmp_path_factory.mktemp("dist")
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def alone(unpacked: Path, code: str) -> str:
    """What the code prints in an empty directory, with the wheel's content before any editable install."""
    empty = unpacked.parent / "empty"
    empty.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=empty, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_wheel_holds_the_package_and_nothing_beside_it(unpacked):
    assert sorted(path.name.partition("-")[0] for path in unpacked.iterdir()) == ["blockprobe", "blockprobe"]
    assert (unpacked / "blockprobe").is_dir()


def test_every_module_of_the_checkout_is_in_it(unpacked):
    def modules(folder: Path) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}

    assert modules(unpacked / "blockprobe") == modules(ROOT / "blockprobe")


def test_the_catalogue_travels_inside_the_package(unpacked):
    def data(folder: Path) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix == ".toml"}

    assert data(unpacked / "blockprobe/catalogue/data") == data(ROOT / "probes")
    assert data(unpacked / "blockprobe/lab/data") == data(ROOT / "blockprobe/lab/data") != set()


def test_it_works_away_from_the_checkout(unpacked):
    shown = alone(
        unpacked,
        "import blockprobe.catalogue.data as d, blockprobe.catalogue.fingerprints as f\n"
        "loads = (f.load_fingerprints, d.load_neutral, d.load_resolvers)\n"
        "print(d.shipped_data(), *(len(load()) > 0 for load in loads))",
    )

    assert shown == f"{unpacked / 'blockprobe/catalogue/data'} True True True"


def test_its_command_starts(unpacked):
    shown = alone(
        unpacked, "import sys; sys.argv = ['blockprobe', '--version']; from blockprobe.cli.main import main; main()"
    )

    assert shown.startswith("blockprobe ")


def test_its_metadata_names_the_licence_and_the_dependencies_that_are_required(unpacked):
    text = next(unpacked.glob("*.dist-info")).joinpath("METADATA").read_text()

    assert "License-Expression: BSD-3-Clause" in text
    for wanted in ("dnspython", "httpx", "scapy", "prometheus-client", "typer", "rich"):
        assert f"Requires-Dist: {wanted}" in text
    assert set(PROJECT["optional-dependencies"]) == {"demo", "dev", "mirrors", "quic"}
