"""Signed zones (DNSSEC): one healthy, one whose signatures ran out, one whose records are not what was signed."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .sites import FORGED, SIGNED, SITES, STALE

_LONG_AGO = ("-s", "20170717000000", "-e", "20170817000000")
_ALWAYS = ("-s", "20170717000000", "-e", "20370717000000")
_PLACEHOLDERS = ("203.0.113.99", "2001:db8:afff::99")


def _run(folder: Path, *argv: str) -> str:
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True, timeout=20).stdout


def _sign(folder: Path, name: str) -> Path:
    """Signs `NAME.zone` in place, with one key for everything; returns the key's public half, a trust anchor."""
    zone = folder / f"{name}.zone"
    if name == FORGED:
        zone.write_text(_replaced(zone.read_text(), SITES[name].v4 + SITES[name].v6, _PLACEHOLDERS))
    key = _run(folder, "dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", name).strip()
    lifetime = _LONG_AGO if name == STALE else _ALWAYS
    _run(folder, "dnssec-signzone", "-q", "-P", "-S", "-z", *lifetime, "-o", name, "-f", zone.name, zone.name)
    if name == FORGED:
        zone.write_text(_replaced(zone.read_text(), _PLACEHOLDERS, SITES[name].v4 + SITES[name].v6))
    return folder / f"{key}.key"


def _replaced(text: str, old: tuple[str, ...], new: tuple[str, ...]) -> str:
    for one, other in zip(old, new, strict=True):
        text = text.replace(one, other)
    return text


def sign_all(folder: Path) -> list[Path]:
    """Signs the three zones in BIND's folder; returns the trust anchors (each zone is an island of trust)."""
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(lambda name: _sign(folder, name), (SIGNED, STALE, FORGED)))
