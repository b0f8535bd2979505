"""How many requests a candidate gets: a dozen a day, counted in a file of this machine, whoever runs the command.

One file a day, one host a line, a line a request, added before the request goes out; files of other days are removed.
"""

import os
from collections import Counter
from pathlib import Path

from blockprobe.model.errors import ConfigError
from blockprobe.net.clock import Clock

MOST_REQUESTS = 12
_PREFIX = "mirror-requests-"


class Budget:
    """Requests of today (UTC), in `folder`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Read what was sent today. Raises ConfigError when the folder cannot be used."""
        self._clock = clock
        self._folder = folder
        self._day = ""
        self._used: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        """What this run has sent."""
        self._turn()

    def claim(self, host: str, *, most: int | None = MOST_REQUESTS) -> bool:
        """Take one request to a host out of the budget; false when today's are used up."""
        self._turn()
        if most is not None and self._used[host] >= most:
            return False
        self._append(host)
        self._used[host] += 1
        self.sent[host] += 1
        return True

    def today(self, host: str) -> int:
        """What the host was sent today, by all runs that this one knows of."""
        return self._used[host]

    def _turn(self) -> None:
        day = self._clock.now().strftime("%Y-%m-%d")
        if day == self._day:
            return
        self._day = day
        path = self._folder / f"{_PREFIX}{day}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for old in self._folder.glob(f"{_PREFIX}*"):
                if old.name < path.name:
                    old.unlink(missing_ok=True)
            self._used = Counter(path.read_text("utf-8").splitlines() if path.exists() else ())
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(self._folder, error) from error

    def _append(self, host: str) -> None:
        try:
            descriptor = os.open(self._folder / f"{_PREFIX}{self._day}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, f"{host}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unusable(self._folder, error) from error


def _unusable(folder: Path, error: Exception) -> ConfigError:
    return ConfigError(f"{folder}: cannot count requests there: {error}; name a folder of yours with --state")
