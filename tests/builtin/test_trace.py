"""Traces in the built-in laboratory: for each censor the right hop, in the path or beside it, or an honest "unknown".

    probe -access- isp1 (hop 1) -core- isp2 (hop 2) -- transit (hop 3) -origin- world (hop 4)

A censor on a wire acts on whatever reaches the router behind it, so that it shows at that router's hop limit.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from blockprobe.lab import addresses as at
from blockprobe.lab import pages
from blockprobe.lab.censor import (
    Action,
    Dnat,
    DnsInject,
    Drop,
    Host,
    IcmpReject,
    Loss,
    Match,
    Residual,
    Rst,
    Rule,
    Sni,
    dns_intercept,
)
from blockprobe.lab.lab import Lab
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.sites import place, site
from blockprobe.lab.trial import settings_of, trust
from blockprobe.measure.line import LineCheck
from blockprobe.measure.trace.site import Trace, Wish
from blockprobe.model.target import parse_target
from blockprobe.model.trace import Carrier, Finding, TraceDocument
from blockprobe.model.trace_codec import dump_trace, load_trace
from blockprobe.run import Run, new_id

_HOPS = {
    4: ("198.51.100.1", "198.18.0.2", "198.18.0.6"),
    6: ("2001:db8:10::1", "2001:db8:f0:1::2", "2001:db8:f0:2::2"),
}
_DNS = (Carrier.DNS, Carrier.DNS_ADDRESS)
_HEALTHY = 8 if os.environ.get("BLOCKPROBE_ACCEPTANCE") == "1" else 2
_PAGE = pages.response(200, pages.notice())


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A site, what is done to it, and the truth: effect, hops, position (seen without packets in parentheses)."""

    number: int
    rule: Rule
    carriers: tuple[Carrier, ...]
    truth: tuple[str, int, int, str]
    raw: bool = False
    far_end: bool = False

    @property
    def name(self) -> str:
        return f"t{self.number}.example"


def _sni(number: int, **options: object) -> Sni:
    return Sni(names=(f"t{number}.example",), **options)  # type: ignore[arg-type]


def _inject(number: int, *, drop: bool) -> DnsInject:
    answers = (at.BLOCK_PAGE, at.BLOCK_PAGE_V6)
    return DnsInject(names=(f"t{number}.example",), answers=answers, drop=drop)


TLS, HTTP, TCP = (Carrier.TLS,), (Carrier.HTTP,), (Carrier.TCP,)
CASES = (
    Case(number=10, rule=_sni(10, action=Action.DROP), carriers=TLS, truth=("silence", 1, 2, "in_path")),
    Case(number=11, rule=_sni(11), carriers=TLS, truth=("reset", 1, 2, "in_path"), raw=True),
    Case(number=12, rule=_sni(12, in_path=False), carriers=TLS, truth=("reset", 1, 2, "on_path"), raw=True),
    Case(number=13, rule=_sni(13, at="access", both_ends=False, in_path=False), carriers=TLS,
         truth=("reset", 0, 1, "unknown")),
    Case(number=14, rule=_sni(14, at="origin"), carriers=TLS, truth=("reset", 3, 4, "unknown"), far_end=True),
    Case(number=15, rule=_sni(15, residual=Residual(seconds=4)), carriers=TLS, truth=("reset", 1, 2, "unknown")),
    Case(number=16, rule=Host(names=("t16.example",), action=Action.RESPOND, response=_PAGE), carriers=HTTP,
         truth=("page", 1, 2, "unknown")),
    Case(number=17, rule=Host(names=("t17.example",), action=Action.DROP), carriers=HTTP,
         truth=("silence", 1, 2, "in_path")),
    Case(number=18, rule=_inject(18, drop=False), carriers=_DNS, truth=("answer", 1, 2, "on_path")),
    Case(number=19, rule=_inject(19, drop=True), carriers=_DNS, truth=("answer", 1, 2, "in_path")),
    Case(number=20, rule=Drop(match=Match(addresses=place(20))), carriers=TCP, truth=("silence", 1, 2, "in_path")),
    Case(number=21, rule=Rst(match=Match(addresses=place(21), protocol="tcp")), carriers=TCP,
         truth=("refused", 1, 2, "unknown")),
    Case(number=22, rule=IcmpReject(match=Match(addresses=place(22))), carriers=TCP,
         truth=("rejected", 1, 2, "unknown")),
)  # fmt: skip


def traced(lab: Lab, scenario: Scenario, wishes: Iterable[Wish]) -> list[TraceDocument]:
    """The traces of all wishes, side by side, as the program would make them."""

    async def work() -> list[TraceDocument]:
        settings = settings_of(lab, scenario)
        run = await Run.open(replace(settings, limits=replace(settings.limits, timeout_s=1.5)))
        try:
            await LineCheck(run.shared).begin()
            traces = [Trace(run.shared, wish, new_id(run.shared.clock.now())) for wish in wishes]
            await asyncio.gather(*(trace.run() for trace in traces))
            return [trace.document("test") for trace in traces]
        finally:
            await run.aclose()

    lab.load(scenario)
    return asyncio.run(work())


