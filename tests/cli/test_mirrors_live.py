"""`blockprobe mirrors classify --live`: what cannot be used is refused before anything is sent."""

from pathlib import Path

import pytest

from blockprobe.cli.mirrors_live import state_folder
from tests.cli.program import run

LIVE = ("--live", "site.example")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (LIVE, "--live: name the hosts"),
        ((*LIVE, "a b"), "contains white space"),
        ((*LIVE, "mirror.example/path"), "a path needs a scheme; write https://mirror.example/path"),
        (("--live", "ftp://site.example", "a.example"), "cannot be measured"),
        ((*LIVE, "a.example", "--candidate", "x.html"), "--live: tests hosts"),
        ((*LIVE, "a.example", "--corpus", "x.json"), "--live: tests hosts"),
        ((*LIVE, "a.example", "--reference-via", "ftp://x"), "proxy 'ftp://x'"),
        ((*LIVE, "a.example", "--reference-via", "http://u:p@x.example"), "do not belong in a URL"),
        ((*LIVE, "a.example", "--reference-address", "x.example"), "x.example: no IP address"),
        ((*LIVE, "a.example", "--origin-address", "1.2.3"), "1.2.3: no IP address"),
        (
            (*LIVE, "a.example", "--reference-address", "192.0.2.1", "--reference-via", "http://192.0.2.2:1"),
            "one way to the site is enough",
        ),
        ((*LIVE, "a.example", "--state", "/dev/null/x"), "cannot count requests there"),
        (("--reference-via", "http://192.0.2.1:1", "x.html"), "belong to --live SITE"),
        (("--state", "x", "x.html"), "belong to --live SITE"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(arguments, told):
    done = run("mirrors", "classify", *arguments)

    said = done.stderr.decode().strip()
    assert done.returncode == 2
    assert told in said
    assert "\n" not in said
    assert done.stdout == b""


def test_requests_are_counted_in_the_users_own_state(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert state_folder() == Path("/home/ann/.local/state/blockprobe")

    monkeypatch.setenv("XDG_STATE_HOME", "/var/tmp/state")
    assert state_folder() == Path("/var/tmp/state/blockprobe")
