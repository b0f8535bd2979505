"""The marks that are common on the web: themes, widgets and phrases that pages of many sites share; shipped as numbers.

`common.marks` holds for each kind a count and then sorted 32-bit numbers, all little-endian. bench/mirrors_common.py
makes it from pages of other people's sites; no text of them is in it.
"""

import sys
from array import array
from functools import cache
from pathlib import Path

from blockprobe.mirrors.features import KINDS, NONE, Marks

PATH = Path(__file__).with_name("common.marks")


@cache
def common_marks() -> tuple[Marks, ...]:
    """The shipped marks for each kind; raises ValueError if the file was cut."""
    return unpack(PATH.read_bytes()) if PATH.exists() else (NONE,) * len(KINDS)


def pack(kinds: tuple[Marks, ...]) -> bytes:
    """The bytes of the file for these marks."""
    return b"".join(_numbers([len(marks), *sorted(marks)]).tobytes() for marks in kinds)


def unpack(data: bytes) -> tuple[Marks, ...]:
    """The marks in the bytes of a file. Raises ValueError when they are cut or too many."""
    numbers = array("I")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    kinds, place = [], 0
    for _ in KINDS:
        count = numbers[place] if place < len(numbers) else -1
        if count < 0 or place + 1 + count > len(numbers):
            raise ValueError("common.marks is cut: install the package again")
        kinds.append(frozenset(numbers[place + 1 : place + 1 + count]))
        place += 1 + count
    return tuple(kinds)


def _numbers(values: list[int]) -> "array[int]":
    numbers = array("I", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
