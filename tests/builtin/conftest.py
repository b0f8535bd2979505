"""One laboratory for the session; every test here runs on the subscriber's line."""

import os
from collections.abc import Iterator

import pytest

from blockprobe.lab.demo_world import DEMO
from blockprobe.lab.lab import Lab
from blockprobe.lab.topology import WIRES
from blockprobe.lab.trial import trust
from blockprobe.model.errors import LabError


@pytest.fixture(scope="session")
def laboratory() -> Iterator[Lab]:
    try:
        lab = Lab(wires=frozenset(WIRES)).__enter__()
    except LabError as error:
        pytest.skip(str(error))
    os.environ["SSL_CERT_FILE"] = str(lab.directory / "ca.pem")
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def helped(laboratory: Lab) -> Lab:
    """The laboratory with the real helper and its echoes outside the ISP."""
    laboratory.load(DEMO)
    laboratory.start_helper()
    trust(laboratory)
    return laboratory


@pytest.fixture
def lab(laboratory: Lab) -> Iterator[Lab]:
    laboratory.enter_probe()
    yield laboratory
    laboratory.leave_probe()
