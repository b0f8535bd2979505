"""One laboratory for all tests of this folder; each test leaves it without rules."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .needs import missing
from .real import RealLab

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.daemons)


@pytest.fixture(scope="session")
def whole_lab() -> Iterator[RealLab]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with RealLab() as lab:
        yield lab


@pytest.fixture
def lab(whole_lab: RealLab) -> Iterator[RealLab]:
    yield whole_lab
    whole_lab.switch([])
