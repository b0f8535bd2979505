"""Configurations of the DNS servers: BIND (the world), PowerDNS Recursor (the ISP), unbound and dnsdist (public)."""

from collections.abc import Iterable
from pathlib import Path

from . import plan
from .pki import Pki
from .rules import ZONES, Draft
from .signing import sign_all
from .sites import SITES

_APEX = """$TTL 300
@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60
@ IN NS ns.example.
"""
_EXTRA = (
    ("ns", plan.AUTHORITY, plan.AUTHORITY_V6),
    ("ctl", plan.HELPER, "2001:db8:81::130"),
    ("dns", plan.PUBLIC_RESOLVER, plan.PUBLIC_RESOLVER_V6),
    *((name.removesuffix(".example"), plan.TOOLS, None) for name in plan.TOOLS_NAMES),
    ("block.isp", plan.BLOCK_PAGE, plan.BLOCK_PAGE_V6),
    ("portal.isp", plan.PORTAL, None),
)
LAME = "lame.example"
"""Its servers have lost the zone: SERVFAIL for everybody."""
ABSENT = "absent.example"
"""Does not exist for anybody."""


def _records(owner: str, v4: Iterable[str], v6: Iterable[str]) -> str:
    return "".join([*(f"{owner} IN A {each}\n" for each in v4), *(f"{owner} IN AAAA {each}\n" for each in v6)])


def _zone(name: str, path: Path) -> str:
    """The site with ECH writes its keys into its zone itself (RFC 2136)."""
    update = "allow-update { any; }; " if name == "ech.example" else ""
    return f'zone "{name}" {{ type primary; file "{path}"; {update}}};\n'


def write_bind(folder: Path) -> Path:
    """Every site is a zone of its own, as registered domains are. Returns the configuration's path."""
    folder.mkdir()
    example = _APEX + "".join(_records(name, [v4], [v6] if v6 else []) for name, v4, v6 in _EXTRA)
    example += "".join(f"{name}. IN NS ns.example.\n" for name in (*SITES, LAME))
    root = _APEX + f"example. IN NS ns.example.\nns.example. IN A {plan.AUTHORITY}\n"
    zones = {".": root, "example": example}
    for site in SITES.values():
        zones[site.name] = _APEX + _records("@", site.v4, site.v6) + _records("www", site.v4, site.v6)
    statements = []
    for name, text in zones.items():
        path = folder / f"{name.strip('.') or 'root'}.zone"
        path.write_text(text)
        statements.append(_zone(name, path))
    statements.append(_zone(LAME, folder / "missing.zone"))
    (folder / "anchors").write_text("".join(path.read_text() for path in sign_all(folder)))
    options = (
        f'options {{ directory "{folder}"; listen-on {{ {plan.AUTHORITY}; }}; listen-on-v6 {{ {plan.AUTHORITY_V6}; }}; '
        "recursion no; allow-query { any; }; pid-file none; lock-file none; session-keyfile none; notify no; "
        "minimal-responses yes; dnssec-validation no; };\ncontrols {};\n"
    )
    config = folder / "named.conf"
    config.write_text(options + "".join(statements))
    (folder / "hints").write_text(f". 3600000 IN NS ns.example.\nns.example. 3600000 IN A {plan.AUTHORITY}\n")
    return config


def write_unbound(folder: Path, pki: Pki, hints: Path) -> Path:
    """UDP, TCP and DoT on the public resolver's addresses. Its own DoH is HTTP/2 only, hence dnsdist for that."""
    folder.mkdir()
    ports = (f"{address}@{port}" for address in (plan.PUBLIC_RESOLVER, plan.PUBLIC_RESOLVER_V6) for port in _PORTS)
    listens = "".join(f"  interface: {each}\n" for each in ports)
    config = folder / "unbound.conf"
    config.write_text(
        f'server:\n{listens}  username: ""\n  chroot: ""\n  pidfile: ""\n  directory: "{folder}"\n  num-threads: 1\n'
        '  access-control: 0.0.0.0/0 allow\n  access-control: ::/0 allow\n  module-config: "iterator"\n'
        f'  root-hints: "{hints}"\n  tls-service-key: "{pki.path("dns")}"\n  tls-service-pem: "{pki.path("dns")}"\n'
        "  tls-port: 853\n  ip-freebind: yes\n  minimal-responses: yes\n  use-syslog: no\n"
        "  incoming-num-tcp: 200\n  so-rcvbuf: 0\n  so-sndbuf: 0\nremote-control:\n  control-enable: no\n"
    )
    return config


_PORTS = (53, 853)


