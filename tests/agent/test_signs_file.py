"""Signs of the network outlive a restart, and their key with them."""

import pytest

from blockprobe.agent.identity import Signs
from blockprobe.agent.signs_file import SignsFile

SIGNS = Signs(hashes={"gateway4": "ab12"})


def test_the_first_start_has_a_new_key_and_no_signs(tmp_path):
    first, second = SignsFile(tmp_path / "a"), SignsFile(tmp_path / "b")

    assert first.signs is None
    assert len(first.key) == 32
    assert first.key != second.key


def test_signs_are_kept_with_their_key(tmp_path):
    first = SignsFile(tmp_path)
    first.keep(SIGNS)
    again = SignsFile(tmp_path)

    assert (again.key, again.signs) == (first.key, SIGNS)
    assert (tmp_path / "line.json").stat().st_mode & 0o077 == 0


def test_signs_that_are_known_are_not_written_again(tmp_path):
    file = SignsFile(tmp_path)
    file.keep(SIGNS)
    (tmp_path / "line.json").unlink()
    file.keep(SIGNS)
    file.keep(None)

    assert not (tmp_path / "line.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": "zz", "signs": {}}', '{"key": "ab", "signs": {}}'])
def test_a_damaged_file_begins_anew(tmp_path, text):
    (tmp_path / "line.json").write_text(text)
    file = SignsFile(tmp_path)

    assert file.signs is None
    assert len(file.key) == 32
