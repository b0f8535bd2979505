"""Giving memory back after a cycle: an agent rests most of the time, on machines with little of it."""

import ctypes
import gc
import re
import sys
from functools import _lru_cache_wrapper, cache

from blockprobe.net.http_body import forget_pages
from blockprobe.net.tls_chain import forget_certificates


def give_back() -> None:
    """Empty what was remembered for the sake of speed, collect garbage, and hand free pages to the kernel (glibc)."""
    for remembered in _bounded_caches():
        remembered.cache_clear()
    forget_pages()
    forget_certificates()
    re.purge()  # patterns that are used once, each with a record's own names in it; modules hold on to theirs
    gc.collect()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


def _bounded_caches() -> list["_lru_cache_wrapper[object]"]:
    """The caches of this program with a limit: they hold what targets had in common. Those without one hold what is
    made once (adapters, schemas), and stay."""
    modules = [module for name, module in tuple(sys.modules.items()) if name.startswith("blockprobe.")]
    values = (value for module in modules for value in tuple(vars(module).values()))
    found = [value for value in values if isinstance(value, _lru_cache_wrapper)]
    return [value for value in found if value.cache_parameters()["maxsize"] is not None]


@cache
def _malloc_trim() -> "ctypes._NamedFuncPointer | None":
    """malloc_trim(3); None with another C library (musl keeps nothing back)."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
