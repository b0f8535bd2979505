"""The text file for node_exporter counts on from one cycle to the next."""

import asyncio
import re
from dataclasses import replace

from golden import BLOCKED, SetClock, record
from opening import opened, settings_in

from blockprobe.agent.cycle import Looks, Wanted
from blockprobe.agent.face import Face
from blockprobe.model.settings import MetricsSettings

DROPPED = re.compile(r"^blockprobe_metrics_series_dropped_total (\S+)$", re.M)


def test_series_that_were_left_out_are_counted_over_all_texts(tmp_path):
    clock, path = SetClock(), tmp_path / "blockprobe.prom"
    metrics = MetricsSettings(listen="", textfile=str(path), per_site="all", max_series=1)
    settings = replace(settings_in(tmp_path), metrics=metrics)
    seen = record(BLOCKED)

    with opened(settings, clock) as agent:
        agent.take(Looks(wanted=Wanted(key="a.example", target=seen.target), records=(seen,), controls_ok=True))
        face = Face(agent, clock, lambda: True)
        asyncio.run(face.use(metrics))
        counts = []
        for _ in range(3):
            face.after_cycle()
            counts.append(float(DROPPED.search(path.read_text())[1]))

    assert counts[0] > 0
    assert counts == [counts[0], 2 * counts[0], 3 * counts[0]]
