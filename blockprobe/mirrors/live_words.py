"""A tested candidate as one JSON document: class, band, what proves it in words, and what it cost. Pure."""

import json
from typing import Any

from blockprobe.mirrors.live_facts import Said
from blockprobe.mirrors.live_tests import LiveResult


def document(result: LiveResult) -> bytes:
    """One line of `--format json`; a line of a plan's candidates as well (listed.py)."""
    return json.dumps(content(result), ensure_ascii=False).encode("utf-8", "replace")


def content(result: LiveResult) -> dict[str, Any]:
    """What the line says; docs/mirrors.md explains it."""
    facts, verdict = result.facts, result.verdict
    return {
        "id": result.name,
        "site": result.site,
        "p_copy": round(facts.page.p_copy, 6) if facts.page else None,
        "class": verdict.class_.value,
        "band": verdict.band.value,
        "live": {True: "yes", False: "no", None: "unknown"}[verdict.live],
        "because": verdict.because,
        "rule": verdict.rule,
        "proofs": _said(facts.proofs),
        "artefacts": _said(facts.artefacts),
        "flags": flags(result),
        "threats": _said(facts.threats),
        "tests": {
            "nonce": facts.nonce.value,
            "search": facts.search.value,
            "any_host": facts.any_host.value,
            "fresh": facts.fresh.value,
            "lag_s": None if facts.lag_s is None else round(facts.lag_s, 1),
            "asset": facts.asset.value,
        },
        "log_odds": verdict.odds,
        "hops": list(result.hops),
        "redirects_to": facts.redirects_to or None,
        "requests": result.requests,
        "requests_today": result.today,
        "features": facts.page.features if facts.page else {},
    }


def flags(result: LiveResult) -> list[str]:
    """`threat` and `redirector`: beside the class, never instead of it."""
    facts = result.facts
    return [name for name, on in (("threat", facts.threats), ("redirector", facts.redirects_to)) if on]


def _said(found: tuple[Said, ...]) -> list[dict[str, str]]:
    return [{"what": one.what.value, "words": one.words} for one in found]
