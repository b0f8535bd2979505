"""An agent on a store and a plan of its own, open and never at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golden import SetClock

from blockprobe.agent.agent import Agent
from blockprobe.model.settings import AgentSettings, CatalogueSettings, MetricsSettings, Settings, StoreSettings

PLAN = '[[plan]]\nid = "own"\ntargets = ["a.example", "b.example"]\n'


def settings_in(folder: Path) -> Settings:
    """Everything in `folder`; no metrics are served."""
    (folder / "plans").mkdir()
    (folder / "plans" / "own.toml").write_text(PLAN)
    return Settings(
        agent=AgentSettings(plans=("own",)),
        catalogue=CatalogueSettings(paths=(str(folder),)),
        metrics=MetricsSettings(listen=""),
        store=StoreSettings(dir=str(folder / "store")),
    )


@contextmanager
def opened(settings: Settings, clock: SetClock) -> Iterator[Agent]:
    """The agent; its store is closed at the end."""
    agent = Agent.open(lambda: settings, clock)
    try:
        yield agent
    finally:
        agent._keeper.close({})
