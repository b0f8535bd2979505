"""Tor's own client and relays, in a private network: `blockprobe bypass` opens blocked sites through them.

The network needs half a minute for its first consensus, so this is for the acceptance only.
"""

from .needs import ACCEPTANCE
from .real import RealLab

if ACCEPTANCE:  # left out rather than skipped: a skipped test is one that could not be run
    import json
    import sys
    import time

    from . import settings, tor
    from .test_bypass import ROWS

    def test_a_site_opens_through_tor_whatever_the_filter(lab: RealLab) -> None:
        rows = [row for row in ROWS if row.name in ("s1.example", "s8.example", "s9.example", "s11.example")]
        tor.start(lab)
        until = time.monotonic() + 120
        while not tor.bootstrapped(lab) and time.monotonic() < until:
            time.sleep(0.5)
        assert tor.bootstrapped(lab)
        config = lab.folder / "tor.toml"
        config.write_text(settings.probe() + f'[bypass]\ntor = "socks5://127.0.0.1:{tor.SOCKS_PORT}"\n')
        argv = [sys.executable, "-m", "blockprobe.cli.main", "bypass", "--format", "json", "--config", str(config)]
        with lab.rules(*(row.filter for row in rows)):
            done = lab.run_in_probe([*argv, *(f"https://{row.name}/" for row in rows)], timeout_s=300)
        assert done.returncode == 0, done.stderr[-3000:]
        found = {}
        for document in map(json.loads, done.stdout.splitlines()):
            assert document["blocked_before"] == "blocked"
            (trial,) = (each for each in document["trials"] if each["technique"] == "tor")
            found[document["target"]["host"]] = (trial["outcome"], trial["k"], trial["n"])
        assert found == {row.name: ("works", 3, 3) for row in rows}
