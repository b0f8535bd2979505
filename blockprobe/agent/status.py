"""The status file: what `blockprobe agent status` shows and its `--check` decides on.

It is written after every cycle and at least every few minutes, into the store's folder: an agent that hangs, or whose
disk is full, is noticed because the file grows old.
"""

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from blockprobe.model.errors import ConfigError

SCHEMA = "blockprobe.agent_status/1"
_NAME = "status.json"
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The agent at `written_at` (UTC). `late_after`: a reader who finds no newer file by then should worry.

    `problems` are one sentence each; `failing` are those that make the check fail: a store that cannot be written to,
    and controls that failed. `next_at`: when the next target is due.
    """

    schema: str = SCHEMA
    version: str
    pid: int
    started_at: str
    written_at: str
    late_after: str
    stopped: bool = False
    cycles: int = 0
    last_cycle_at: str | None = None
    last_cycle_s: float | None = None
    measured: int = 0
    controls_ok: bool | None = None
    targets: int = 0
    next_at: str | None = None
    lag_s: float = 0.0
    plans: tuple[str, ...] = ()
    network: str | None = None
    own_resolver: bool | None = None
    line_problem: str | None = None
    waiting: int = 0
    store_bytes: int = 0
    metrics: str | None = None
    problems: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()


def write_status(folder: Path, status: Status) -> None:
    """Replace the file at once; raises OSError."""
    new = folder / f".{_NAME}.new"
    try:
        new.write_text(json.dumps(asdict(status)) + "\n", encoding="utf-8")
        os.replace(new, folder / _NAME)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def read_status(folder: Path) -> Status:
    """The agent's last words; raises ConfigError, one line, when there are none that can be read."""
    path = folder / _NAME
    try:
        with path.open("rb") as stream:
            found = json.loads(stream.read(_MAX_BYTES))
        known = {field.name for field in fields(Status)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in found.items() if k in known}
        status = Status(**values)
        _time(status.late_after)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no agent has worked there; start one, or give its configuration") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: is no status of an agent ({error}); is another program using the folder?"
        ) from error
    if status.schema != SCHEMA:
        raise ConfigError(f"{path}: schema {status.schema!r} is of another version; use the program that wrote it")
    return status


def worries(status: Status, now: datetime, *, is_alive: Callable[[int], bool]) -> tuple[str, ...]:
    """Why `agent status --check` fails, a sentence each; none: all is well."""
    found = []
    if status.stopped:
        found.append(f"The agent was stopped at {status.written_at}.")
    elif now > _time(status.late_after):
        what = "stands still or cannot write" if is_alive(status.pid) else "is gone"
        found.append(f"Nothing was heard since {status.written_at}: the agent (process {status.pid}) {what}.")
    return (*found, *status.failing)


def is_alive(pid: int) -> bool:
    """Whether a process of that number exists."""
    return Path(f"/proc/{pid}").exists()


def as_document(status: Status, troubles: tuple[str, ...]) -> dict[str, Any]:
    """What `--format json` prints."""
    return asdict(status) | {"ok": not troubles, "worries": list(troubles)}


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} is no absolute time")
    return found
