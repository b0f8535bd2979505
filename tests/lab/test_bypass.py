"""`blockprobe bypass` with real circumvention software against the router's filters: every cell is what is true.

On a clean line, and again where the subscriber's line loses 5 % of the packets each way. That makes no cell doubtful,
because no filter here leaks with a packet that is lost behind it:

- s1 to s3: the lie is the resolver's own answer; there is no other to a question asked again.
- s4: the true answer comes as well, and is believed where every forged one is lost. So three are sent (0.05 ** 3: one
  question in 8,000), as real injectors do; with one, every twentieth question would be answered truly.
- s5, s9, s10, s13, s15: what the filter refuses it drops too. Where a reset or ICMP message is lost, the client sends
  again, and is refused again.
- s6 to s8: the packet passes, but the forged reset to the *server* crosses no lossy line. Where the client's is lost,
  the server knows no such connection any more and resets it itself.
- s11 and s14: every packet is taken to another server. s12 and multi: every packet with the name, or to the address, is
  dropped.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from blockprobe.model.bypass import Outcome, TechniqueId
from blockprobe.model.bypass_codec import load_bypass
from tests.whole import whole

from . import plan, settings, tools
from .real import RealLab, rule
from .rules import Rule
from .sites import SITES

T = TechniqueId
RESOLVERS = (T.RESOLVER_UDP, T.RESOLVER_TCP, T.RESOLVER_DOT, T.RESOLVER_DOH)
SPLITS = (T.SPLIT_SEGMENTS, T.SPLIT_RECORDS)
AROUND = (T.WEB_PROXY, T.HTTP_PROXY, T.SOCKS5, T.VPN)
"""What goes through another machine, which no filter here knows."""
USUAL = (T.HTTP, T.WWW, T.OTHER_FAMILY, *RESOLVERS, *SPLITS)
"""What can be tried against any site here that is asked for over https."""
CLEARTEXT = (T.HTTPS, T.WWW, T.OTHER_FAMILY, *RESOLVERS, T.HOST_SPELLING)
"""And against one over http."""
WWW = tuple(T.APEX if each is T.WWW else each for each in USUAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A target, its filters, and what of `tried` opens it; the rest of that fails, and what is AROUND works always."""

    target: str
    filters: tuple[Rule, ...]
    opens: tuple[TechniqueId, ...] = ()
    tried: tuple[TechniqueId, ...] = USUAL
    mirror: Outcome = Outcome.NOT_AVAILABLE

    @property
    def host(self) -> str:
        return self.target.split("/")[2]

    def cells(self) -> dict[TechniqueId, Outcome]:
        found = dict.fromkeys(TechniqueId, Outcome.NOT_AVAILABLE) | dict.fromkeys(self.tried, Outcome.FAILS)
        return found | dict.fromkeys((*AROUND, *self.opens), Outcome.WORKS) | {T.MIRROR: self.mirror}


def _row(number: int, kind: str, *opens: TechniqueId, **options: object) -> Row:
    name = f"s{number}.example"
    return Row(target=f"https://{name}/", filters=(rule(kind, name, **options),), opens=opens)


FIRST, SECOND = zip(SITES["multi.example"].v4, SITES["multi.example"].v6, strict=True)
"""The two places of one site: the ISP's resolver gives the first alone, which the ISP drops."""
ROWS = (
    replace(_row(1, "dns-nxdomain", *RESOLVERS), mirror=Outcome.INCONCLUSIVE),
    _row(2, "dns-garden", *RESOLVERS),
    _row(3, "dns-refused", *RESOLVERS),
    _row(4, "dns-inject", *RESOLVERS[1:], copies=3),
    _row(5, "sni-rst", T.HTTP, T.WWW, *SPLITS),
    _row(6, "sni-tap", T.HTTP, T.WWW, *SPLITS, reassemble=False),
    _row(7, "sni-tap", T.HTTP, T.WWW, T.SPLIT_RECORDS),
    _row(8, "sni-tap", T.HTTP, T.WWW, records=True),
    _row(9, "ip-rst"),
    _row(10, "ip-icmp"),
    _row(11, "tls-mitm", T.HTTP, mode="cn"),
    _row(12, "sni-drop", T.HTTP, T.WWW, *SPLITS),
    Row(
        target="http://s13.example/",
        filters=(rule("http-rst", "s13.example"),),
        tried=CLEARTEXT,
        opens=(T.HTTPS, T.WWW, T.HOST_SPELLING),
    ),
    Row(
        target="http://s14.example/",
        filters=(rule("http-page", "s14.example", mode="page451"),),
        tried=CLEARTEXT,
        opens=(T.HTTPS,),
    ),
    Row(
        target="https://www.s15.example/",
        filters=(rule("sni-rst", "www.s15.example"),),
        tried=WWW,
        opens=(T.HTTP, T.APEX, *SPLITS),
    ),
    Row(
        target="https://multi.example/",
        filters=(
            rule("dns-garden", "multi.example", address=FIRST[0], address6=FIRST[1], ede=None),
            *(rule("ip-drop", "multi.example", address=address) for address in FIRST),
        ),
        tried=(*USUAL, T.OTHER_ADDRESS),
        opens=(T.OTHER_ADDRESS, *RESOLVERS),
    ),
)


@pytest.fixture(scope="module")
def equipped(whole_lab: RealLab) -> Iterator[RealLab]:
    reason = tools.missing()
    if reason:
        pytest.skip(reason)
    tools.start(whole_lab)
    with tools.vpn(whole_lab):
        yield whole_lab


def batteries(lab: RealLab, *targets: str) -> dict[str, dict[TechniqueId, tuple[Outcome, str]]]:
    """One run of the command for all of them: outcome and sentence by technique."""
    secrets = lab.folder / "logins"
    secrets.write_text(f"socks5://{tools.ADDRESS}:{tools.MICROSOCKS_LOGIN} {' '.join(tools.LOGIN)}\n")
    config = lab.folder / "bypass.toml"
    config.write_text(settings.probe() + _SETTINGS.replace("SECRETS", str(secrets)))
    argv = [sys.executable, "-m", "blockprobe.cli.main", "bypass", "--format", "json", "--config", str(config)]
    done = lab.run_in_probe([*argv, "--concurrency", str(len(targets)), *targets], timeout_s=500)
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
    with lab.rules(*weather, *(each for row in ROWS for each in row.filters)):
        found = batteries(lab, *(row.target for row in ROWS))
        losses = lab.losses()
    wrong = [
        f"{row.host} {technique}: {outcome}, true is {row.cells()[technique]}: {because}"
        for row in ROWS
        for technique, (outcome, because) in found[row.host].items()
        if outcome is not row.cells()[technique]
    ]
    outcomes = [outcome for row in found.values() for outcome, _ in row.values()]
    cells, tried = len(outcomes), sum(outcome is not Outcome.NOT_AVAILABLE for outcome in outcomes)
    lost = [f"{lost} of {sent}" for lost, sent in losses.values()]
    right = f"{cells - len(wrong)} of {cells} cells ({tried} tried) right"
    with capsys.disabled():
        print(f"\n  {right} in {time.monotonic() - began:.0f} s; lost {lost}")
    assert "\n".join(wrong) == ""
    assert len(found) == len(ROWS)
    assert cells == len(ROWS) * len(TechniqueId)
    if permille:
        assert all(0.04 < lost / sent < 0.06 for lost, sent in losses.values())
