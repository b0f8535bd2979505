"""Runs the program as users do: another process, its own environment, no network needed."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(
    *arguments: str, stdin: bytes = b"", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """`blockprobe …` without anybody's configuration."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BLOCKPROBE_")}
    clean |= {"HOME": "/nonexistent", "COLUMNS": "80", "TERM": "dumb"} | (environ or {})
    clean.pop("XDG_CONFIG_HOME", None)
    program = [sys.executable, "-W", "error", "-m", "blockprobe.cli.main", *arguments]
    return subprocess.run(program, input=stdin, capture_output=True, env=clean, timeout=60, check=False)
