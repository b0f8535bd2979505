"""Documentation is a test subject: examples run, links lead somewhere, every page and command is listed.

An example is run where the line before its fence is `<!-- run -->`. The session's network is cut (conftest.py), the
directory is empty, the project's programs are first on the path; `<!-- run: 2 -->` expects that exit status.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "probes").rglob("*.md")])
_EXAMPLE = re.compile(r"^<!-- run(?:: (?P<status>\d+))? -->\n```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")
_TARGET = re.compile(r"^(?P<name>[a-z-]+):", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    code: str
    status: int


def examples() -> list[Example]:
    """Every block that asks to be run."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _EXAMPLE.finditer(text):
            found.append(
                Example(
                    page=page.relative_to(ROOT).as_posix(),
                    line=text.count("\n", 0, match.start()) + 2,
                    language=match["language"],
                    code=match["code"],
                    status=int(match["status"] or 0),
                )
            )
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"{example.page}:{example.line}")
def test_the_example_runs(example, tmp_path):
    programs = {"python": [sys.executable, "-c"], "sh": ["sh", "-eu", "-c"]}
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("BLOCKPROBE_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "BLOCKPROBE_DOCS": str(ROOT),
        "HOME": str(tmp_path),
    }
    argv = [*programs[example.language], example.code]
    done = subprocess.run(
        argv, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False, input=""
    )

    assert done.returncode == example.status, done.stdout[-2000:] + done.stderr[-2000:]


def test_there_are_examples():
    assert {example.page for example in examples()} >= {"README.md", "docs/laboratory.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page):
    targets = [match["target"] for match in _LINK.finditer(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]

    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_page_is_in_the_table_of_contents():
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]

    assert [page for page in pages if page != "README.md" and f"({page})" not in index] == []


def test_the_readme_names_commands_that_the_makefile_has():
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    named = {
        name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.M)
    }

    assert named >= {"demo", "test"}
    assert named - targets == set()


def test_every_command_has_its_section():
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "blockprobe.cli.main", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commands = re.findall(r"^\W*([a-z]+) {2,}\S", done.stdout.partition("Commands")[2], re.M)

    assert len(commands) >= 6
    assert [name for name in commands if f"## blockprobe {name}" not in text] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda page: page.stem)
def test_a_decision_says_what_why_and_what_follows_in_forty_lines(page):
    text = page.read_text(encoding="utf-8")

    assert re.match(rf"# {int(page.name[:4])}\. ", text)
    assert [part for part in ("**Status:**", "## Context", "## Decision", "## Consequences") if part not in text] == []
    assert text.count("\n") <= 40


def test_folders_and_modules_named_in_the_architecture_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.py|\.md|/)?)`", text)
    roots = (ROOT, ROOT / "blockprobe")

    assert [
        name for name in named if not any((root / name).exists() or (root / f"{name}.py").exists() for root in roots)
    ] == []
