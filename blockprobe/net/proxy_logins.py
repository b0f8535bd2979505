"""The file with the logins of proxies: a line each, the proxy as it is configured, the user, the password."""

from pathlib import Path

from blockprobe.model.errors import ConfigError
from blockprobe.net.proxy import parse_proxy
from blockprobe.net.proxy_words import Login

#: More is no file of logins (bytes).
MAX_FILE_BYTES = 65_536


def read_logins(path: str | None) -> dict[str, Login]:
    """Logins by `Proxy.url`; raises ConfigError naming file and line, and never a password.

    Empty lines and lines that begin with # mean nothing. A password may hold spaces.
    """
    if path is None:
        return {}
    try:
        raw = Path(path).read_bytes()[: MAX_FILE_BYTES + 1]
        lines = raw.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"bypass.secrets_file {path}: {why}; write the logins into that file") from error
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"bypass.secrets_file {path}: more than {MAX_FILE_BYTES} bytes; is this the file of logins?")
    logins: dict[str, Login] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            url, login = _read(line, f"bypass.secrets_file {path}, line {number}")
            logins[url] = login
    return logins


def _read(line: str, where: str) -> tuple[str, Login]:
    fields = line.split(maxsplit=2)
    if len(fields) != 3:
        raise ConfigError(f"{where}: write the proxy's URL, the user and the password, with spaces between them")
    try:
        return parse_proxy(fields[0]).url, Login(user=fields[1], password=fields[2].rstrip())
    except (ConfigError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error
