"""The exposition as a file: whole at every moment, readable by others, and a clear line when it cannot be written."""

import os
import threading
from pathlib import Path

import pytest

from blockprobe.metrics.textfile import write_textfile
from blockprobe.model.errors import ConfigError


def test_the_file_is_there_for_everybody_to_read_and_nothing_else_is_left(tmp_path: Path):
    before = os.umask(0o077)
    try:
        write_textfile(tmp_path / "blockprobe.prom", b"a 1\n")
        write_textfile(tmp_path / "blockprobe.prom", b"a 2\n")
    finally:
        os.umask(before)

    assert [path.name for path in tmp_path.iterdir()] == ["blockprobe.prom"]
    assert (tmp_path / "blockprobe.prom").read_bytes() == b"a 2\n"
    assert (tmp_path / "blockprobe.prom").stat().st_mode & 0o777 == 0o644


def test_a_reader_sees_the_old_text_or_the_new_one_and_never_a_part(tmp_path: Path):
    path = tmp_path / "blockprobe.prom"
    texts = {bytes([letter]) * 300_000 for letter in b"ab"}
    write_textfile(path, min(texts))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for text in texts:
                write_textfile(path, text)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [path.read_bytes() for _ in range(200)]
    finally:
        stop.set()
        writer.join()

    assert set(seen) <= texts
    assert [one for one in tmp_path.iterdir() if one.suffix == ".prom"] == [path]


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path):
    with pytest.raises(
        ConfigError, match=r"^metrics.textfile .*missing/b.prom: No such file or directory; give a file"
    ):
        write_textfile(tmp_path / "missing" / "b.prom", b"")


def test_a_file_that_cannot_be_replaced_stays_and_leaves_no_other_behind(tmp_path: Path):
    folder = tmp_path / "blockprobe.prom"
    folder.mkdir()
    (folder / "kept").touch()

    with pytest.raises(ConfigError, match=r"^metrics\.textfile .* directory; give"):
        write_textfile(folder, b"a 1\n")

    assert [path.name for path in tmp_path.iterdir()] == ["blockprobe.prom"]
    assert (folder / "kept").exists()