def write_validator(folder: Path, address: str, bind: Path, *, ede: bool) -> Path:
    """unbound as a resolver that validates the signed zones; `ede`: whether it says why it fails (not by default)."""
    folder.mkdir()
    config = folder / "unbound.conf"
    config.write_text(_small_unbound(folder, address, bind / "hints") + (
        f'  module-config: "validator iterator"\n  trust-anchor-file: "{bind / "anchors"}"\n'
        f"  ede: {'yes' if ede else 'no'}\n  val-log-level: 1\n"
    ))  # fmt: skip
    return config


def write_rationing(folder: Path, address: str, action: str) -> Path:
    """dnsdist before the ISP's resolver, with ten questions a second for each client."""
    folder.mkdir()
    config = folder / "dnsdist.conf"
    rest = "DropAction()" if action == "drop" else f"RCodeAction(DNSRCode.{action})"
    config.write_text(
        f'setLocal("{address}:53")\nsetACL("0.0.0.0/0")\nsetSecurityPollSuffix("")\n'
        f'newServer({{address="{plan.RESOLVER}:53", healthCheckMode="up"}})\naddAction(MaxQPSIPRule(10), {rest})\n'
    )
    return config


def _small_unbound(folder: Path, address: str, hints: Path) -> str:
    return (
        f'remote-control:\n  control-enable: no\nserver:\n  interface: {address}\n  username: ""\n  chroot: ""\n'
        f'  pidfile: ""\n  directory: "{folder}"\n  num-threads: 1\n  access-control: 0.0.0.0/0 allow\n'
        f'  root-hints: "{hints}"\n  ip-freebind: yes\n  use-syslog: no\n  so-rcvbuf: 0\n  so-sndbuf: 0\n'
    )


def write_dnsdist(folder: Path, pki: Pki) -> Path:
    """DoH for HTTP/1.1 and HTTP/2 in front of unbound."""
    folder.mkdir()
    pem = pki.path("dns")
    listens = "".join(
        f'addDOHLocal("{address}:443", "{pem}", "{pem}", {{"/dns-query"}})\n'
        for address in (plan.PUBLIC_RESOLVER, f"[{plan.PUBLIC_RESOLVER_V6}]")
    )
    config = folder / "dnsdist.conf"
    config.write_text(
        f'setLocal("127.0.0.1:5300")\nsetACL({{"0.0.0.0/0", "::/0"}})\nsetSecurityPollSuffix("")\n{listens}'
        f'newServer({{address="{plan.PUBLIC_RESOLVER}:53", healthCheckMode="up"}})\n'
    )
    return config


class Recursor:
    """The ISP's resolver: its files, and the files that say what it lies about."""

    def __init__(self, folder: Path, hints: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._lua_config = folder / "rpz.lua"
        listen = ",".join(plan.RESOLVERS)
        (folder / "recursor.conf").write_text(
            f"local-address={listen}\nnon-local-bind=yes\nallow-from=0.0.0.0/0,::/0\ndont-query=\nhint-file={hints}\n"
            f"socket-dir={folder}\nlua-config-file={self._lua_config}\nlua-dns-script={folder}/lies.lua\n"
            "dnssec=process-no-validate\ndisable-packetcache=yes\nthreads=1\npdns-distributes-queries=no\n"
            "security-poll-suffix=\nversion-string=resolver\nquiet=yes\nwrite-pid=no\nloglevel=4\nmax-tcp-per-client=0\n"
            "max-negative-ttl=60\n"
        )

    @property
    def start(self) -> list[str]:
        return ["pdns_recursor", f"--config-dir={self.folder}", "--daemon=no"]

    def write(self, draft: Draft) -> bool:
        """Writes the lies; true if something changed and `reload` is due."""
        files = {self.folder / "lies.lua": draft.lua_script, self._lua_config: self._lua()}
        files |= {self._zone(name): draft.rpz_zone(name) for name in ZONES}
        changed = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
        for path in changed:
            path.write_text(files[path])
        return bool(changed)

    def reload(self) -> list[list[str]]:
        control = ["rec_control", f"--config-dir={self.folder}", f"--socket-dir={self.folder}"]
        return [[*control, "reload-lua-config", str(self._lua_config)], [*control, "reload-lua-script"]]

    def _zone(self, name: str) -> Path:
        return self.folder / f"{name}.rpz"

    def _lua(self) -> str:
        lines = []
        for name, (code, text) in ZONES.items():
            error = f',extendedErrorCode={code},extendedErrorExtra="{text}"' if code is not None else ""
            lines.append(f'rpzFile("{self._zone(name)}", {{policyName="{name}"{error}}})\n')
        return "".join(lines)
