"""The configuration files of the laboratory's probe, agent and helper."""

import json
from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab.scenario import Scenario
from blockprobe.net.quic_wire import available

AGENT_HEAD: Final = "# Written by `blockprobe demo agent`: "
"""How the agent's file begins."""


def probe(scenario: Scenario) -> str:
    """Settings of a probe on this line: the tables of the configuration that concern the laboratory."""
    url = f"https://{at.HELPER}/" if 4 in scenario.families else f"https://[{at.HELPER_V6}]/"
    echoes = at.ECHOES if 4 in scenario.families else at.ECHOES_V6
    if scenario.helper == "none":
        helper = "[helper]\nurls = []\necho = []"
    elif scenario.helper == "down":
        helper = f'[helper]\nurls = ["https://{at.SILENT[3]}/"]\necho = []'
    else:
        helper = f"[helper]\nurls = {_list((url,))}\necho = {_list(echoes[: scenario.echoes])}"
    resolver = at.PUBLIC_RESOLVER if 4 in scenario.families else at.PUBLIC_RESOLVER_V6
    plain = f"udp://{resolver}" if ":" not in resolver else f"udp://[{resolver}]"
    return f"""[vantage]
name = "laboratory"
filters = "off"

[resolvers]
isp = {_list(scenario.resolvers)}
[[resolvers.public]]
url = "{plain}"
[[resolvers.public]]
url = "https://{at.PUBLIC_RESOLVER_NAME}/dns-query"
address = "{resolver}"

{helper}

[controls]
neutral = {_list(scenario.neutral)}
silent = {_list(at.SILENT[:3])}

[addresses]
public = {_list(at.PUBLIC_NETS)}
{scenario.settings}"""


def agent(scenario: Scenario, listen: str) -> str:
    """Settings of an agent on this line, with catalogue, calendar and store beside the file, serving on `listen`."""
    stated = """[vantage]
name = "quickstart"
isp = "zz/demo"
asn = 64500
must_open = ["https://news.example/"]
must_block = ["https://nxdomain.example/"]
"""
    line = probe(scenario).replace('[vantage]\nname = "laboratory"\n', stated, 1)
    return f"""{AGENT_HEAD}an agent on the line of the simulated ISP. It is written anew each time.

{line}[catalogue]
paths = ["catalogue"]

[agent]
plans = ["demo", "demo-own", "demo-live", "demo-mirrors", "demo-ways"]
calendar = "calendar.toml"
cycle_s = 1.0       # how often the schedule is looked at; a minute is enough where a plan looks once an hour

[store]
dir = "store"

[metrics]
listen = "{listen}"
per_site = "all"
"""


def helper(certificate: str) -> str:
    """Settings of the helper in `ctl`."""
    return f"""[helper_server]
address = "{at.HELPER}"
echo_address = {_list((*at.ECHOES, *at.ECHOES_V6))}
certificate = {json.dumps(certificate)}
key = {json.dumps(certificate)}
zone = "{at.HELPER_ZONE}"
resolver = "udp://{at.HELPER_RESOLVER}"
{"quic = 443" if available() else ""}

[addresses]
public = {_list(at.PUBLIC_NETS)}
"""


def _list(values: tuple[str, ...]) -> str:
    return json.dumps(list(values))
