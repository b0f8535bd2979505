"""Tables for every width; nothing from the network is obeyed."""

import io

import pytest
from rich.console import Console

from blockprobe.cli.render.console import printable
from blockprobe.cli.render.record_detail import print_detail
from blockprobe.cli.render.record_table import print_table
from blockprobe.cli.render.rows import Row, row_of
from blockprobe.model.words import State
from tests.export.example import example

LONG = "a-very-long-name-" * 4 + ".example"


def table(width: int, *rows: Row, terminal: bool = False) -> str:
    """The table as text."""
    stream = io.StringIO()
    colours = "standard" if terminal else None
    print_table(Console(file=stream, width=width, force_terminal=terminal, color_system=colours), rows)
    return stream.getvalue()


@pytest.mark.parametrize("width", [30, 63, 64, 80, 119, 120, 200])
def test_nothing_is_cut_whatever_the_width(width: int) -> None:
    row = Row(
        target=LONG,
        state=State.BLOCKED,
        mechanism="dns.injection.blockpage, tls.reset.sni",
        grade="counterfactual (partial)",
        because="The line's own resolver gives an address that nobody else gives.",
    )

    text = table(width, row)

    assert max(map(len, text.splitlines())) <= width
    squeezed = "".join(text.split())
    for word in ("blocked", "counterfactual", "(partial)", "resolver", "1measured:1blocked."):
        assert word in squeezed
    for letters in (LONG[:12], "dns.injection.blockpage"[:12]):
        assert letters in squeezed


def test_markup_and_control_characters_are_printed_and_not_obeyed() -> None:
    row = Row(target="[red]x\x1b[2J", state=State.DOWN, mechanism="", grade="", because="[bold]\u202eb\r\n")

    text = table(100, row)

    assert "[red]x\ufffd[2J" in text
    assert "[bold]\ufffdb" in text
    assert "\x1b" not in text


def test_colour_is_for_terminals() -> None:
    row = row_of(example())

    assert "\x1b[" in table(100, row, terminal=True)
    assert "\x1b[" not in table(100, row)


def test_a_suspicion_is_marked_as_one() -> None:
    record = example()
    assert row_of(record).mechanism == "tls.reset.sni"
    assert row_of(record).grade == "counterfactual"


@pytest.mark.parametrize("width", [72, 80, 160])
def test_the_detail_shows_the_sentence_the_interference_and_each_resolver(width: int) -> None:
    stream = io.StringIO()

    print_detail(Console(file=stream, width=width), example())

    squeezed = "".join(stream.getvalue().split())
    for word in ("blocked", "Naminga.exampleinTLS", "3of3", "203.0.113.5", "dns_no_answer", "connection_reset"):
        assert word in squeezed
    assert max(map(len, stream.getvalue().splitlines())) <= width


def test_printable_keeps_words_of_every_script() -> None:
    assert printable("bücher 例え 😀") == "bücher 例え 😀"
    assert printable("a\x00\x07\u2066b") == "a\ufffd\ufffd\ufffdb"
