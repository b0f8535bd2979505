"""`blockprobe bypass` with real circumvention software against the router's filters: every cell is what is true.

On a clean line, and again where the subscriber's line loses 5 % of the packets each way. That makes no cell doubtful,
because no filter here leaks with a packet that is lost behind it:

- s1 to s3: the lie is the resolver's own answer; there is no other to a question asked again.
- s4: the true answer comes as well, and is believed where every forged one is lost. So three are sent (0.05 ** 3: one
  question in 8,000), as real injectors do; with one, every twentieth question would be answered truly.
- s5, s9 and s10: what the filter refuses it drops too. Where a reset or ICMP message is lost, the client sends again, and
  is refused again.
- s6 to s8: the packet passes, but the forged reset to the *server* crosses no lossy line. Where the client's is lost,
  the server knows no such connection any more and resets it itself.
- s11: every packet is taken to another server. s12: every packet with the name is dropped.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from blockprobe.model.bypass import Outcome, TechniqueId
from blockprobe.model.bypass_codec import load_bypass
from tests.whole import whole

from . import plan, settings, tools
from .real import RealLab, rule
from .rules import Rule

T = TechniqueId
RESOLVERS = (T.RESOLVER_UDP, T.RESOLVER_TCP, T.RESOLVER_DOT, T.RESOLVER_DOH)
SPLITS = (T.SPLIT_SEGMENTS, T.SPLIT_RECORDS)
AROUND = (T.WEB_PROXY, T.HTTP_PROXY, T.SOCKS5, T.VPN)
"""What goes through another machine, which no filter here knows."""
USUAL = (T.HTTP, T.WWW, T.OTHER_FAMILY, *RESOLVERS, *SPLITS)
"""What can be tried against any site here that is asked for over https."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One site, its filter, and what of USUAL opens it; the rest of USUAL fails, and what is AROUND works always."""

    name: str
    filter: Rule
    opens: tuple[TechniqueId, ...]
    mirror: Outcome = Outcome.NOT_AVAILABLE

    def cells(self) -> dict[TechniqueId, Outcome]:
        found = dict.fromkeys(TechniqueId, Outcome.NOT_AVAILABLE) | dict.fromkeys(USUAL, Outcome.FAILS)
        return found | dict.fromkeys((*AROUND, *self.opens), Outcome.WORKS) | {T.MIRROR: self.mirror}


ROWS = (
    Row(name="s1.example", filter=rule("dns-nxdomain", "s1.example"), opens=RESOLVERS, mirror=Outcome.INCONCLUSIVE),
    Row(name="s2.example", filter=rule("dns-garden", "s2.example"), opens=RESOLVERS),
    Row(name="s3.example", filter=rule("dns-refused", "s3.example"), opens=RESOLVERS),
    Row(name="s4.example", filter=rule("dns-inject", "s4.example", copies=3), opens=RESOLVERS[1:]),
    Row(name="s5.example", filter=rule("sni-rst", "s5.example"), opens=(T.HTTP, T.WWW, *SPLITS)),
    Row(name="s6.example", filter=rule("sni-tap", "s6.example", reassemble=False), opens=(T.HTTP, T.WWW, *SPLITS)),
    Row(name="s7.example", filter=rule("sni-tap", "s7.example"), opens=(T.HTTP, T.WWW, T.SPLIT_RECORDS)),
    Row(name="s8.example", filter=rule("sni-tap", "s8.example", records=True), opens=(T.HTTP, T.WWW)),
    Row(name="s9.example", filter=rule("ip-rst", "s9.example"), opens=()),
    Row(name="s10.example", filter=rule("ip-icmp", "s10.example"), opens=()),
    Row(name="s11.example", filter=rule("tls-mitm", "s11.example", mode="cn"), opens=(T.HTTP,)),
    Row(name="s12.example", filter=rule("sni-drop", "s12.example"), opens=(T.HTTP, T.WWW, *SPLITS)),
)


@pytest.fixture(scope="module")
def equipped(whole_lab: RealLab) -> Iterator[RealLab]:
    reason = tools.missing()
    if reason:
        pytest.skip(reason)
    tools.start(whole_lab)
    with tools.vpn(whole_lab):
        yield whole_lab


def batteries(lab: RealLab, *names: str) -> dict[str, dict[TechniqueId, tuple[Outcome, str]]]:
    """One run of the command for all of them: outcome and sentence by technique."""
    secrets = lab.folder / "logins"
    secrets.write_text(f"socks5://{tools.ADDRESS}:{tools.MICROSOCKS_LOGIN} {' '.join(tools.LOGIN)}\n")
    config = lab.folder / "bypass.toml"
    config.write_text(settings.probe() + _SETTINGS.replace("SECRETS", str(secrets)))
    argv = [sys.executable, "-m", "blockprobe.cli.main", "bypass", "--format", "json", "--config", str(config)]
    done = lab.run_in_probe([*argv, "--concurrency", "12", *(f"https://{name}/" for name in names)], timeout_s=500)
    assert done.returncode == 0, done.stderr[-3000:]
    found = {}
    for line in done.stdout.splitlines():
        bypass = load_bypass(line)
        assert "open-sesame" not in line
        assert json.loads(line)["blocked_before"] == "blocked", bypass.because
        found[bypass.target.host] = {each.technique: (each.outcome, each.because) for each in bypass.trials}
    return found


_SETTINGS = f"""
[[resolvers.public]]
url = "tls://{plan.PUBLIC_RESOLVER_NAME}"
address = "{plan.PUBLIC_RESOLVER}"

[bypass]
http_proxies = ["http://{tools.ADDRESS}:{tools.TINYPROXY}"]
socks_proxies = ["socks5://{tools.ADDRESS}:{tools.DANTE}", "socks5://{tools.ADDRESS}:{tools.MICROSOCKS_LOGIN}"]
web_proxies = ["https://webproxy.example:{tools.UNBLOCKER}/proxy/{{url}}"]
interface = "{tools.INTERFACE}"
mirrors = ["s1.example=s30.example"]
secrets_file = "SECRETS"
"""


WEATHER = {"a clean line": 0, **{f"5 % loss, run {run}": 50 for run in (1, 2, 3)}}
"""Packets of a thousand that are lost each way. The kernel's dice have no seed: each run is another."""


@whole  # the same techniques meet the same daemons one by one in test_tools.py
@pytest.mark.parametrize("permille", WEATHER.values(), ids=WEATHER)
def test_each_filter_falls_to_what_gets_around_it_and_to_nothing_else(
    lab: RealLab, equipped: RealLab, capsys: pytest.CaptureFixture[str], permille: int
) -> None:
    began = time.monotonic()
    weather = [rule("loss", permille=permille)] if permille else []
    with lab.rules(*weather, *(row.filter for row in ROWS)):
        found = batteries(lab, *(row.name for row in ROWS))
        losses = lab.losses()
    wrong = [
        f"{row.name} {technique}: {outcome}, true is {row.cells()[technique]}: {because}"
        for row in ROWS
        for technique, (outcome, because) in found[row.name].items()
        if outcome is not row.cells()[technique]
    ]
    cells, lost = sum(map(len, found.values())), [f"{lost} of {sent}" for lost, sent in losses.values()]
    with capsys.disabled():
        print(f"\n  {cells - len(wrong)} of {cells} cells right in {time.monotonic() - began:.0f} s; lost {lost}")
    assert "\n".join(wrong) == ""
    assert len(found) == len(ROWS)
    assert cells == len(ROWS) * len(TechniqueId)
    if permille:
        assert all(0.04 < lost / sent < 0.06 for lost, sent in losses.values())
