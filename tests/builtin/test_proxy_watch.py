"""Watching open proxies in the built-in laboratory: who relays, who only answers, who is gone, who is blocked."""

import json
import os
from dataclasses import replace

import pytest

from blockprobe.lab import addresses as at
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.proxies import Conduct, Proxy
from blockprobe.lab.scenario import Scenario
from blockprobe.lab.zones import Name
from blockprobe.store.mirror_book import FILE, PROXIES_FILE, MirrorBook
from tests.cli.program import run

WEB, SHUT = "webproxy.example", "shut.example"
ADDRESSES = (at.ELSEWHERE, at.ELSEWHERE_V6)
#: Each proxy of the list, where it stands, and where it does once all but the first relay nothing.
TRUTH = {
    f"http://{at.ELSEWHERE}:3100": ("open", "open"),
    f"socks5://{at.ELSEWHERE}:3200": ("open", "unknown"),  # its port goes on taking connections
    f"http://{at.ELSEWHERE}:3101": ("unknown", "unknown"),  # it takes connections, and relays nothing
    f"socks5://{at.ELSEWHERE}:3299": ("never", "never"),  # nobody is there
    f"https://{WEB}:8446/?u={{url}}": ("open", "dead"),
    f"https://{WEB}:8444/?u={{url}}": ("never", "never"),  # it shows a page of its own, whatever is asked
    f"https://{SHUT}:8445/?u={{url}}": ("blocked", "dead"),
}
WORLD = Scenario(
    name="open-proxies",
    story="open proxies of every kind, one of which is blocked by name",
    names=(Name(name=WEB, addresses=ADDRESSES), Name(name=SHUT, addresses=ADDRESSES)),
    lies=(Lie(names=(SHUT,), say=Say.NXDOMAIN),),
    wires=frozenset({"access", "core", "origin"}),
    resolvers=(at.RESOLVERS[0],),
    proxies=(
        Proxy(kind="http", port=3100),
        Proxy(kind="socks5", port=3200),
        Proxy(kind="http", port=3101, conduct=Conduct.REFUSE),
        Proxy(kind="web", port=8446, name=WEB),
        Proxy(kind="web", port=8444, name=WEB, conduct=Conduct.OWN_PAGE),
        Proxy(kind="web", port=8445, name=SHUT),
    ),
    settings="[limits]\ntimeout_s = 2.0\n",
)


@pytest.mark.usefixtures("helped")
def test_each_listed_proxy_stands_where_the_truth_puts_it(lab, tmp_path):
    lab.load(WORLD)
    config, listed = tmp_path / "probe.toml", tmp_path / "list"
    config.write_text(lab.settings_toml(WORLD) + f'\n[store]\ndir = "{tmp_path}"\n')
    listed.write_text("\n".join([*TRUTH, "ftp://nothing.example"]))

    first, figures = look(config, listed)
    assert first == {name: before for name, (before, _) in TRUTH.items()}
    assert figures["coverage"] == {
        "blocked": 1, "open": 3, "unknown": 1, "live": 5, "ratio": None, "lower": 0.2, "upper": 0.4,
    }  # fmt: skip
    lab.load(replace(WORLD, proxies=WORLD.proxies[:1]))
    second, _ = look(config, listed)
    assert "dead" not in second.values()  # one look may meet a restart
    if os.environ.get("BLOCKPROBE_ACCEPTANCE") == "1":
        assert look(config, listed)[0] == {name: after for name, (_, after) in TRUTH.items()}
    else:
        assert second[f"socks5://{at.ELSEWHERE}:3200"] == "unknown"
    assert {name for _, name in MirrorBook(tmp_path, PROXIES_FILE).lives} == set(TRUTH)
    assert not (tmp_path / FILE).exists()


def look(config, listed):
    """The states of one round, and the figures."""
    done = run("proxies", "watch", str(listed), "--config", str(config), "--format", "json")
    assert done.returncode == 2, done.stderr  # a line that is none is told, and the rest is done
    assert b"line 8" in done.stderr
    *lives, figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["kind"] for one in lives} == {"proxy_live"}
    return {one["name"]: one["state"] for one in lives}, figures
