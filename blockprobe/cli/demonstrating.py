"""The work of `demo agent`: a folder, and what happens with the time beside it."""

from pathlib import Path

from blockprobe.lab.agent_demo import Wish, demonstrate_agent
from blockprobe.net.clock import SystemClock


def run_agent_demonstration(folder: str | None, *, port: int, minutes: float | None) -> None:
    """Run it; raises ConfigError and LabError."""
    demonstrate_agent(Wish(folder=None if folder is None else Path(folder), port=port, minutes=minutes), _say)


def _say(sentence: str) -> None:
    print(f"{SystemClock().now():%H:%M:%S}  {sentence}", flush=True)
