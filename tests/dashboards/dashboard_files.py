"""The committed dashboards as the tests read them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
RULES = sorted((FOLDER / "rules").glob("*.yml"))
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_LABEL_VALUES = re.compile(r"label_values\((?:(?P<selector>.+), )?(?P<label>\w+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query of one panel."""

    dashboard: str
    panel: dict[str, Any]
    target: dict[str, Any]

    @property
    def where(self) -> str:
        return f"{self.dashboard}: {self.panel['title']} {self.target['refId']}"

    @property
    def expr(self) -> str:
        return self.target["expr"]


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Every panel but the headings of rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries() -> Iterator[Asked]:
    """Every query of every panel of every dashboard."""
    for path in FILES:
        for panel in panels(load(path)):
            for target in panel["targets"]:
                yield Asked(dashboard=path.stem, panel=panel, target=target)


def variables(board: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def label_values(query: str) -> tuple[str, str]:
    """Selector and label of a variable's query."""
    match = _LABEL_VALUES.fullmatch(query)
    assert match is not None, query
    return match["selector"], match["label"]


def filled(expr: str, *, rate_interval: str = "5m", chosen: dict[str, str] | None = None) -> str:
    """The query as Grafana sends it, with `.*` (All) for a variable that is not chosen."""
    values = {"__rate_interval": rate_interval, **(chosen or {})}
    return _VARIABLE.sub(lambda match: values.get(match[1], ".*"), expr)
