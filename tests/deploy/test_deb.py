"""The Debian package: built by `make deb`, unpacked elsewhere and used; installed, upgraded and removed in a folder."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from blockprobe import __version__
from blockprobe.lab.demo_world import DEMO
from blockprobe.lab.lab import Lab
from blockprobe.model.errors import LabError
from tests.deploy.manager import agent_toml

ROOT = Path(__file__).parents[2]
DEB = ROOT / "deploy/deb"
FAKE_SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$SYSTEMCTL_LOG"
[ "$1" != is-active ] || [ -e "$SYSTEMCTL_LOG.active" ]
"""

pytestmark = pytest.mark.deploy


@pytest.fixture(scope="module")
def package() -> Path:
    """What `make deb` built."""
    found = sorted((ROOT / "dist").glob("blockprobe_*.deb"), key=lambda path: path.stat().st_mtime)
    if not found:
        pytest.skip(
            "dist/ has no package: make deb (it needs Debian's python3, pip, dpkg-deb and the package registry)"
        )
    return found[-1]


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, unpacked where nobody planned it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    return folder


def use(unpacked: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The unpacked program, without anything of the checkout or of this test's environment."""
    program = [str(unpacked / "usr/bin/blockprobe"), *arguments]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    return subprocess.run(program, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)


def field(package: Path, name: str) -> str:
    """One field of the package's description."""
    argv = ["dpkg-deb", "--field", str(package), name]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_it_says_what_it_is_and_what_it_needs(package: Path) -> None:
    assert re.fullmatch(rf"{re.escape(__version__)}\+py3\.\d+", field(package, "Version"))
    assert re.fullmatch(r"python3\.\d+, libc6 \(>= [\d.]+\), ca-certificates", field(package, "Depends"))
    assert package.stat().st_size < 16 * 1024 * 1024


def test_the_unpacked_program_runs_on_its_own_packages(unpacked: Path, tmp_path: Path) -> None:
    assert use(unpacked, "--version", cwd=tmp_path).stdout == f"blockprobe {__version__}\n"
    where = subprocess.run(
        [str(unpacked / "opt/blockprobe/bin/python"), "-I", "-c", "import blockprobe, dns; print(dns.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert where.startswith(str(unpacked))


def test_the_example_configuration_is_good_and_the_catalogue_is_there(unpacked: Path, tmp_path: Path) -> None:
    config = str(unpacked / "etc/blockprobe/probe.toml")
    done = use(unpacked, "config", "check", "--config", config, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_names_the_folder_it_was_built_in(unpacked: Path) -> None:
    names = re.compile(rb"/tmp/tmp\.\w+|" + str(ROOT).encode())
    files = [path for path in unpacked.rglob("*") if path.is_file() and not path.is_symlink()]

    assert [path for path in files if names.search(path.read_bytes())] == []


def test_it_is_compiled_because_its_user_cannot_write_there(unpacked: Path) -> None:
    package = next((unpacked / "opt/blockprobe/lib").glob("python3*/site-packages/blockprobe"))
    modules = {path.relative_to(package) for path in package.rglob("*.py")}
    compiled = {path.relative_to(package) for path in package.rglob("*.pyc")}

    assert {path.parent / "__pycache__" / path.stem for path in modules} == {
        path.with_name(path.name.partition(".")[0]) for path in compiled
    }


def test_its_versions_are_the_pinned_ones(unpacked: Path) -> None:
    pinned = dict(line.split("==") for line in (ROOT / "deploy/constraints.txt").read_text().split() if "==" in line)
    infos = (unpacked / "opt/blockprobe/lib").glob("python3*/site-packages/*.dist-info")
    found = dict(path.name.removesuffix(".dist-info").split("-", 1) for path in infos)
    found.pop("blockprobe")

    def known(names: dict[str, str]) -> dict[str, str]:
        return {name.lower().replace("-", "_"): version for name, version in names.items()}

    assert known(found) == known(pinned)


def test_files_are_where_debian_expects_them(unpacked: Path, package: Path) -> None:
    expected = (
        "usr/lib/systemd/system/blockprobe.service",
        "usr/lib/systemd/system/blockprobe-helper.service",
        "usr/lib/sysusers.d/blockprobe-helper.conf",
        "usr/share/doc/blockprobe/copyright",
        "usr/share/doc/blockprobe/changelog.gz",
        "usr/share/doc/blockprobe/deploy.md",
        "usr/share/doc/blockprobe/examples/credentials.conf",
        "usr/share/doc/blockprobe/examples/helper.toml",
        "etc/blockprobe/catalogue/README",
    )
    listing = subprocess.run(["dpkg-deb", "-c", str(package)], capture_output=True, text=True, check=True).stdout

    assert [name for name in expected if not (unpacked / name).is_file()] == []
    assert {line.split()[1] for line in listing.splitlines()} == {"root/root"}
    assert not re.search(r"^-..(s|.....s|.....w|........w)", listing, re.M), (
        "no set-id files, none that others may write"
    )


def test_the_unpacked_program_measures_in_the_laboratory(unpacked: Path, tmp_path: Path) -> None:
    try:
        lab = Lab().__enter__()
    except LabError as error:
        pytest.skip(str(error))
    try:
        lab.load(DEMO)
        lab.start_helper()
        config = tmp_path / "probe.toml"
        config.write_text(agent_toml(lab, tmp_path / "store"))
        program = str(unpacked / "usr/bin/blockprobe")
        target = next(expect.target for expect in DEMO.targets if expect.state == "blocked")
        measured = lab.run_in_probe([program, "check", target, "--config", str(config), "--format", "json"])
        agent = lab.run_in_probe([program, "agent", "--once", "--config", str(config)], timeout_s=120)
    finally:
        lab.close()

    assert measured.returncode == 0, measured.stderr
    assert '"state":"blocked"' in measured.stdout
    assert agent.returncode == 0, agent.stderr
    assert any((tmp_path / "store").rglob("*.jsonl.gz"))


class Machine:
    """A folder that dpkg takes for a machine with systemd, and a systemctl that notes what it is told."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        for name in ("var/lib/dpkg/updates", "var/lib/dpkg/info", "run/systemd/system", "usr/bin", "bin"):
            (self.root / name).mkdir(parents=True)
        for name in ("status", "available"):
            (self.root / "var/lib/dpkg" / name).touch()
        self.log = folder / "systemctl.log"
        self.log.touch()
        tools = folder / "tools"
        tools.mkdir()
        (tools / "systemctl").write_text(FAKE_SYSTEMCTL)
        (tools / "systemctl").chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "SYSTEMCTL_LOG": str(self.log)}

    def dpkg(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """dpkg in this folder; its log of systemctl begins anew."""
        self.log.write_text("")
        forced = [
            "--force-script-chrootless",
            "--force-depends",
            "--force-not-root",
            "--force-confold",
            "--force-bad-path",
        ]
        argv = ["dpkg", f"--root={self.root}", "--log=/dev/null", *forced, *arguments]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=False)

    @property
    def told(self) -> list[str]:
        """What systemctl was told, apart from questions."""
        return [line for line in self.log.read_text().splitlines() if not line.startswith("is-active")]

    def running(self) -> None:
        """From now on, both services are said to be active."""
        Path(f"{self.log}.active").touch()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_installing_starts_nothing_and_says_what_to_do(machine: Machine, package: Path) -> None:
    done = machine.dpkg("--install", str(package))

    assert done.returncode == 0, done.stderr
    assert machine.told == ["daemon-reload"]
    assert "edit /etc/blockprobe/probe.toml" in done.stdout
    assert (machine.root / "etc/blockprobe/probe.toml").is_file()
    assert (machine.root / "etc/blockprobe/config.toml").samefile(machine.root / "etc/blockprobe/probe.toml")


def test_an_upgrade_keeps_the_configuration_and_starts_again_what_ran(machine: Machine, package: Path) -> None:
    machine.dpkg("--install", str(package))
    config = machine.root / "etc/blockprobe/probe.toml"
    config.write_text('[vantage]\nname = "mine"\n')
    shutil.copy(config, config.with_name("helper.toml"))
    machine.running()
    done = machine.dpkg("--install", str(package))

    assert done.returncode == 0, done.stderr
    assert config.read_text() == '[vantage]\nname = "mine"\n'
    assert machine.told == [
        "stop blockprobe.service",
        "stop blockprobe-helper.service",
        "daemon-reload",
        "start blockprobe.service",
        "start blockprobe-helper.service",
    ]


def test_an_upgrade_leaves_a_misconfigured_agent_stopped_and_says_why(machine: Machine, package: Path) -> None:
    machine.dpkg("--install", str(package))
    (machine.root / "etc/blockprobe/probe.toml").write_text("[vantage]\nnmae = 1\n")
    machine.running()
    done = machine.dpkg("--install", str(package))

    assert done.returncode == 0, done.stderr
    assert "start blockprobe.service" not in machine.told
    assert "vantage.nmae" in done.stdout + done.stderr
    assert "stays stopped until /etc/blockprobe/probe.toml is right" in done.stderr


def test_removing_stops_and_purging_keeps_the_evidence(machine: Machine, package: Path) -> None:
    machine.dpkg("--install", str(package))
    evidence = machine.root / "var/lib/blockprobe/segment"
    evidence.parent.mkdir(parents=True)
    evidence.touch()
    machine.running()
    assert machine.dpkg("--remove", "blockprobe").returncode == 0
    assert machine.told == ["stop blockprobe.service", "stop blockprobe-helper.service", "daemon-reload"]
    assert (machine.root / "etc/blockprobe/probe.toml").exists()
    done = machine.dpkg("--purge", "blockprobe")

    assert done.returncode == 0, done.stderr
    assert not (machine.root / "etc/blockprobe").exists()
    assert evidence.exists()
    assert "evidence in /var/lib/blockprobe was kept" in done.stdout
    assert not (machine.root / "opt/blockprobe").exists()


def test_lintian_finds_no_error(package: Path) -> None:
    if not shutil.which("lintian"):
        pytest.skip("lintian is missing: apt-get install lintian")
    done = subprocess.run(["lintian", "--fail-on", "error", str(package)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
