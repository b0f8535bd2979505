"""The TOML files of the probe and of the helper."""

from pathlib import Path

from . import plan
from .sites import NEUTRAL


def _list(items: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{each}"' for each in items) + "]"


def probe(resolvers: tuple[str, ...] = (plan.RESOLVER,)) -> str:
    """The settings for the probe's place; `resolvers` are those that its ISP gave it."""
    neutral = tuple(f"https://{site.name}/" for site in NEUTRAL)
    return f"""
[vantage]
name = "real-lab"
access = "fixed"
filters = "off"

[resolvers]
isp = {_list(resolvers)}
[[resolvers.public]]
url = "udp://{plan.PUBLIC_RESOLVER}"
[[resolvers.public]]
url = "https://{plan.PUBLIC_RESOLVER_NAME}/dns-query"
address = "{plan.PUBLIC_RESOLVER}"

[helper]
urls = ["https://{plan.HELPER}/"]
echo = {_list((*plan.ECHOES, *plan.ECHOES_V6))}

[controls]
neutral = {_list(neutral)}
silent = {_list(plan.SILENT[:1])}

[addresses]
public = {_list(plan.PUBLIC)}
"""


def helper(certificate: Path) -> str:
    """The settings of the helper that runs in `ctl`."""
    return f"""
[addresses]
public = {_list(plan.PUBLIC)}

[helper_server]
address = "{plan.HELPER}"
echo_address = {_list((*plan.ECHOES, *plan.ECHOES_V6))}
https = 443
http = 80
dns = 53
certificate = "{certificate}"
key = "{certificate}"
resolver = "udp://{plan.PUBLIC_RESOLVER}"
requests_per_minute = 100000
"""
