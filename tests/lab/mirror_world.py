"""A site, its mirrors, relays, clones and impostors on real servers: nginx, unbound, wget, HTTrack, unblocker.

Everything is at addresses of the loopback interface in the test run's own network, which leads nowhere.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from . import eyes, tools
from .mirror_servers import (
    ADDRESSES,
    APP,
    CLONES,
    LIAR,
    MAIN,
    OWN_HOSTS,
    PROXY,
    RESOLVER,
    write_nginx,
    write_tinyproxy,
    write_unbound,
)
from .needs import _SBIN

_HERE = Path(__file__).parent
WEB_PROXY = "https://webproxy.example:8443/proxy/https://site.example/"
"""Where unblocker shows the site."""


@dataclass(slots=True)
class MirrorWorld:
    """A context manager; `ready` says when the clones were taken."""

    folder: Path
    _running: list["subprocess.Popen[bytes]"]

    @classmethod
    def up(cls, folder: Path) -> "MirrorWorld":
        """Everything answers when this returns; the clones are some seconds old by then."""
        os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{_SBIN}"
        world = cls(folder, [])
        try:
            world._start()
        except BaseException:
            world.down()
            raise
        return world

    def down(self) -> None:
        """End what was started."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(timeout=10)

    @property
    def trust(self) -> Path:
        return self.folder / "trust.pem"

    @property
    def config(self) -> Path:
        return self.folder / "blockprobe.toml"

    @property
    def blocked(self) -> Path:
        """The configuration of a line whose resolver leads the site's name to a block page."""
        return self.folder / "blocked.toml"

    def asked(self) -> list[list[str]]:
        """What nginx was asked: server, method, User-Agent."""
        return [line.split(" ", 2) for line in (self.folder / "asked").read_text().splitlines()]

    def classify(self, *arguments: str, state: str, config: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        """`blockprobe mirrors classify --live site.example …` with this world's resolver and roots."""
        command = [sys.executable, "-m", "blockprobe.cli.main", "mirrors", "classify", "--live", MAIN]
        more = ["--config", str(config or self.config), "--state", str(self.folder / state), *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BLOCKPROBE_")}
        environment |= {"SSL_CERT_FILE": str(self.trust), "PYTHONPATH": str(_HERE.parents[1]), "COLUMNS": "200"}
        return subprocess.run([*command, *more], env=environment, capture_output=True, timeout=120, check=False)

    def _start(self) -> None:
        folder = self.folder
        issue_all(folder)
        (folder / "hosts").write_text("".join(f"{at} {name}\n" for name, at in ADDRESSES.items()))
        rest = '[addresses]\npublic = ["127.0.0.0/8"]\n[limits]\ntimeout_s = 8.0\n'
        public = f'[[resolvers.public]]\nurl = "tcp://{RESOLVER}:53"\n'
        self.config.write_text(f'[resolvers]\nisp = ["udp://{RESOLVER}:53"]\n{public}{rest}')
        self.blocked.write_text(f'[resolvers]\nisp = ["udp://{LIAR}:53"]\n{rest}')
        self._run([sys.executable, str(_HERE / "mirror_app.py"), *APP, MAIN, *OWN_HOSTS], "app")
        lies = {MAIN: ADDRESSES["block.example"]}
        self._run(["unbound", "-d", "-c", str(write_unbound(folder, RESOLVER, {}))], "unbound")
        self._run(["unbound", "-d", "-c", str(write_unbound(folder, LIAR, lies))], "liar")
        self._run(self._with_hosts(["tinyproxy", "-d", "-c", str(write_tinyproxy(folder))]), "tinyproxy")
        self._run(["nginx", "-c", str(write_nginx(folder)), "-e", str(folder / "nginx.log")], "nginx")
        if tools.missing() is None:
            serve = ["node", str(tools.WEB_PROXY / "serve.js"), ADDRESSES["webproxy.example"], "8443"]
            self._run(self._with_hosts([*serve, str(folder / "webproxy.example.pem")]), "unblocker")
        self._await()
        self._clone()
        self._prime()
        time.sleep(3)  # the clones must be older than two of the site's items

    def _run(self, argv: Sequence[str], name: str) -> None:
        environment = os.environ | {"NODE_EXTRA_CA_CERTS": str(self.trust)}
        with (self.folder / f"{name}.out").open("wb") as log:
            self._running.append(
                subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
            )

    def _with_hosts(self, argv: Sequence[str]) -> list[str]:
        """A command that finds the names of this world in /etc/hosts, and nobody else does."""
        enter = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", enter, str(self.folder / "hosts"), *argv]

    def _tool(self, argv: Sequence[str]) -> None:
        done = subprocess.run(self._with_hosts(argv), cwd=self.folder, capture_output=True, timeout=60, check=False)
        if done.returncode not in (0, 8):  # 8: wget met an error page
            raise RuntimeError(f"{argv[0]}: {done.returncode}: {done.stderr[-300:]!r}")

    def _clone(self) -> None:
        """The front page and its files, as wget and HTTrack keep them; with and without the server's times."""
        site = f"https://{MAIN}/"
        wget = ("wget", "-q", "-k", "-p", "-e", "robots=off", f"--ca-certificate={self.trust}")
        commands = (
            (*wget, "-P", "wget-times", site),
            (*wget, "--no-use-server-timestamps", "-P", "wget", site),
            ("httrack", site, "-O", "httrack-times", "-r1", "-n", "-q", "-s0", "-%v0"),
        )
        with ThreadPoolExecutor(3) as side:
            list(side.map(self._tool, commands))
        shutil.copytree(self.folder / "httrack-times", self.folder / "httrack")
        for path in (self.folder / "httrack").rglob("*"):
            path.touch()
        for clone in CLONES:
            if not (self.folder / clone / MAIN / "index.html").is_file():
                raise RuntimeError(f"{clone}: no page was cloned")
        pages = {"front.html": "/", "lost.html": "/some-place-nobody-knows"}
        for name, path in pages.items():
            (self.folder / "saved" / name).write_bytes(self._get(MAIN, path))

    def _get(self, host: str, path: str) -> bytes:
        at = f"{host}:443:{ADDRESSES[host]}"
        done = subprocess.run(
            ["curl", "-s", "--cacert", str(self.trust), "--resolve", at, f"https://{host}{path}"],
            capture_output=True,
            timeout=20,
            check=False,
        )
        return done.stdout

    def _prime(self) -> None:
        """Somebody was at the caching relay before."""
        self._get("cache.example", "/")

    def _await(self) -> None:
        until = time.monotonic() + 15
        while not self._is_up():
            if time.monotonic() > until:
                tails = [path.read_text(errors="replace")[-300:] for path in self.folder.glob("*.out")]
                raise RuntimeError(f"not up after 15 s: {tails}")
            time.sleep(0.05)

    def _is_up(self) -> bool:
        if b"Lantern Harbour" not in self._get(MAIN, "/"):
            return False
        if tools.missing() is None and eyes.connect(ADDRESSES["webproxy.example"], 8443) != "ok":
            return False
        if eyes.connect(PROXY[0], int(PROXY[1])) != "ok":
            return False
        return {eyes.ask(MAIN, resolver).rcode for resolver in (RESOLVER, LIAR)} == {"NOERROR"}


def issue_all(folder: Path) -> None:
    """A certificate a host: one for the site's key, one for two names, by one trusted authority; and a forged one."""
    authority = trustme.CA(organization_name="Laboratory roots")
    stranger = trustme.CA(organization_name="Nobody's roots")
    authority.cert_pem.write_to_path(folder / "trust.pem")
    (folder / "saved").mkdir()
    for host in ADDRESSES:
        both = host in ("sancert.example", "forged.example")
        names = (host, MAIN) if both else (host, f"*.{host}")
        leaf = (stranger if host == "forged.example" else authority).issue_cert(*names)
        leaf.private_key_and_cert_chain_pem.write_to_path(folder / f"{host}.pem")
        if host == "samekey.example":
            (folder / f"{host}.pem").write_bytes(_for_key_of_site(folder, authority, leaf))


def _for_key_of_site(folder: Path, authority: trustme.CA, leaf: trustme.LeafCert) -> bytes:
    """The same certificate for the very key of the site, signed anew; with that key, in PEM."""
    secret = (folder / f"{MAIN}.pem").read_bytes().partition(b"-----BEGIN CERT")[0]
    key = serialization.load_pem_private_key(secret, None)
    signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    own = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    made = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(own.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
    )
    for extension in own.extensions:
        made = made.add_extension(extension.value, extension.critical)
    return secret + made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
