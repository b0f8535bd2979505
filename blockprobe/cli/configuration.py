"""From --config and the environment to settings, and from settings to the fingerprints of the catalogue."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blockprobe.catalogue.config import Config
    from blockprobe.model.settings import Settings


def read_config(config: str | None, overrides: Mapping[str, Mapping[str, object]] | None = None) -> "Config":
    """The effective configuration; raises ConfigFaults."""
    from blockprobe.catalogue.config import find_config, load_config

    path = Path(config) if config is not None else find_config(os.environ)
    return load_config(path, os.environ, overrides or {})


def read_settings(config: str | None, overrides: Mapping[str, Mapping[str, object]] | None = None) -> "Settings":
    """The effective settings; raises ConfigFaults."""
    return read_config(config, overrides).settings
