"""The configuration: one TOML file, then the environment, then the command line; the last one said wins.

`load_config` reports every fault at once. Where a value came from is kept, so that `config show` can say it.
"""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

from blockprobe.catalogue.config_checks import check_company, check_settings, check_value
from blockprobe.catalogue.config_types import SECTIONS, UnfitValue, convert, hints_of
from blockprobe.catalogue.data import load_neutral
from blockprobe.catalogue.system import system_resolvers
from blockprobe.model.errors import ConfigError
from blockprobe.model.settings import Settings

ENVIRONMENT_PREFIX = "BLOCKPROBE_"
#: Values that name files; relative ones are meant from the configuration file's folder.
PATH_KEYS = frozenset(
    {
        "helper.token_file",
        "helper_server.certificate",
        "helper_server.key",
        "helper_server.token_file",
        "catalogue.paths",
        "agent.calendar",
        "store.dir",
        "store.sign_with",
        "metrics.textfile",
        "bypass.secrets_file",
    }
)
#: Those of them that a command makes itself.
_MADE = frozenset({"store.dir", "metrics.textfile"})
_MAX_CONFIG_BYTES = 1024 * 1024


class Origin(StrEnum):
    """Where a value comes from."""

    DEFAULT = "default"
    SYSTEM = "system"
    CATALOGUE = "catalogue"
    FILE = "file"
    ENVIRONMENT = "env"
    COMMAND_LINE = "cli"