def _where(finding: Finding) -> tuple[str, int, int, str]:
    assert finding.part is not None
    return finding.effect.value, finding.part.last.ttl, finding.part.first.ttl, finding.position.value


def _faults(case: Case, document: TraceDocument) -> list[str]:
    """What is not true of a trace."""
    faults = []
    if {path.family for path in document.paths} != {4, 6} or load_trace(dump_trace(document)) != document:
        faults.append("families or codec")
    for path in document.paths:
        found = [one for one in path.findings if one.part is not None]
        if [_where(one) for one in found] != [case.truth]:
            faults.append(
                f"{path.family}: {[(one.carrier.value, one.effect.value, one.because) for one in path.findings]}"
            )
            continue
        part = found[0].part
        assert part is not None
        addresses = {0: None} | dict(enumerate(_HOPS[path.family], start=1)) | {4: path.address}
        wanted = [addresses[part.last.ttl], addresses[part.first.ttl]]
        if [part.last.address, part.first.address] != wanted or part.far_end != case.far_end:
            faults.append(f"{path.family}: {part}")
    return faults


def test_every_censor_is_found_at_its_hop_and_loss_is_none(lab: Lab) -> None:
    """All at once; healthy sites, to which 5 % of packets are lost each way, stay healthy or unknown."""
    trust(lab)
    lossy = tuple(site(f"healthy{number}.example", 40 + number) for number in range(_HEALTHY))
    loss = Loss(rate=0.05, match=Match(addresses=tuple(one for each in lossy for one in each.addresses)), at="access")
    sites = (*(site(case.name, case.number) for case in CASES), *lossy)
    scenario = Scenario(name="trace", story="", sites=sites, rules=(*(case.rule for case in CASES), loss))
    wishes = [Wish(target=parse_target(case.name), carriers=case.carriers, raw=case.raw) for case in CASES]
    wishes += [Wish(target=parse_target(one.names[0]), carriers=TLS, raw=False) for one in lossy]
    documents = traced(lab, scenario, wishes)
    made = list(zip(CASES, documents, strict=False))
    assert {case.name: faults for case, document in made if (faults := _faults(case, document))} == {}
    assert [document.sight for _, document in made] == ["raw" if case.raw else "errors" for case, _ in made]
    healthy = [one for document in documents[len(CASES) :] for path in document.paths for one in path.findings]
    assert {one.effect.value for one in healthy} <= {"none", "unknown"}


def test_proxies_and_a_healthy_site(lab: Lab) -> None:
    """All cleartext goes to the ISP's proxy and all DNS to its resolver; TLS is left alone."""
    trust(lab)
    rules = (
        Dnat(to_v4=at.PROXY, to_v6=at.PROXY_V6, match=Match(ports=(80,), protocol="tcp")),
        dns_intercept(at.RESOLVERS[0], at.RESOLVER_V6),
    )
    scenario = Scenario(name="proxies", story="", sites=(site("t30.example", 30),), rules=rules)
    (document,) = traced(lab, scenario, [Wish(target=parse_target("t30.example"), raw=False)])
    for path in document.paths:
        effects = {(one.carrier.value, one.port): one.effect.value for one in path.findings}
        assert effects.pop(("dns", 53), "none") == "none", "IPv6 has no resolver of its own here"
        assert effects == {
            ("dns_address", 53): "proxy", ("tcp", 443): "none", ("tls", 443): "none", ("tcp", 80): "proxy",
            ("http", 80): "none",
        }  # fmt: skip
        assert {one.device.ttl for one in path.findings if one.device is not None} == {1}
        assert [hop.addresses for hop in path.hops] == [*((address,) for address in _HOPS[path.family]), ()]
    assert os.environ["SSL_CERT_FILE"] not in dump_trace(document).decode()
    own = json.dumps([at.PROBE_V4, at.PROBE_V6])
    assert all(address not in dump_trace(document).decode() for address in json.loads(own))


@pytest.mark.parametrize("kind", ["tls"])
def test_the_program_prints_one_document_and_keeps_a_pcap(lab: Lab, tmp_path, kind: str) -> None:
    scenario = Scenario(name="program", story="", sites=(site("t11.example", 11),), rules=(_sni(11),))
    lab.load(scenario)
    (tmp_path / "p.toml").write_text(lab.settings_toml())
    argv = [sys.executable, "-m", "blockprobe.cli.main", "trace", "t11.example", "--kind", kind, "--format", "json"]
    options = ["--family", "4", "--pcap", str(tmp_path / "own.pcap"), "--config", str(tmp_path / "p.toml")]
    done = lab.run_in_probe([*argv, *options])
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    document = load_trace(line)
    finding = next(one for one in document.paths[0].findings if one.carrier is Carrier.TLS)
    assert _where(finding) == ("reset", 1, 2, "in_path")
    assert finding.marks == ("hop limit on arrival 63, the server's own 61",)
    assert "holds this line's own address" in done.stderr
    assert (tmp_path / "own.pcap").stat().st_size > 5_000
    assert (tmp_path / "own.pcap").stat().st_mode & 0o777 == 0o600
