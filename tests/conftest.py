"""Every test session is cut off from the network before anything is collected."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from blockprobe.lab import kernel
from blockprobe.model.errors import LabError

HERE = Path(__file__).parent
# Many processes share the processors: how long one example takes says nothing about the code.
settings.register_profile("together", deadline=None)
settings.load_profile("together")
PURE = ("catalogue", "export", "goldens", "model", "verdict", "test_layout.py")
"""What runs even where the network cannot be cut: it could send nothing (test_layout.py looks)."""
UNCUT = f"Tests that could send a packet run only with the network cut off, which this system forbids: {kernel.ALLOW}"

_CUT = pytest.StashKey[str]()
_IS_CUT = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Move the whole process into an empty network namespace."""
    # A background job of a shell has SIGINT ignored, and so would every program that a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        kernel.cut_network()
    except LabError as error:
        config.stash[_CUT], config.stash[_IS_CUT] = f"not cut: {error}", False
    else:
        config.stash[_CUT], config.stash[_IS_CUT] = "cut: an empty namespace with a loopback interface", True


def pytest_report_header(config: pytest.Config) -> str:
    return f"network {config.stash[_CUT]}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the system forbids the cut, only those tests are run that could send nothing."""
    if config.stash[_IS_CUT]:
        return
    for item in items:
        if item.path.relative_to(HERE).parts[0] not in PURE:
            item.add_marker(pytest.mark.skip(reason=UNCUT))
