"""What a query refers to and which labels its result has, from its syntax and the table of metrics."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import promql_parser as promql

from blockprobe.metrics.table import METRICS, MetricType

TARGET = frozenset({"job", "instance"})
"""Labels that Prometheus adds to every series it scrapes."""
PROCESS = {
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
}
_SETS = ("and", "unless")


class Unknown(ValueError):
    """A metric or a label that does not exist."""


@cache
def known() -> dict[str, frozenset[str]]:
    """Every series that a probe can show, with its labels."""
    labels = {name: TARGET for name in {*PROCESS, "up"}}
    for metric in METRICS:
        own = TARGET | set(metric.labels)
        if metric.type is MetricType.HISTOGRAM:
            labels |= {f"{metric.name}_bucket": own | {"le"}, f"{metric.name}_sum": own, f"{metric.name}_count": own}
        else:
            labels[metric.name] = own
    return labels


def parse(expr: str) -> Any:
    """The syntax tree. Raises ValueError."""
    return promql.parse(expr)


def children(node: Any) -> Iterator[Any]:
    if isinstance(node, promql.BinaryExpr):
        yield from (node.lhs, node.rhs)
    elif isinstance(node, promql.Call):
        yield from node.args
    elif isinstance(node, promql.MatrixSelector):
        yield node.vector_selector
    elif isinstance(node, promql.AggregateExpr | promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        yield node.expr


def walk(node: Any) -> Iterator[Any]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def selectors(node: Any) -> list[Any]:
    return [found for found in walk(node) if isinstance(found, promql.VectorSelector)]


def metrics(node: Any) -> set[str]:
    return {selector.name for selector in selectors(node)}


def labels(node: Any, extra: dict[str, frozenset[str]] | None = None) -> frozenset[str] | None:
    """Labels of the result; None for a scalar. Raises Unknown where a label or metric is not there.

    `extra` are series that recording rules make."""
    if isinstance(node, promql.VectorSelector):
        return _selected(node, {**known(), **(extra or {})})
    if isinstance(node, promql.AggregateExpr):
        return _aggregated(node, extra)
    if isinstance(node, promql.BinaryExpr):
        return _joined(node, extra)
    if isinstance(node, promql.Call):
        found = [part for part in (labels(arg, extra) for arg in node.args) if part is not None]
        result = found[0] if found else None
        return result - {"le"} if result is not None and node.func.name == "histogram_quantile" else result
    below = list(children(node))
    return labels(below[0], extra) if below else None


def _selected(node: Any, series: dict[str, frozenset[str]]) -> frozenset[str]:
    if node.name not in series:
        raise Unknown(f"no metric {node.name}")
    _need({matcher.name for matcher in node.matchers.matchers}, series[node.name], f"matchers of {node.name}")
    return series[node.name]


def _aggregated(node: Any, extra: dict[str, frozenset[str]] | None) -> frozenset[str]:
    inner = labels(node.expr, extra)
    assert inner is not None, "an aggregation is over a vector"
    if node.modifier is None:
        return inner if str(node.op) in ("topk", "bottomk") else frozenset()
    named = set(node.modifier.labels)
    _need(named, inner, f"{node.op} {node.modifier.type}")
    return frozenset(named) if node.modifier.type == promql.AggModifierType.By else inner - named


def _joined(node: Any, extra: dict[str, frozenset[str]] | None) -> frozenset[str] | None:
    left, right = labels(node.lhs, extra), labels(node.rhs, extra)
    if left is None or right is None:
        return right if left is None else left
    modifier = node.modifier
    if modifier is None or modifier.matching is None:
        if str(node.op) not in _SETS and left != right:
            raise Unknown(f"the sides of {node.op} never match: {sorted(left ^ right)}")
        return left
    named = set(modifier.matching.labels)
    _need(named, left, f"on() left of {node.op}")
    _need(named, right, f"on() right of {node.op}")
    grouped = set(modifier.group_labels or ())
    if modifier.card == promql.VectorMatchCardinality.ManyToOne:
        _need(grouped, right, "group_left")
        return left | grouped
    if modifier.card == promql.VectorMatchCardinality.OneToMany:
        _need(grouped, left, "group_right")
        return right | grouped
    return left if str(node.op) in (*_SETS, "or") else frozenset(named)


def _need(wanted: set[str], there: frozenset[str], where: str) -> None:
    if wanted - there:
        raise Unknown(f"{where}: no label {sorted(wanted - there)}")
