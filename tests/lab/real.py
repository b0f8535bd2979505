"""`RealLab`: everything brought up, rules switched, commands run in the probe's place."""

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from . import dns_servers, eyes, pki, plan, settings, web_servers
from .kinds import KINDS, draft
from .rules import Draft, Rule
from .topology import Eye, LabRefused, World

_HERE = Path(__file__).parent
ACCESS_DELAY_MS = 10.0
"""Of everything the probe sends, so that an on-path injector wins its race as it does on a real line, even on a machine
whose processors are away for some milliseconds now and then."""


def rule(kind: str, site: str | None = None, **options: object) -> Rule:
    """A rule, checked: an unknown kind is a mistake of the test."""
    if kind not in KINDS:
        raise ValueError(f"no rule kind {kind!r}; there are {', '.join(sorted(KINDS))}")
    return Rule(kind, site, tuple(sorted(options.items())))


class RealLab:
    """A context manager; `with RealLab() as lab`. `began_s` says how long it took to come up."""

    def __init__(self, *, helper: bool = True, access_delay_ms: float = ACCESS_DELAY_MS) -> None:
        self._with_helper = helper
        self._delay_ms = access_delay_ms
        self._rules: list[Rule] = []
        self._applied: dict[str, object] = {}
        self.helper_runs = False

    def __enter__(self) -> "RealLab":
        began = time.monotonic()
        self.folder = Path(tempfile.mkdtemp(prefix=f"blockprobe-lab-{os.getpid()}-"))
        try:
            with ThreadPoolExecutor(1) as side:
                making = side.submit(pki.make, self.folder / "pki")
                self.world = World(self.folder)
                self.pki = making.result()
            self.probe = Eye(self.world.netns("probe"))
            self.control = Eye(self.world.netns("ctl"))
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.began_s = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in ("probe", "control", "world"):
            part = getattr(self, name, None)
            if part is not None:
                part.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def rule_on(self, kind: str, site: str | None = None, **options: object) -> None:
        """Adds a rule; it holds when this returns."""
        self.switch([*self._rules, rule(kind, site, **options)])

    def rule_off(self, kind: str, site: str | None = None) -> None:
        """Removes every rule of this kind about this site."""
        self.switch([each for each in self._rules if (each.kind, each.site) != (kind, site)])

    @contextmanager
    def rules(self, *rules: Rule) -> Iterator["RealLab"]:
        """These rules and no others, for the length of a `with`."""
        before = self._rules
        self.switch(rules)
        try:
            yield self
        finally:
            self.switch(before)

    def switch(self, rules: Iterable[Rule]) -> None:
        """Replaces all rules."""
        self._rules = list(rules)
        self._apply(draft(self._rules))

    def losses(self) -> dict[str, tuple[int, int]]:
        """Of the rule `loss`: packets lost and all packets since it was switched on, for POSTROUTING and PREROUTING."""
        found: dict[str, list[int]] = {"POSTROUTING": [], "PREROUTING": []}
        for program in ("iptables-save", "ip6tables-save"):
            for line in self.world.execute("probe", [program, "-c", "-t", "mangle"]).splitlines():
                count, _, rule_ = line.partition("] -A ")
                if rule_:
                    found[rule_.split()[0]].append(int(count[1:].split(":")[0]))
        return {way: (sum(counts[1::2]), sum(counts[::2])) for way, counts in found.items()}

    def run_in_probe(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None, *, timeout_s: float = 120, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command at the probe: its resolv.conf, its trust store, its network."""
        command = self.inside("probe", self.folder / "probe-resolv.conf", argv)
        whole = {**self.environment(), **(env or {})}
        return subprocess.run(
            command, env=whole, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def check(
        self,
        *targets: str,
        resolvers: tuple[str, ...] = (plan.RESOLVER,),
        under: Sequence[str] = (),
        timeout_s: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """`blockprobe check TARGET... --format json` at the probe, with these resolvers, `under` another command."""
        config = self.probe_config
        if resolvers != (plan.RESOLVER,):
            config = self.folder / "probe-other.toml"
            config.write_text(settings.probe(resolvers))
        argv = [sys.executable, "-m", "blockprobe.cli.main", "check", *targets, "--format", "json"]
        return self.run_in_probe([*under, *argv, "--config", str(config)], timeout_s=timeout_s)

    def start_resolver(self, address: str, argv: Sequence[str]) -> None:
        """One more resolver at the ISP, until the laboratory ends; it answers when this returns."""
        self.world.start("isp1", argv, log=f"resolver-{address}.log")
        self.wait({address: lambda: self.probe.see(eyes.ask, "n1.example", address).rcode == "NOERROR"})

    def inside(self, name: str, resolv: Path, argv: Sequence[str]) -> list[str]:
        """A command in a namespace with a resolv.conf of its own; it ends when its caller does."""
        enter = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        nsenter = ["nsenter", f"--target={self.world.init}", "--pid", "--mount", "setpriv", "--pdeathsig", "KILL"]
        return [*nsenter, "ip", "netns", "exec", name, "sh", "-c", enter, str(resolv), *argv]

    def trust(self) -> ssl.SSLContext:
        """A context that trusts what the probe trusts."""
        return ssl.create_default_context(cafile=str(self.pki.trust))

    @property
    def probe_config(self) -> Path:
        return self.folder / "probe.toml"

    def environment(self) -> dict[str, str]:
        """What a command inside gets: the laboratory's roots, this project, and nothing of the developer's own."""
        kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
        root = str(_HERE.parent.parent)
        return {**kept, "PYTHONPATH": root, "SSL_CERT_FILE": str(self.pki.trust), "PYTHONUTF8": "1"}

    def _start(self) -> None:
        folder, world = self.folder, self.world
        self.probe_config.write_text(settings.probe())
        (folder / "helper.toml").write_text(settings.helper(self.pki.path("helper")))
        (folder / "probe-resolv.conf").write_text(f"nameserver {plan.RESOLVER}\n")
        (folder / "ctl-resolv.conf").write_text(f"nameserver {plan.PUBLIC_RESOLVER}\n")
        if self._with_helper:
            self._start_helper()
        named = dns_servers.write_bind(folder / "bind")
        hints = folder / "bind" / "hints"
        world.start("web", ["named", "-g", "-n", "1", "-c", str(named)], log="named.log")
        self.recursor = dns_servers.Recursor(folder / "recursor", hints)
        self.recursor.write(draft([]))
        world.start("isp1", self.recursor.start, log="recursor.log")
        unbound = dns_servers.write_unbound(folder / "unbound", self.pki, hints)
        world.start("pubdns", ["unbound", "-d", "-c", str(unbound)], log="unbound.log")
        dnsdist = dns_servers.write_dnsdist(folder / "dnsdist", self.pki)
        world.start("pubdns", ["dnsdist", "--supervised", "--disable-syslog", "-C", str(dnsdist)], log="dnsdist.log")
        sites = web_servers.write_world(folder / "web", self.pki)
        world.start("web", ["nginx", "-c", str(sites), "-e", str(folder / "web.log")], log="web.log")
        pages = web_servers.write_isp(folder / "isp", self.pki)
        nginx = ["nginx", "-c", str(pages), "-e", str(folder / "isp.log")]
        world.start("isp1", [sys.executable, str(_HERE / "transparent.py"), "8080", *nginx], log="isp.log")
        self._start_packet_tools()
        self.switch([])
        self._await_all()

    def _start_helper(self) -> None:
        argv = [sys.executable, "-m", "blockprobe.cli.main", "helper", "--config", str(self.folder / "helper.toml")]
        command = self.inside("ctl", self.folder / "ctl-resolv.conf", argv)
        self._helper = self.world.adopt(command, log="helper.log", env=self.environment())

    def _start_packet_tools(self) -> None:
        delay = [sys.executable, "-S", "-E", str(_HERE / "delay.py"), "1", str(self._delay_ms)]
        self._delay = self.world.start("isp1", delay, log="delay.log", pipe=True)
        tap = [sys.executable, "-S", "-E", str(_HERE / "tap.py"), "probe"]
        self._tap = self.world.start("isp1", tap, log="tap.log", pipe=True)
        for family in ("-4", "-6"):
            self.world.execute("isp1", ["ip", family, "rule", "add", "fwmark", "0x80", "lookup", "80"])
            self.world.execute("isp1", ["ip", family, "route", "add", "local", "default", "dev", "lo", "table", "80"])
        self._hear(self._delay)
        self._hear(self._tap)

    def _hear(self, child: "subprocess.Popen[bytes]", order: str = "") -> None:
        assert child.stdin
        assert child.stdout
        if order:
            child.stdin.write(order.encode() + b"\n")
            child.stdin.flush()
        if child.stdout.readline() != b"ready\n":
            raise LabRefused(f"a packet tool died; see {self._logs()}")

    def _apply(self, made: Draft) -> None:
        """Loads what changed, and forgets the connections that older rules may have marked or redirected."""
        enter = self.world.execute
        if self.recursor.write(made):
            for command in self.recursor.reload():
                enter("isp1", command)
        self._if_new("nft", made.nft, lambda text: enter("isp1", ["nft", "-f", "-"], text=text))
        self._if_new("origin", made.origin_nft, lambda text: enter("web", ["nft", "-f", "-"], text=text))
        self._if_new("v4", made.xtables(4), lambda text: enter("isp1", ["iptables-restore"], text=text))
        self._if_new("v6", made.xtables(6), lambda text: enter("isp1", ["ip6tables-restore"], text=text))
        self._if_new("line v4", made.line_xtables, lambda text: enter("probe", ["iptables-restore"], text=text))
        self._if_new("line v6", made.line_xtables, lambda text: enter("probe", ["ip6tables-restore"], text=text))
        self._if_new("tap", made.tap_order, lambda text: self._hear(self._tap, text))
        for mode in web_servers.PROXY_MODES:
            wanted = {host for each, host in made.proxy if each == mode}
            for old in {path.name for path in (self.folder / "isp" / mode).iterdir()} - wanted:
                (self.folder / "isp" / mode / old).unlink()
            for host in wanted:
                (self.folder / "isp" / mode / host).touch()
        enter("isp1", ["conntrack", "-F"])

    def _if_new(self, key: str, text: str, load: Callable[[str], object]) -> None:
        if self._applied.get(key) != text:
            load(text)
            self._applied[key] = text

    def _await_all(self) -> None:
        see, context = self.probe.see, self.trust()
        waits: dict[str, Callable[[], bool]] = {
            "recursor": lambda: see(eyes.ask, "n1.example", plan.RESOLVER).rcode == "NOERROR",
            "unbound": lambda: see(eyes.ask, "n1.example", plan.PUBLIC_RESOLVER).rcode == "NOERROR",
            "dnsdist": lambda: see(eyes.connect, plan.PUBLIC_RESOLVER, 443) == "ok",
            "web": lambda: see(eyes.handshake, "203.0.113.21", "n1.example", context) == "ok",
            "isp": lambda: see(eyes.connect, plan.BLOCK_PAGE, 80) == "ok",
        }
        if self._with_helper:
            waits["helper"] = self._helper_ready
        self.wait(waits)

    def wait(self, waits: dict[str, Callable[[], bool]]) -> None:
        """Waits until every server answers the probe; names the silent ones after 15 s."""
        until = time.monotonic() + 15
        while waits:
            for name in [name for name, ready in waits.items() if ready()]:
                del waits[name]
            if waits and time.monotonic() > until:
                raise LabRefused(f"not up after 15 s: {', '.join(waits)}; {self._logs()}")
            time.sleep(0.02 if waits else 0)

    def _helper_ready(self) -> bool:
        """True as well when the helper has ended by itself: `helper_runs` tells the difference."""
        self.helper_runs = self.probe.see(eyes.connect, plan.HELPER, 443) == "ok"
        return self.helper_runs or self._helper.poll() is not None

    def _logs(self) -> str:
        """The last words of every daemon."""
        tails = (f"{path.name}: {path.read_text(errors='replace')[-300:]}" for path in self.folder.glob("*.log"))
        return " | ".join(tails)
