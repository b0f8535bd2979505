"""`blockprobe config check` and `blockprobe config show`."""

from typing import Annotated, Literal

import typer

from blockprobe.cli.options import ConfigOption
from blockprobe.cli.process import Exit, command

config_app = typer.Typer(no_args_is_help=True, help="Check the configuration, or show what is in effect.")


@config_app.command()
@command
def check(config: ConfigOption = None) -> int:
    """Name every fault of the configuration at once: file, key, what is wrong and what to write."""
    from blockprobe.catalogue.config import ConfigFaults, missing_files
    from blockprobe.cli.configuration import read_config
    from blockprobe.cli.knowledge import load_knowledge

    loaded = read_config(config)
    if missing := missing_files(loaded):
        raise ConfigFaults(missing)
    load_knowledge(loaded.settings)
    typer.echo(f"{loaded.path}: good" if loaded.path else "no configuration file: the defaults are in effect")
    return Exit.DONE


@config_app.command()
@command
def show(
    config: ConfigOption = None,
    format_: Annotated[
        Literal["toml", "json"], typer.Option("--format", help="toml: as it would be written. json: for programs.")
    ] = "toml",
) -> int:
    """Show the configuration in effect and where each value comes from; never a secret."""
    from blockprobe.cli.configuration import read_config
    from blockprobe.cli.render.config_text import as_json, as_toml

    loaded = read_config(config)
    typer.echo(as_json(loaded) if format_ == "json" else as_toml(loaded), nl=False)
    return Exit.DONE
