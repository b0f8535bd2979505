"""Orders as TOML, with times that are known only when the test begins."""

from collections.abc import Mapping
from datetime import datetime

NETWORK_ID = "zz/lab"


def network(resolver: str) -> str:
    """The line's network, whose resolver is its own."""
    return f'[[network]]\nid = "{NETWORK_ID}"\nname = "Laboratory"\nasns = [64500]\nresolvers = ["{resolver}"]\n'


def order(
    name: str, targets: Mapping[str, str], *, head: str = "", notice: datetime, deadline: datetime | None = None
) -> str:
    """An order over names (each with further keys as TOML) that binds the line's network."""
    by = f'deadline = {deadline.isoformat()}\nsource = {{ text = "made up" }}\n' if deadline else ""
    return (
        f'[[order]]\nid = "zz/{name}"\ntitle = "{name}"\ncourt = "Court"\nlegal_basis = "none: made up"\n{head}'
        '[[order.source]]\ntext = "made up for tests"\n'
        f'[[order.respondent]]\nnetwork = "{NETWORK_ID}"\nnotice_at = {notice.isoformat()}\n'
        f'time_source = "court"\n{by}'
        + "".join(f'[[order.target]]\nvalue = "{value}"\n{more}\n' for value, more in targets.items())
    )
