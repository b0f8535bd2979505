"""The laboratory by hand: `python -m tests.lab [KIND:SITE[:OPTION=VALUE]...]... [-- COMMAND...]` (as root).

Brings everything up with these rules and runs COMMAND at the probe (default: a shell). `$CONFIG` names the settings:
    python -m tests.lab sni-rst:s5.example http-proxy:s6.example:mode=page451 -- sh -c 'blockprobe check s5.example \\
        --config $CONFIG'
"""

import subprocess
import sys

from .needs import missing
from .real import RealLab, rule
from .rules import Rule


def _parse(text: str) -> Rule:
    kind, site, *options = text.split(":") if ":" in text else (text, "")
    values: dict[str, object] = {}
    for each in options:
        key, _, value = each.partition("=")
        values[key] = int(value) if value.isdigit() else {"true": True, "none": None}.get(value, value)
    return rule(kind, site or None, **values)


def main() -> int:
    reason = missing()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    with RealLab() as lab, lab.rules(*map(_parse, words[:cut])):
        print(f"up in {lab.began_s:.2f} s; helper {'runs' if lab.helper_runs else 'does not run'}", file=sys.stderr)
        command = words[cut + 1 :] or ["bash", "--norc"]
        whole = lab.inside("probe", lab.folder / "probe-resolv.conf", command)
        environment = {**lab.environment(), "CONFIG": str(lab.probe_config)}
        return subprocess.run(whole, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
