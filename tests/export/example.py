"""The example record: a block by server name, with a page that shows the visitor's address."""

import json
from pathlib import Path
from typing import Any

from blockprobe.export.ooni import to_ooni_measurement
from blockprobe.model.codec import load_record
from blockprobe.model.record import Record

PATH = Path(__file__).parent / "example_record.json"


def example() -> Record:
    """The record."""
    return load_record(PATH.read_bytes())


def example_ooni() -> dict[str, Any]:
    """The record as an OONI measurement, after a trip through JSON."""
    document: dict[str, Any] = json.loads(json.dumps(to_ooni_measurement(example())))
    return document
