"""Lists: every usable line measured once, every other line named."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from blockprobe.cli import target_list
from blockprobe.cli.target_list import Listed, Overrides, read_targets
from blockprobe.model.errors import TargetError


def read(path: Path, *arguments: str) -> Listed:
    """The targets of a file and of arguments."""
    return read_targets(arguments, str(path), Overrides())


def test_comments_and_blank_lines_are_nothing_and_bad_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(
        b"\xef\xbb\xbf# a list\n\na.example\r\n  b.example  \nftp://c.example/\n"
        b"  # more\nd.example:x\n\xff\xfe\ne.example"
    )

    listed = read(path)

    assert [target.input for target in listed.targets] == ["a.example", "b.example", "e.example"]
    assert [fault.partition(": ")[0] for fault in listed.faults] == [f"{path}:{number}" for number in (5, 7, 8)]
    assert "no UTF-8" in listed.faults[2]


def test_the_same_target_is_measured_once_in_the_order_of_its_first_mention(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("b.example\na.example\nB.EXAMPLE.\nhttps://b.example/\nhttp://b.example/\n")

    listed = read(path, "a.example")

    assert [target.input for target in listed.targets] == [
        "a.example",
        "b.example",
        "https://b.example/",  # not the same: a bare domain is measured over http as well
        "http://b.example/",
    ]


def test_ten_thousand_lines_are_read_and_each_broken_one_named(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("".join(f"s{n}.example\n" if n % 10 else f"s{n} broken\n" for n in range(1, 10_001)))

    listed = read(path)

    assert len(listed.targets) == 9_000
    assert len(listed.faults) == 1_000
    assert listed.faults[-1].startswith(f"{path}:10000: 's10000 broken': ")


def test_a_line_without_end_is_refused_without_being_kept(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"a.example\n" + b"x" * 3_000_000 + b"\nb.example\n")

    listed = read(path)

    assert [target.input for target in listed.targets] == ["a.example", "b.example"]
    assert len(listed.faults) == 1
    assert listed.faults[0].startswith(f"{path}:2: a line of more than")


def test_standard_input_is_a_list_too(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = SimpleNamespace(buffer=io.BytesIO(b"a.example\nx y\n"))
    monkeypatch.setattr(target_list.sys, "stdin", stream)

    listed = read_targets((), "-", Overrides())

    assert [target.input for target in listed.targets] == ["a.example"]
    assert listed.faults[0].startswith("standard input:2: ")


def test_a_bad_argument_is_a_mistake_of_usage_and_all_are_named() -> None:
    with pytest.raises(TargetError) as caught:
        read_targets(("a.example", "b b", "ftp://c.example/"), None, Overrides())

    assert len(str(caught.value).splitlines()) == 2


def test_an_unreadable_list_and_nothing_at_all_are_mistakes_of_usage(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"No such file or directory; give a readable file"):
        read(tmp_path / "none")
    with pytest.raises(TargetError, match="nothing to measure"):
        read_targets((), None, Overrides())


def test_overrides_apply_to_every_target(tmp_path: Path) -> None:
    listed = read_targets(("a.example", "b.example"), None, Overrides(ip="203.0.113.5", sni="n1.example"))

    assert {(target.ip, target.sni, target.header_host) for target in listed.targets} == {
        ("203.0.113.5", "n1.example", None)
    }


@pytest.mark.parametrize("content", ["", "# only a comment\n\n"])
def test_a_list_without_a_target_is_named_with_what_to_write(tmp_path: Path, content: str) -> None:
    path = tmp_path / "list"
    path.write_text(content)

    with pytest.raises(TargetError) as told:
        read(path)
    assert str(told.value) == f"{path}: no target in it; write one a line: a domain, URL or IP address"
    assert [target.input for target in read(path, "a.example").targets] == ["a.example"]
