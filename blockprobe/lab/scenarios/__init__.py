"""Scenarios by family. Each module has `SCENARIOS`; `every()` collects them all.

Duty: say what a world is, what its censor does and what is true there.
Must not be in here: code that runs while measuring, and truths adjusted to what the checker happens to say.
"""

from importlib import import_module
from typing import Final

from blockprobe.lab.scenario import Scenario

FAMILIES: Final = (
    "lookalikes",
    "hard_blocks",
    "few_echoes",
    "combinations",
    "peer_mistakes",
    "bad_input",
    "ooni",
    "quic",
)


def family(name: str) -> tuple[Scenario, ...]:
    """The scenarios of one family."""
    scenarios: tuple[Scenario, ...] = import_module(f"{__name__}.{name}").SCENARIOS
    return scenarios


def every() -> tuple[Scenario, ...]:
    """All scenarios of all families."""
    return tuple(scenario for name in FAMILIES for scenario in family(name))


def named(name: str) -> Scenario:
    """The scenario of that name. Raises KeyError."""
    return {scenario.name: scenario for scenario in every()}[name]
