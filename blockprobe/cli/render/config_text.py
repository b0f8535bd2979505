"""The configuration in effect as TOML or JSON, with the origin of each value and without secrets."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from blockprobe.catalogue.config import Config, Origin

HIDDEN = "(hidden)"
_SECRET = re.compile(r"(token|secret|password|credential)s?$")
_USERINFO = re.compile(r"://[^/@\s]+@")


def as_toml(config: Config) -> str:
    """TOML that can be read back; the comment behind each value says where it comes from."""
    lines = [f"# {config.path or 'no configuration file'}"]
    for section, table in _values(config).items():
        lines += ["", f"[{section}]", *_toml_lines(config, section, table)]
    return "\n".join(lines) + "\n"


def as_json(config: Config) -> str:
    """One JSON document: file, settings, origins."""
    values = _values(config)
    origins = {f"{section}.{key}": _origin(config, section, key) for section in values for key in values[section]}
    document = {"file": None if config.path is None else str(config.path), "settings": values, "origins": origins}
    return json.dumps(document, default=str) + "\n"


def _toml_lines(config: Config, section: str, table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if value is None:
            yield f"# {key} is not set"
        else:
            yield f"{key} = {_toml(value)}  # {_origin(config, section, key)}"


def _values(config: Config) -> dict[str, dict[str, Any]]:
    tables = asdict(config.settings)
    return {section: {key: _safe(key, value) for key, value in table.items()} for section, table in tables.items()}


def _origin(config: Config, section: str, key: str) -> str:
    return config.origins.get(f"{section}.{key}", Origin.DEFAULT).value


def _safe(key: str, value: Any) -> Any:
    if _SECRET.search(key):
        return None if value is None else HIDDEN
    if isinstance(value, dict):
        return {inner: _safe(inner, one) for inner, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_safe(key, one) for one in value]
    return _USERINFO.sub(f"://{HIDDEN}@", value) if isinstance(value, str) else value


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)  # dates and times, which TOML has and JSON has not
