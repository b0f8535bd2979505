"""What tests of the server share."""

import pytest

from blockprobe.metrics import http


@pytest.fixture
def hurried(monkeypatch):
    """The same server with less patience."""
    monkeypatch.setattr(http, "TIMEOUT_S", 0.3)
