"""`blockprobe config`: every fault, and what is in effect."""

import json
import tomllib
from pathlib import Path

from .program import run


def test_a_good_file_is_called_good(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[vantage]\nname = "leeds-3"\n')

    done = run("config", "check", "--config", str(path))

    assert (done.returncode, done.stdout.decode()) == (0, f"{path}: good\n")


def test_every_fault_has_a_line_on_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[vantage]\nacess = "fixed"\n[limits]\nattempts = 0\n')

    done = run("config", "check", "--config", str(path))

    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.decode().splitlines() == [
        f"{path}: vantage.acess: no such key; did you mean access?",
        f"{path}: limits.attempts: 0 is out of range; give 1 to 20",
    ]


def test_files_that_are_missing_are_named_by_check_only(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[helper]\ntoken_file = "token"\n')

    done = run("config", "check", "--config", str(path))

    assert done.returncode == 2
    assert done.stderr.decode() == (
        f"{path}: helper.token_file: {tmp_path}/token cannot be read; create it or correct it\n"
    )
    assert run("config", "show", "--config", str(path)).returncode == 0


def test_what_is_shown_can_be_read_back_and_says_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        '[vantage]\nname = "a \\"b\\" \\u007f"\n[[resolvers.public]]\nurl = "udp://203.0.113.208"\n'
        '[agent]\nplans = ["website"]\ncycle_s = 30\n'
    )

    done = run("config", "show", "--config", str(path), environ={"BLOCKPROBE_LIMITS__ATTEMPTS": "4"})

    text = done.stdout.decode()
    shown = tomllib.loads(text)
    assert shown["vantage"]["name"] == 'a "b" \x7f'
    assert shown["resolvers"]["public"] == [{"url": "udp://203.0.113.208"}]
    assert shown["agent"] == {"plans": ["website"], "cycle_s": 30.0, "line_check_s": 600.0}
    assert "attempts = 4  # env" in text
    assert "concurrency = 64  # default" in text
    path.write_text(text)
    again = run("config", "show", "--config", str(path)).stdout.decode()
    assert tomllib.loads(again) == shown


def test_json_says_the_same(tmp_path: Path) -> None:
    done = run("config", "show", "--format", "json", environ={"BLOCKPROBE_LIMITS__ATTEMPTS": "4"})

    document = json.loads(done.stdout)
    assert document["file"] is None
    assert document["settings"]["limits"]["attempts"] == 4
    assert document["origins"]["limits.attempts"] == "env"
    assert document["origins"]["limits.concurrency"] == "default"


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[helper]\ntoken_file = "t"\n[vantage]\nname = "https://user:hunter2@c.example/"\n')

    for format_ in ("toml", "json"):
        done = run("config", "show", "--config", str(path), "--format", format_)
        assert b"hunter2" not in done.stdout + done.stderr
        assert b"(hidden)" in done.stdout


def test_without_a_file_the_defaults_are_in_effect() -> None:
    done = run("config", "check")

    assert (done.returncode, done.stdout.decode()) == (0, "no configuration file: the defaults are in effect\n")
