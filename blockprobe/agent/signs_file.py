"""The signs of the network across restarts: a small file in the store, with the key that makes them unreadable."""

import json
import os
import secrets
from pathlib import Path

from blockprobe.agent.identity import Signs

_NAME = "line.json"
_KEY_BYTES = 32


class SignsFile:
    """`key` hashes signs, `signs` are those last kept (None: none were)."""

    def __init__(self, folder: Path) -> None:
        """Reads the file; without a usable one there is a new key, and the next signs are the first."""
        self._path = folder / _NAME
        self.key, self.signs = _read(self._path) or (secrets.token_bytes(_KEY_BYTES), None)

    def keep(self, signs: Signs | None) -> None:
        """Write the signs if they are new. Raises OSError."""
        if signs is None or signs == self.signs:
            return
        text = json.dumps({"key": self.key.hex(), "signs": dict(signs.hashes)})
        new = self._path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(text + "\n", encoding="ascii")
        os.replace(new, self._path)
        self.signs = signs


def _read(path: Path) -> tuple[bytes, Signs | None] | None:
    try:
        found = json.loads(path.read_text(encoding="ascii"))
        key, signs = bytes.fromhex(found["key"]), Signs(hashes={str(k): str(v) for k, v in found["signs"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return (key, signs) if len(key) == _KEY_BYTES else None
