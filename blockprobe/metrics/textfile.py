"""The exposition as a file, for node_exporter's textfile collector, which may read at any moment."""

import os
import tempfile
from pathlib import Path

from blockprobe.model.errors import ConfigError

_MODE = 0o644


def write_textfile(path: Path, text: bytes) -> None:
    """Replace the file at once: a reader sees the old text or the new one. Raises ConfigError; the old file stays then.

    The temporary file is in the same folder, because only there a rename replaces in one step. Its name does not end in
    .prom, so that the collector never reads it.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), _MODE)  # mkstemp's own mode lets nobody else read
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except OSError as error:
        _remove(temporary)
        reason = error.strerror or str(error)
        raise ConfigError(
            f"metrics.textfile {path}: {reason}; give a file in a folder that exists and that this user may write to"
        ) from error
    except BaseException:
        _remove(temporary)
        raise


def _remove(temporary: str | None) -> None:
    if temporary is not None:
        Path(temporary).unlink(missing_ok=True)
