"""Encrypted ClientHello, really served: it opens a site whose name is filtered; what `blockprobe bypass` says of it.

blockprobe cannot send such a hello, and claims nothing; what it says of the published keys must be true.
"""

import base64
import json
import sys

import pytest

from blockprobe.model.bypass import Bypass, Outcome, TechniqueId
from blockprobe.model.bypass_codec import load_bypass
from tests.whole import whole

from . import ech_world, plan
from .ech_world import SITE
from .real import RealLab, rule
from .rules import Rule
from .sites import page

FILTER = rule("sni-rst", SITE)
SAID = (
    "Python's TLS cannot send an Encrypted ClientHello; the site publishes keys for ECH "
    f"(https://{plan.PUBLIC_RESOLVER_NAME}/dns-query)"
)
OWN = f"udp://{plan.RESOLVER}:53"


@pytest.fixture(scope="module")
def keys(whole_lab: RealLab) -> str:
    reason = ech_world.missing()
    if reason:
        pytest.skip(reason)
    return ech_world.start(whole_lab)


def others(keys: str) -> str:
    """Keys of the same form that the server does not have."""
    raw = bytearray(base64.b64decode(keys))
    raw[15] ^= 0xFF  # within the public key, after two lengths, version, id, algorithm and its own length
    return base64.b64encode(raw).decode()


def battery(lab: RealLab) -> Bypass:
    argv = [
        sys.executable,
        "-m",
        "blockprobe.cli.main",
        "bypass",
        "--format",
        "json",
        "--config",
        str(lab.probe_config),
    ]
    done = lab.run_in_probe([*argv, f"https://{SITE}/"], timeout_s=200)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["blocked_before"] == "blocked"
    return load_bypass(done.stdout)


@whole
def test_a_client_with_the_keys_opens_what_the_filter_closes_to_everybody_else(lab: RealLab, keys: str) -> None:
    assert ech_world.fetch(lab) == {"page": page(SITE), "ech": "false"}
    assert ech_world.fetch(lab, keys) == {"page": page(SITE), "ech": "true"}
    with lab.rules(FILTER):
        assert "reset" in ech_world.fetch(lab)["error"].lower()
        assert ech_world.fetch(lab, keys) == {"page": page(SITE), "ech": "true"}
        assert "error" in ech_world.fetch(lab, others(keys))


@whole
@pytest.mark.parametrize("lie", ["none", "no record", "no keys", "other keys"])
def test_what_is_published_and_what_the_line_s_own_resolver_makes_of_it(lab: RealLab, keys: str, lie: str) -> None:
    told: dict[str, tuple[tuple[Rule, ...], str]] = {
        "none": ((), ""),
        "no record": ((rule("dns-https", SITE),), f"; {OWN} gives no HTTPS record"),
        "no keys": (
            (rule("dns-https", SITE, record=ech_world.record(None)),),
            f"; {OWN} gives them without the keys",
        ),
        "other keys": (
            (rule("dns-https", SITE, record=ech_world.record(others(keys))),),
            f"; {OWN} gives them with other keys",
        ),
    }
    rules, words = told[lie]
    with lab.rules(FILTER, *rules):
        bypass = battery(lab)
    (ech,) = [trial for trial in bypass.trials if trial.technique is TechniqueId.ECH]
    assert (ech.outcome, ech.because) == (Outcome.NOT_AVAILABLE, SAID + words)
