"""The words for candidates are closed, and docs/mirrors.md explains every one."""

from pathlib import Path

import pytest

from blockprobe.model.mirror import Band, MirrorClass, Source

DOCS = (Path(__file__).parents[2] / "docs" / "mirrors.md").read_text()


@pytest.mark.parametrize("word", [*MirrorClass, *Band, *Source])
def test_every_word_is_explained(word):
    assert f"`{word}`" in DOCS
