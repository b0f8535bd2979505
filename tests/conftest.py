"""Every test session is cut off from the network before anything is collected."""

import signal

import pytest

from blockprobe.lab import kernel
from blockprobe.model.errors import LabError

_CUT = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Move the whole process into an empty network namespace. Where the system forbids that, the laboratory's tests
    are skipped and the others, which use loopback only, run as they are."""
    # A background job of a shell has SIGINT ignored, and so would every program that a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        kernel.cut_network()
    except LabError as error:
        config.stash[_CUT] = f"not cut: {error}"
    else:
        config.stash[_CUT] = "cut: an empty namespace with a loopback interface"


def pytest_report_header(config: pytest.Config) -> str:
    return f"network {config.stash[_CUT]}"