class ConfigFaults(ConfigError):
    """Everything that is wrong with a configuration: `faults`, one line each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        """Hold all `faults`; the text of the exception is one fault a line."""
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Validated settings, where each "section.key" comes from, and the file that was read."""

    settings: Settings
    origins: Mapping[str, Origin]
    path: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One value as somebody wrote it; `place` is how a fault names it."""

    section: str
    key: str
    value: Any
    origin: Origin
    place: str

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"


def load_settings(
    path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, Mapping[str, object]]
) -> Settings:
    """The effective settings; raises ConfigFaults naming everything that is wrong."""
    return load_config(path, environ, overrides).settings


def load_config(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, Mapping[str, object]]) -> Config:
    """The effective configuration with the origin of each value; raises ConfigFaults naming everything wrong."""
    faults: list[str] = []
    said = [*_from_file(path, faults), *_from_environment(environ, faults), *_from_command_line(overrides)]
    values: dict[str, dict[str, Any]] = {}
    origins: dict[str, Origin] = {}
    for one in said:
        try:
            values.setdefault(one.section, {})[one.key] = _validated(one, path)
            origins[one.name] = one.origin
        except UnfitValue as error:
            faults.extend(f"{one.place}: {fault}" for fault in error.faults)
    faults.extend(f"{path or 'configuration'}: {fault}" for fault in check_company({one.name for one in said}))
    if faults:
        raise ConfigFaults(tuple(faults))
    settings = Settings(**{name: cls(**values.get(name, {})) for name, cls in SECTIONS.items()})
    if wrong := check_settings(settings):
        raise ConfigFaults(tuple(f"{path or 'configuration'}: {fault}" for fault in wrong))
    return _with_found(Config(settings=settings, origins=origins, path=path))


def find_config(environ: Mapping[str, str]) -> Path | None:
    """The file that $BLOCKPROBE_CONFIG names, else the user's, else the machine's, else none."""
    if named := environ.get("BLOCKPROBE_CONFIG"):
        return Path(named)
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    candidates = (home / "blockprobe/config.toml", Path("/etc/blockprobe/config.toml"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def missing_files(config: Config) -> tuple[str, ...]:
    """One line for each file or folder that the configuration names and that this user cannot read."""
    found = []
    for name in sorted((PATH_KEYS - _MADE) & config.origins.keys()):
        section, key = name.split(".")
        value = getattr(getattr(config.settings, section), key)
        for one in (value,) if isinstance(value, str) else value:
            if not os.access(one, os.R_OK):
                found.append(f"{config.path or 'configuration'}: {name}: {one} cannot be read; create it or correct it")
    return tuple(found)


def _with_found(config: Config) -> Config:
    """Fill what nobody said: the system's resolvers and the catalogue's neutral sites."""
    settings, origins = config.settings, dict(config.origins)
    resolvers, controls = settings.resolvers, settings.controls
    if "resolvers.isp" not in origins:
        resolvers = replace(resolvers, isp=system_resolvers())
        origins["resolvers.isp"] = Origin.SYSTEM
    if "controls.neutral" not in origins:
        controls = replace(controls, neutral=load_neutral(settings.catalogue.paths))
        origins["controls.neutral"] = Origin.CATALOGUE
    return replace(config, settings=replace(settings, resolvers=resolvers, controls=controls), origins=origins)


def _from_file(path: Path | None, faults: list[str]) -> Iterator[_Said]:
    if path is None:
        return
    for section, table in _read_toml(path, faults).items():
        if section not in SECTIONS:
            faults.append(f"{path}: [{section}]: no such section; {_hint(section, list(SECTIONS), 'sections')}")
        elif not isinstance(table, dict):
            faults.append(f"{path}: {section}: is a section, not a value; write [{section}] on a line of its own")
        else:
            for key, value in table.items():
                place = f"{path}: {section}.{key}"
                yield _Said(section=section, key=key, value=value, origin=Origin.FILE, place=place)


def _read_toml(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_CONFIG_BYTES + 1)
        if len(content) > _MAX_CONFIG_BYTES:
            raise ValueError(f"longer than {_MAX_CONFIG_BYTES} bytes")
        return tomllib.loads(content.decode())
    except OSError as error:
        faults.append(f"{path}: cannot be read: {error.strerror}; give a readable file with --config")
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ones
        faults.append(f"{path}: no valid TOML: {error}; see https://toml.io or docs/config.md")
    return {}


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> Iterator[_Said]:
    single = {f"{section}_{key}".upper() for section in SECTIONS for key in hints_of(section)}
    for name in sorted(environ):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        section, separator, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        place = f"environment: {name}"
        if not separator:
            if section.upper() in single:
                faults.append(f"{place}: section and key are joined by two underscores; see docs/config.md")
        elif section not in SECTIONS:
            faults.append(f"{place}: no section {section!r}; {_hint(section, list(SECTIONS), 'sections')}")
        else:
            value = _environment_value(section, key, environ[name])
            yield _Said(section=section, key=key, value=value, origin=Origin.ENVIRONMENT, place=place)


def _environment_value(section: str, key: str, text: str) -> Any:
    """JSON where it is a list, a table or what the key takes; otherwise the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, list | dict):
        return value
    try:
        return convert(value, hints_of(section).get(key, str))
    except UnfitValue:
        return text


def _from_command_line(overrides: Mapping[str, Mapping[str, object]]) -> Iterator[_Said]:
    for section, table in overrides.items():
        for key, value in table.items():
            place = f"command line: {section}.{key}"
            yield _Said(section=section, key=key, value=value, origin=Origin.COMMAND_LINE, place=place)


def _validated(one: _Said, path: Path | None) -> Any:
    known = hints_of(one.section)
    if one.key not in known:
        raise UnfitValue(f"no such key; {_hint(one.key, list(known), f'keys of [{one.section}]')}")
    value = convert(one.value, known[one.key])
    check_value(one.name, value)
    if one.name in PATH_KEYS:
        base = path.parent if path is not None and one.origin is Origin.FILE else Path()
        return _from_folder(base.absolute(), value)
    return value


def _from_folder(base: Path, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_from_folder(base, one) for one in value)
    return None if value is None else str(base / Path(value).expanduser())


def _hint(wrong: str, known: list[str], what: str) -> str:
    close = get_close_matches(wrong, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"the {what} are {', '.join(known)}"


def defaults() -> Mapping[str, Any]:
    """Every "section.key" with its default, in the order of docs/config.md."""
    empty = Settings()
    return {
        f"{section}.{one.name}": getattr(getattr(empty, section), one.name)
        for section, cls in SECTIONS.items()
        for one in fields(cls)
    }
