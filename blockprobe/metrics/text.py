"""Prometheus' text format 0.0.4, written line by line: an object for every sample would take at least twice as long."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from blockprobe.metrics.table import BY_NAME, METRICS, Metric

#: Whole numbers below it are exact in a double, which is what Prometheus keeps.
_EXACT = 2**53
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def escaped(value: str) -> str:
    """A label's value as it stands between quotes: backslash, quote and line feed are escaped."""
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return value


def number(value: float) -> str:
    """A sample's value; whole numbers without a point, infinities and NaN as Prometheus spells them."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    whole = int(value)
    return str(whole) if whole == value and abs(whole) < _EXACT else repr(float(value))


def sample(metric: Metric, values: tuple[str, ...], value: float) -> str:
    """One line. Raises ValueError when the labels are not as many as the table's."""
    return f"{metric.name}{_braces(zip(metric.labels, values, strict=True))} {number(value)}\n"


def histogram(metric: Metric, values: tuple[str, ...], buckets: Mapping[str, int], total: float) -> list[str]:
    """The lines of one histogram: `buckets` are cumulative counts by upper bound, the last one being "+Inf"."""
    labels = tuple(zip(metric.labels, values, strict=True))
    lines = [f"{metric.name}_bucket{_braces((*labels, ('le', bound)))} {count}\n" for bound, count in buckets.items()]
    count = buckets["+Inf"]
    return [
        *lines,
        f"{metric.name}_sum{_braces(labels)} {number(total)}\n",
        f"{metric.name}_count{_braces(labels)} {count}\n",
    ]


class Page:
    """An exposition being written: lines by metric, in the order of the table whatever the order of writing."""

    def __init__(self) -> None:
        """Nothing is on it."""
        self._lines: dict[str, list[str]] = defaultdict(list)
        self.series = 0

    def add(self, name: str, value: float, *labels: str) -> None:
        """One sample; `name` without the prefix `blockprobe_`."""
        metric = BY_NAME[f"blockprobe_{name}"]
        self._lines[metric.name].append(sample(metric, labels, value))
        self.series += 1

    def extend(self, name: str, lines: list[str]) -> None:
        """Lines of a metric, each a series, as they are; `name` without the prefix `blockprobe_`."""
        self._lines[f"blockprobe_{name}"].extend(lines)
        self.series += len(lines)

    def take(self, other: "Page") -> None:
        """Everything that is on the other page."""
        for name, lines in other._lines.items():
            self._lines[name].extend(lines)
        self.series += other.series

    def pieces(self) -> Iterator[bytes]:
        """The text, one metric a piece, which is then no longer kept; metrics without a series are not mentioned."""
        for metric in METRICS:
            if lines := self._lines.pop(metric.name, None):
                head = f"# HELP {metric.name} {_help(metric.help)}\n# TYPE {metric.name} {metric.type}\n"
                yield (head + "".join(lines)).encode("utf-8", "replace")


def _braces(labels: Iterable[tuple[str, str]]) -> str:
    inner = ",".join([f'{name}="{escaped(value)}"' for name, value in labels])
    return f"{{{inner}}}" if inner else ""


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
