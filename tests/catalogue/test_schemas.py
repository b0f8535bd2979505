"""The shipped schemas are made from the model, and every shipped file is of their form."""

import json
import os
import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from blockprobe.catalogue.data import shipped_data
from blockprobe.catalogue.schemas import schemas
from blockprobe.catalogue.tables import keys_of
from blockprobe.model.order import (
    Network,
    Order,
    OrderFlag,
    OrderKind,
    OrderTarget,
    Respondent,
    Source,
    TargetKind,
    Technique,
    TimeSource,
)
from blockprobe.model.plan import CsvList, Plan, PlanKind, Window

from .folder import NETWORK, ORDER, PLAN
from .test_calendar import MATCH
from .test_orders import DEMO_CATALOGUE, EVERY_KEY

FOLDER = Path(__file__).parents[2] / "probes/schemas"
SORTS = {"orders": "order", "networks": "network", "plans": "plan", "fingerprints": "fingerprint"}
FILES = [
    (path, f"{sort}.schema.json")
    for top in (shipped_data(), DEMO_CATALOGUE)
    for folder, sort in SORTS.items()
    for path in sorted((top / folder).rglob("*.toml"))
]
MODEL = (Order, Source, Respondent, OrderTarget, Network, Plan, CsvList, Window)
VOCABULARIES = (OrderKind, OrderFlag, TargetKind, Technique, TimeSource, PlanKind)


def misfits(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value by a schema of the keywords used here; an unknown keyword is an error of the test."""
    found = []
    for keyword, wanted in schema.items():
        match keyword:
            case "$schema" | "title" | "description" | "items" | "properties" | "format":
                continue
            case "type":
                kinds = {
                    "object": dict,
                    "array": list,
                    "string": str,
                    "boolean": bool,
                    "integer": int,
                    "number": (int, float),
                }
                bad = not isinstance(value, kinds[wanted]) or (isinstance(value, bool) and wanted != "boolean")
            case "additionalProperties":
                bad = not set(value) <= set(schema["properties"])
            case "required":
                bad = not set(wanted) <= set(value)
            case "enum":
                bad = value not in wanted
            case "const":
                bad = value != wanted
            case "pattern":
                bad = not re.search(wanted, value)
            case "minLength" | "maxLength" | "minItems":
                bad = len(value) < wanted if keyword.startswith("min") else len(value) > wanted
            case "minimum" | "maximum":
                bad = value < wanted if keyword == "minimum" else value > wanted
            case "anyOf":
                bad = all(misfits(one, value) for one in wanted)
            case _:
                raise AssertionError(keyword)
        if bad:
            found.append(f"{keyword}: {str(value)[:200]}")
            break
    else:
        for key, inner in schema.get("properties", {}).items():
            found += misfits(inner, value[key]) if key in value else []
        for one in value if "items" in schema else ():
            found += misfits(schema["items"], one)
    return found


def of_toml(text: str) -> Any:
    """The file's content as an editor's JSON Schema sees it: times and days are texts."""
    return json.loads(json.dumps(tomllib.loads(text), default=_text))


def _text(value: object) -> str:
    assert isinstance(value, date | datetime)
    return value.isoformat()


def shipped(name: str) -> dict[str, Any]:
    """A schema as it is shipped."""
    document: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return document


def test_the_shipped_schemas_are_current() -> None:
    """Regenerate with: BLOCKPROBE_WRITE_SCHEMA=1 pytest tests/catalogue/test_schemas.py."""
    current = {name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in schemas().items()}
    if os.environ.get("BLOCKPROBE_WRITE_SCHEMA"):
        FOLDER.mkdir(exist_ok=True)
        for name, text in current.items():
            (FOLDER / name).write_text(text)

    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == current


@pytest.mark.parametrize(("path", "name"), FILES, ids=lambda one: "/".join(Path(one).parts[-3:]))
def test_a_shipped_file_is_of_its_form(path: Path, name: str) -> None:
    assert misfits(shipped(name), of_toml(path.read_text())) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [(ORDER, "order"), (EVERY_KEY, "order"), (NETWORK, "network"), (PLAN, "plan"), (MATCH, "calendar")],
)
def test_what_the_reader_takes_the_schema_takes(text: str, name: str) -> None:
    assert misfits(shipped(f"{name}.schema.json"), of_toml(text)) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (ORDER.replace("title", "titel"), "order"),
        (ORDER.replace("zz/first", "first"), "order"),
        (ORDER.replace('techniques = ["dns"]', 'techniques = ["bgp"]'), "order"),
        (ORDER.replace('[[order.source]]\ntext = "The order"', ""), "order"),
        (NETWORK.replace("[64500]", '"64500"'), "network"),
        (PLAN + 'interval_s = "1h"\n', "plan"),
        (MATCH.replace("end", "till"), "calendar"),
        ('[[fingerprint]]\nid = "x"\n', "fingerprint"),
    ],
)
def test_what_the_reader_refuses_for_its_form_the_schema_refuses(text: str, name: str) -> None:
    assert misfits(shipped(f"{name}.schema.json"), of_toml(text))


def test_every_key_and_word_is_documented() -> None:
    page = (FOLDER.parents[1] / "docs/orders.md").read_text()
    keys = {key for cls in MODEL for key in keys_of(cls)}
    words = {str(word) for vocabulary in VOCABULARIES for word in vocabulary}

    assert [one for one in sorted(keys | words) if f"`{one}`" not in page] == []


def test_every_documented_default_of_a_plan_is_the_real_one() -> None:
    page = (FOLDER.parents[1] / "docs/orders.md").read_text()

    for cls, given in ((Plan, Plan(id="x")), (CsvList, CsvList(path="x"))):
        for key in keys_of(cls):
            value = getattr(given, key, None)
            if isinstance(value, float) and key not in ("before_s", "after_s"):
                assert f"| `{key}` | `{value}` |" in page, key
    assert "| `before_s`, `after_s` | `900.0`, `3600.0` |" in page
