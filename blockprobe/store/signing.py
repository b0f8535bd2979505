"""Signatures of manifests with an SSH key, by OpenSSH's `ssh-keygen -Y` (PROTOCOL.sshsig): every Debian has it.

The key is a file without a passphrase that this user can read; the signature stands beside the manifest as `.sig`.
"""

import os
import subprocess
from pathlib import Path

from blockprobe.model.errors import StoreError
from blockprobe.store.files import told, write_file
from blockprobe.store.layout import SIGNATURE, beside

#: What is signed, so that a signature made for something else does not count.
NAMESPACE = "blockprobe-manifest"
_TIMEOUT_S = 20.0
_QUIET = {"SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}


class Signer:
    """Signs with the private key in a file."""

    def __init__(self, key: str) -> None:
        self._key = key

    def sign(self, manifest: Path) -> None:
        """Write the signature beside the manifest, whole or not at all; raises StoreError with what ssh-keygen said."""
        with told(manifest, "read"):
            content = manifest.read_bytes()
        done = _run("-Y", "sign", "-q", "-f", self._key, "-n", NAMESPACE, stdin=content)
        if done.returncode != 0 or not done.stdout:
            raise StoreError(f"{manifest}: not signed: {_words(done)}; [store] sign_with must be a private key file")
        with told(manifest):
            write_file(beside(manifest, SIGNATURE), done.stdout)


def signature_fault(manifest: Path, allowed_signers: Path) -> str | None:
    """Why the signature beside a manifest does not count for any of the allowed signers; None when it does."""
    signature = beside(manifest, SIGNATURE)
    if not signature.exists():
        return "is not signed"
    found = _run("-Y", "find-principals", "-f", str(allowed_signers), "-s", str(signature))
    signers = found.stdout.decode(errors="replace").split("\n")[0].split(",")[0]
    if found.returncode != 0 or not signers:
        return "is signed by nobody in the list of allowed signers"
    arguments = ["-f", str(allowed_signers), "-I", signers, "-n", NAMESPACE, "-s", str(signature)]
    done = _run("-Y", "verify", *arguments, stdin=manifest.read_bytes())
    return None if done.returncode == 0 else f"has a signature that does not fit: {_words(done)}"


def _run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - a fixed program, and arguments that are no shell's
            ["ssh-keygen", *arguments],  # noqa: S607 - found on the path, as OpenSSH's tools are
            input=stdin,
            capture_output=True,
            timeout=_TIMEOUT_S,
            env={**os.environ, **_QUIET},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(f"ssh-keygen cannot be run: {error}; install openssh-client, or do not sign") from error


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    text = (done.stderr or done.stdout).decode(errors="replace")
    return " ".join(text.split())[:200] or f"ssh-keygen ended with {done.returncode}"
