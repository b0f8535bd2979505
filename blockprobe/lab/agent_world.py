"""The world of `blockprobe demo agent`: the demonstration's, with what only an agent that works for a while can see.

Orders whose times have to lie around today cannot be shipped, so they are written here for the moment of the start.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from blockprobe.lab.censor import Sni
from blockprobe.lab.demo_world import DEMO
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.sites import Page, Site, place, says, site

#: Blocked at the start; the ISP opens it for a while although the order stands.
LIFTED_NAME: Final = "sni-reset.example"
#: No longer listed, and blocked at the start all the same.
ENDED_NAME: Final = "ended.example"
#: Mirrors of MIRRORED_NAME that the plan `demo-mirrors` watches: open, blocked, and blocked while others are lifted.
MIRRORED_NAME: Final = "injected.example"
MIRROR_NAMES: Final = ("mirror-open.example", "mirror-blocked.example", "mirror-falls.example")
#: How long after the start the deadline of `zz/demo-today` passes.
DEADLINE_AFTER: Final = timedelta(seconds=30)

AGENT_DEMO: Final = replace(
    DEMO,
    name="demo-agent",
    story=f"{DEMO.story}; a neighbour on a blocked address; an entry that has ended; mirrors of a blocked site",
    sites=(
        *DEMO.sites,
        site("new.example", 27),
        site(ENDED_NAME, 28),
        site("filtered.example", 29),
        site("shop.example", 32),
        Site(names=("library.example",), v4=(place(16)[0],), v6=(place(16)[1],)),
        *(site(name, 34 + n, says(Page(seed=MIRRORED_NAME))) for n, name in enumerate(MIRROR_NAMES)),
    ),
    lies=(
        *DEMO.lies,
        Lie(names=(ENDED_NAME,), say=Say.NXDOMAIN),
        Lie(names=("filtered.example",), say=Say.REFUSED, ede=(17, "filtered at the customer's wish")),
        Lie(names=(MIRROR_NAMES[1],), say=Say.NXDOMAIN),
    ),
)
"""Before, and again at the end."""

LIFTED: Final = replace(
    AGENT_DEMO,
    name="demo-agent-lifted",
    rules=tuple(r for r in AGENT_DEMO.rules if not (isinstance(r, Sni) and LIFTED_NAME in r.names)),
    lies=tuple(
        replace(lie, names=MIRROR_NAMES[1:]) if MIRROR_NAMES[1] in lie.names else lie
        for lie in AGENT_DEMO.lies
        if ENDED_NAME not in lie.names
    ),
)
"""The same with the blocks of LIFTED_NAME and ENDED_NAME lifted, and one more mirror blocked."""


def orders_of_today(now: datetime) -> str:
    """TOML of the order `zz/demo-today`: served at `now` (UTC), its deadline DEADLINE_AFTER later."""
    return f"""# Written by `blockprobe demo agent`, because its times lie around its start. Nobody made this order.

[[order]]
id = "zz/demo-today"
title = "Example Games v Example Internet: today"
citation = "[2026] EXHC 60"
court = "High Court of Example"
legal_basis = "Example Copyright Act, section 97"
applicant = "Example Games"
kind = "dynamic"
made_at = {(now - timedelta(days=7)).date().isoformat()}
in_force_from = {_time(now - timedelta(days=1))}
deadline_rule = "within half a minute of notice"
techniques = ["any"]

[[order.source]]
text = "docs/quickstart.md"

[[order.respondent]]
network = "zz/demo"
notice_at = {_time(now)}
deadline = {_time(now + DEADLINE_AFTER)}
time_source = "court"
source = {{ text = "docs/quickstart.md" }}

# Open, also after the deadline.
[[order.target]]
value = "new.example"

# Ended, and blocked still.
[[order.target]]
value = "{ENDED_NAME}"
until_at = {_time(now - timedelta(hours=1))}

# Blocked, at the wish of somebody else than the court.
[[order.target]]
value = "filtered.example"

[[order.target]]
value = "{place(17)[0]}"
kind = "address"
"""


def calendar(now: datetime) -> str:
    """TOML of a calendar whose match is tomorrow: until then nothing of `zz/demo-live` is in force."""
    begin = now + timedelta(days=1)
    return f"""# Windows of live orders (docs/orders.md). Until this one nothing of zz/demo-live is in force.

[[window]]
id = "final"
start = {_time(begin)}
end = {_time(begin + timedelta(hours=2))}
cadence_s = 120
orders = ["zz/demo-live"]
"""


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
