"""A private Tor network: three directory authorities, an exit and a client, all of them Debian's tor (tor-manual(1)).

The relays are in `ctl`, the client at the probe. Nothing of it knows the public network's authorities.
"""

import subprocess
from pathlib import Path

from .real import RealLab

ADDRESS = "203.0.113.141"
SOCKS_PORT = 9050
_AUTHORITIES = ("a1", "a2", "a3")
_OR, _DIR = 5000, 7000
# Votes every 20 s instead of every 30 min, as the project's own test networks have them.
_COMMON = """TestingTorNetwork 1
RunAsDaemon 0
ShutdownWaitLength 0
AssumeReachable 1
SafeLogging 0
Log notice stdout
TestingV3AuthInitialVotingInterval 20
TestingV3AuthInitialVoteDelay 4
TestingV3AuthInitialDistDelay 4
V3AuthVotingInterval 20
V3AuthVoteDelay 4
V3AuthDistDelay 4
PathsNeededToBuildCircuits 0.25
"""
_RELAY = """ExitRelay {exits}
ExitPolicyRejectPrivate 0
ExitPolicy {policy} *:*
ServerDNSDetectHijacking 0
ServerDNSAllowBrokenConfig 1
"""
_AUTHORITY = """AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
ContactInfo nobody@tor.example
TestingDirAuthVoteExit *
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingMinExitFlagThreshold 0
MinMeasuredBWsForAuthToIgnoreAdvertised 0
"""


def start(lab: RealLab) -> None:
    """Start all of it; the client has no circuit yet (`bootstrapped`)."""
    folder = lab.folder / "tor"
    folder.mkdir()
    lines = "".join(_authority(folder / name, name, number) for number, name in enumerate(_AUTHORITIES))
    for number, name in enumerate((*_AUTHORITIES, "exit")):
        text = _COMMON + lines + f"DataDirectory {folder / name}\nNickname {name}\nAddress {ADDRESS}\nSocksPort 0\n"
        text += f"ORPort {ADDRESS}:{_OR + number} IPv4Only\nOutboundBindAddress {ADDRESS}\n"
        text += _RELAY.format(exits=int(name == "exit"), policy="accept" if name == "exit" else "reject")
        if name in _AUTHORITIES:
            text += _AUTHORITY + f"DirPort {ADDRESS}:{_DIR + number}\n"
        _run(lab, "ctl", folder, name, text)
    client = _COMMON + lines + f"DataDirectory {folder / 'client'}\nSocksPort 127.0.0.1:{SOCKS_PORT}\n"
    _run(lab, "probe", folder, "client", client)


def bootstrapped(lab: RealLab) -> bool:
    """Whether the client has found a way through its network."""
    return "Bootstrapped 100%" in (lab.folder / "tor-client.log").read_text(errors="replace")


def _run(lab: RealLab, place: str, folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(exist_ok=True)
    (folder / name).chmod(0o700)
    config = folder / f"{name}.torrc"
    config.write_text(text)
    resolv = lab.folder / ("ctl-resolv.conf" if place == "ctl" else "probe-resolv.conf")
    argv = ["tor", "-f", str(config), "--defaults-torrc", "/dev/null"]
    lab.world.adopt(lab.inside(place, resolv, argv), log=f"tor-{name}.log", env=lab.environment())


def _authority(folder: Path, name: str, number: int) -> str:
    """Make an authority's keys; the line by which all others know it."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    folder.chmod(0o700)
    keys.chmod(0o700)
    where = ["-i", "authority_identity_key", "-s", "authority_signing_key", "-c", "authority_certificate"]
    make = [
        "tor-gencert",
        "--create-identity-key",
        "--passphrase-fd",
        "0",
        *where,
        "-m",
        "12",
        "-a",
        f"{ADDRESS}:{_DIR + number}",
    ]
    subprocess.run(make, cwd=keys, input=b"laboratory\n", check=True, capture_output=True)
    certificate = (keys / "authority_certificate").read_text()
    identity = next(line.split()[1] for line in certificate.splitlines() if line.startswith("fingerprint"))
    listing = [
        "tor",
        "--defaults-torrc",
        "/dev/null",
        "-f",
        "/dev/null",
        "--ignore-missing-torrc",
        "--list-fingerprint",
    ]
    listing += ["--orport", str(_OR + number), "--DataDirectory", str(folder), "--Nickname", name, "--quiet"]
    listing += ["--DirAuthority", f"x orport=1 v3ident={'F' * 40} 127.0.0.1:1 {'F' * 40}"]
    shown = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    fingerprint = "".join(shown.split()[1:])[:40]
    return (
        f"DirAuthority {name} orport={_OR + number} no-v2 v3ident={identity} {ADDRESS}:{_DIR + number} {fingerprint}\n"
    )
