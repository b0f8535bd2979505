"""What the agent has done since it started, as plain numbers: measurements by step and outcome, durations, cycles."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from blockprobe.metrics.steps import Outcome, Step, outcomes
from blockprobe.model.record import Record
from blockprobe.model.words import State

#: Upper bounds in seconds. With +Inf there are thirteen buckets: from a near DNS cache to all attempts of a dead site.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LABELS = (*(f"{bound:g}" for bound in BOUNDS), "+Inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """A histogram: cumulative counts by upper bound (seconds, as a label), and the sum in seconds."""

    buckets: Mapping[str, int]
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The counters at one moment. Every step, outcome and state is there, with 0 if nothing happened."""

    measurements: Mapping[tuple[Step, Outcome], int]
    durations: Mapping[Step, Durations]
    records: Mapping[State, int]
    cycles: Mapping[bool, int]
    network_changes: int


class Counters:
    """Counts from the start of the process; nothing is kept of a record that has been counted."""

    def __init__(self) -> None:
        """Everything is 0."""
        self._measurements: Counter[tuple[Step, Outcome]] = Counter()
        self._durations = {step: [0] * len(LABELS) for step in Step}
        self._totals_s = dict.fromkeys(Step, 0.0)
        self._records: Counter[State] = Counter()
        self._cycles: Counter[bool] = Counter()
        self._network_changes = 0

    def take(self, record: Record) -> None:
        """Count one record: an outcome for each step, and a duration for each that was taken."""
        self._records[record.verdict.state] += 1
        for step, (outcome, took_s) in outcomes(record).items():
            self._measurements[step, outcome] += 1
            if took_s is not None:
                self._durations[step][bisect_left(BOUNDS, took_s)] += 1
                self._totals_s[step] += took_s

    def cycle(self, *, controls_ok: bool) -> None:
        """A cycle has ended, and its controls held or did not."""
        self._cycles[controls_ok] += 1

    def network_changed(self) -> None:
        """The probe found itself on another network than before."""
        self._network_changes += 1

    def counts(self) -> Counts:
        """The present numbers, which no longer change."""
        return Counts(
            measurements={(step, outcome): self._measurements[step, outcome] for step in Step for outcome in Outcome},
            durations={
                step: Durations(
                    buckets=dict(zip(LABELS, accumulate(self._durations[step]), strict=True)),
                    total_s=self._totals_s[step],
                )
                for step in Step
            },
            records={state: self._records[state] for state in State},
            cycles={True: self._cycles[True], False: self._cycles[False]},
            network_changes=self._network_changes,
        )
