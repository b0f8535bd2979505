"""Where the catalogue's data lies, and the two small lists in it: neutral sites and public resolvers.

The data that came with blockprobe (in a wheel `blockprobe/catalogue/data`, in a checkout `probes/`) is read first,
the folders of `[catalogue] paths` after it in their order: later files win.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blockprobe.model.errors import ConfigError
from blockprobe.model.settings import PublicResolver

#: A file of the catalogue larger than this is refused unread.
MAX_FILE_BYTES = 4 * 1024 * 1024
_PACKAGED = Path(__file__).parent / "data"
_CHECKOUT = Path(__file__).parents[2]
_NAMED = ("tls://", "https://")  # URLs that hold a name, which `address` spares looking up


def shipped_data() -> Path:
    """The folder of the data that came with this installation; raises ConfigError if there is none."""
    if _PACKAGED.is_dir():
        return _PACKAGED
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "probes").is_dir():
        return _CHECKOUT / "probes"
    raise ConfigError(f"{_PACKAGED}: the catalogue's data is missing from this installation; install blockprobe again")


def data_folders(paths: Sequence[str | Path] = ()) -> tuple[Path, ...]:
    """The shipped data, then the folders of `[catalogue] paths`; raises ConfigError naming all that do not exist."""
    folders = [Path(path).expanduser() for path in paths]
    missing = [
        f"{folder}: no such folder; create it or take it out of [catalogue] paths"
        for folder in folders
        if not folder.is_dir()
    ]
    if missing:
        raise ConfigError("\n".join(missing))
    return (shipped_data(), *folders)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of one file; raises ConfigError, one line that names the file, the fault and the remedy."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ConfigError(f"{path}: longer than {MAX_FILE_BYTES} bytes; split it, or import a list as CSV")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start}: not UTF-8; save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; a number of 5000 digits another
        raise ConfigError(f"{path}: not TOML: {error}; correct that place") from error


def load_neutral(paths: Sequence[str | Path] = ()) -> tuple[str, ...]:
    """The URLs of the neutral sites, of the last `controls.toml` found: an operator's list replaces the shipped one."""
    path = _last(paths, "controls.toml")
    urls = []
    for number, entry in enumerate(_entries(path, "neutral"), start=1):
        url = entry.get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise ConfigError(f'{path}: neutral {number}: url: must be a web address; write url = "https://…/"')
        urls.append(url)
    return tuple(urls)


def load_resolvers(paths: Sequence[str | Path] = ()) -> tuple[PublicResolver, ...]:
    """The public resolvers of the last `resolvers.toml` found, every URL of every operator, in the file's order."""
    path = _last(paths, "resolvers.toml")
    found = []
    for number, entry in enumerate(_entries(path, "resolver"), start=1):
        urls, address = entry.get("urls"), entry.get("address")
        if not isinstance(urls, list) or not all(isinstance(url, str) and "://" in url for url in urls):
            raise ConfigError(f'{path}: resolver {number}: urls: must be a list; write urls = ["udp://…", "https://…"]')
        if address is not None and not isinstance(address, str):
            raise ConfigError(f'{path}: resolver {number}: address: must be a text; write address = "203.0.113.208"')
        found += [PublicResolver(url=url, address=address if url.startswith(_NAMED) else None) for url in urls]
    return tuple(found)


def _last(paths: Sequence[str | Path], name: str) -> Path:
    """The file of that name in the last folder that has one."""
    return [folder / name for folder in data_folders(paths) if (folder / name).is_file()][-1]


def _entries(path: Path, key: str) -> list[dict[str, Any]]:
    entries = read_toml(path).get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{path}: {key}: must be tables; begin each entry with [[{key}]]")
    return entries
