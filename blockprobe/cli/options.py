"""Options that several commands share."""

from typing import Annotated, Literal

import typer

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration to use. Default: $BLOCKPROBE_CONFIG, ~/.config/blockprobe/config.toml, "
        "/etc/blockprobe/config.toml, or none.",
    ),
]

Format = Literal["table", "json", "ooni"]

FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="table: for people. json: one record a line. ooni: one OONI web_connectivity measurement a line.",
    ),
]

PlainFormat = Literal["table", "json"]

PlainFormatOption = Annotated[PlainFormat, typer.Option("--format", help="table: for people. json: one document.")]
