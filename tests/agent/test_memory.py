"""Memory that is not needed any more goes back."""

import gc
import weakref

from blockprobe.agent.memory import give_back
from blockprobe.model import addresses, codec
from blockprobe.net import http_body


class Circle:
    """Refers to itself."""

    def __init__(self):
        self.me = self


def test_circles_are_collected_and_it_can_be_asked_again():
    gc.disable()
    try:
        seen = weakref.ref(Circle())
        assert seen() is not None
        give_back()
        give_back()
    finally:
        gc.enable()

    assert seen() is None


def test_what_targets_had_in_common_is_forgotten_and_what_is_made_once_stays():
    adapter = codec._adapter()
    addresses.family_of("192.0.2.1")
    assert addresses.family_of.cache_info().currsize
    http_body._readings["0" * 64, None, None] = "a title", (1, 2, 3)
    give_back()

    assert not http_body._readings
    assert addresses.family_of.cache_info().currsize == 0
    assert codec._adapter() is adapter
