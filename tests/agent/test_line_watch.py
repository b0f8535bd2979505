"""What may be said of the line."""

import asyncio
import logging

import pytest
from golden import BLOCKED, DOWN, OPEN, SetClock, record
from test_worklist import WEBSITE, loaded

from blockprobe.agent.controls import Controls
from blockprobe.agent.line_watch import LineWatch, SelfTest, self_tests
from blockprobe.model.line import Line
from blockprobe.model.settings import VantageSettings

KEY = b"a key of this probe"
OPENS, BLOCKS = SelfTest(kind="must_open", target="o.example"), SelfTest(kind="must_block", target="b.example")


@pytest.fixture
def watch():
    return LineWatch(loaded(WEBSITE), SetClock(), key=KEY)


def test_the_self_tests_are_those_the_operator_stated():
    stated = VantageSettings(must_open=("o.example",), must_block=("b.example",))
    assert self_tests(stated) == (OPENS, BLOCKS)


@pytest.mark.parametrize(
    ("test", "found", "said"),
    [
        (OPENS, OPEN, {"must_open": True}),
        (OPENS, BLOCKED, {"must_open": False}),
        (OPENS, DOWN, {}),
        (BLOCKS, BLOCKED, {"must_block": True}),
        (BLOCKS, OPEN, {"must_block": False}),
        (BLOCKS, DOWN, {}),
    ],
)
def test_a_self_test_says_yes_no_or_nothing(watch, test, found, said):
    watch.take_self_test(test, record(found))

    assert watch.self_test() == said
    assert (watch.problem() is not None) is (False in said.values())


def test_one_contrary_result_outweighs_the_others_and_is_told_once(watch, caplog):
    other = SelfTest(kind="must_open", target="p.example")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            watch.take_self_test(OPENS, record(OPEN))
            watch.take_self_test(other, record(BLOCKED))

    assert watch.self_test() == {"must_open": False}
    assert "must_open p.example is blocked" in watch.problem()
    assert caplog.text.count("p.example") == 1


def test_controls_that_failed_refuse_figures_until_they_hold(watch):
    watch.take_controls(Controls(line=Line(families={"4": False, "6": False}), helper=False))
    assert "controls of the last cycle failed" in watch.problem()

    watch.take_controls(Controls(line=Line(families={"4": True})))
    assert watch.problem() is None
    assert watch.controls.helper is False  # nobody asked it this time


def test_a_change_of_network_is_noticed_by_what_a_helper_saw(watch):
    assert watch.moved("198.51.100.7") == ()
    assert watch.moved("198.51.100.9") == ()
    watch.take_controls(Controls(line=Line(), address="203.0.113.9"))

    assert asyncio.run(watch.after_cycle()) == ("public4",)
    assert asyncio.run(watch.after_cycle()) == ()


def test_new_settings_forget_what_the_old_self_tests_found(watch):
    watch.take_self_test(OPENS, record(BLOCKED))
    asyncio.run(watch.use(loaded(WEBSITE)))

    assert watch.self_test() == {}
