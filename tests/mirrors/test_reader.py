"""The child that reads pages: it dies of a page, the next page is read by another.

BLOCKPROBE_ACCEPTANCE=1 reads 10,000 hostile and random pages instead of a few hundred.
"""

import gzip
import os
import sys
import textwrap

import pytest

from blockprobe.mirrors import reader
from blockprobe.mirrors.page import read_page
from blockprobe.mirrors.reader import PageReader
from blockprobe.mirrors.reader_child import BATCH_PAGES, MAX_BATCH_BYTES
from blockprobe.mirrors.saved import unpacked
from blockprobe.model.errors import ConfigError
from tests.mirrors.hostile import hostile_pages

COUNT = 10_000 if os.environ.get("BLOCKPROBE_ACCEPTANCE") == "1" else 360
PAGE = b"<title>Reed Organ</title><p>We sell organs all day</p>"


def child(code: str, *, cpu_s: int = 2) -> tuple[str, ...]:
    """A child that runs `code` where the real one would read the page."""
    program = f"""
    import sys, time
    from blockprobe.mirrors import reader_child
    from blockprobe.mirrors.page import marks_and_facts as read_page
    def marks_and_facts(page, *, whole):
    {textwrap.indent(textwrap.dedent(code), "        ")}
    reader_child.marks_and_facts, reader_child.CPU_S = marks_and_facts, {cpu_s}
    sys.exit(reader_child.main())
    """
    return (sys.executable, "-c", textwrap.dedent(program))


def test_a_page_read_in_the_child_has_the_features_of_a_page_read_here():
    with PageReader() as pages:
        assert pages.read(PAGE) == read_page(PAGE)
        assert pages.deaths == 0


@pytest.mark.parametrize(
    "code",
    [
        "\nwhile True: pass",
        "\nreturn bytearray(1 << 30)",
        "\nopen('/dev/null')",
        "\nraise SystemExit(3)",
    ],
    ids=["endless loop", "a gigabyte", "a file", "death"],
)
def test_a_page_over_the_limits_is_none_and_the_next_one_finds_a_new_child(code):
    with PageReader(child(code)) as pages:
        assert pages.read(PAGE) is None
        assert pages.deaths == 1
        pages._command = reader.CHILD
        assert pages.read(PAGE) == read_page(PAGE)


@pytest.mark.parametrize(
    "answer", [b"\xff\xff\xff\xff", b"\x04\x00\x00\x00junk", b"\x01"], ids=["too long", "garbage", "cut"]
)
def test_an_answer_that_is_none_is_a_page_that_could_not_be_read(answer):
    program = f"import sys; sys.stdin.buffer.read(5); sys.stdout.buffer.write({answer!r}); sys.stdout.flush()"
    with PageReader((sys.executable, "-c", program)) as pages:
        assert pages.read(PAGE) is None


def test_a_child_that_says_nothing_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(reader, "PATIENCE_S", 0.2)
    with PageReader((sys.executable, "-c", "import time; time.sleep(600)")) as pages:
        assert pages.read(PAGE) is None


def test_many_pages_are_read_as_each_of_them_would_be():
    many = [b"<p>one of so many words" * (number * 311 % 3000) for number in range(3 * BATCH_PAGES)]
    assert sum(map(len, many)) > 2 * MAX_BATCH_BYTES

    with PageReader() as pages:
        assert list(pages.read_all(iter(many))) == [read_page(page) for page in many]
        assert list(pages.read_all([])) == []
        assert pages.deaths == 0


def test_of_a_batch_only_the_page_that_kills_is_lost():
    deadly = child("\nif b'kill' in page: raise SystemExit(3)\nreturn read_page(page, whole=whole)")
    many = [PAGE, b"kill", PAGE * 2, PAGE * 3, b"kill me", b""]

    with PageReader(deadly) as pages:
        found = list(pages.read_all(many))

        assert found == [None if b"kill" in page else read_page(page) for page in many]
        assert pages.deaths == 2


def test_a_batch_that_takes_too_long_as_a_whole_loses_no_page():
    slow = child(
        "\nbegan = time.process_time()"
        "\nwhile page and time.process_time() - began < 0.7: pass"
        "\nreturn read_page(page, whole=whole)",
        cpu_s=1,
    )
    many = [b"", PAGE, PAGE * 2, PAGE * 3]

    with PageReader(slow) as pages:
        assert list(pages.read_all(many)) == [read_page(page) for page in many]
        assert pages.deaths == 0


def test_pages_before_a_file_that_cannot_be_used_are_answered():
    def source():
        yield PAGE
        raise ConfigError("no such file")

    with PageReader() as pages:
        answers = pages.read_all(source())
        assert next(answers) == read_page(PAGE)
        with pytest.raises(ConfigError):
            next(answers)


def test_hostile_and_random_pages_neither_hang_nor_crash_the_program():
    with PageReader() as pages:
        answers = list(pages.read_all(_as_saved(page) for page in hostile_pages(COUNT, seed=7)))

        assert len(answers) == COUNT
        assert None in answers, "none of them was nested too deep: the pages are not hostile enough"
        assert pages.read(PAGE) == read_page(PAGE)


def test_sixty_four_megabytes_of_zeros_are_an_empty_page():
    bomb = gzip.compress(b"\0" * 64_000_000, compresslevel=1)

    with PageReader() as pages:
        assert pages.read(unpacked(bomb)) == read_page(b"")


def _as_saved(page: bytes) -> bytes:
    return unpacked(page) if page.startswith(b"\x1f\x8b") else page
