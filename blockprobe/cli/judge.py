"""`blockprobe judge`."""

from typing import Annotated, Literal

import typer

from blockprobe.cli.options import ConfigOption, FormatOption
from blockprobe.cli.process import command


@command
def judge(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Archives, one document a line; - is stdin.")],
    input_: Annotated[
        Literal["record", "ooni"],
        typer.Option("--input", help="record: blockprobe's own. ooni: OONI web_connectivity measurements."),
    ] = "record",
    format_: FormatOption = "json",
    config: ConfigOption = None,
) -> int:
    """Judge archived evidence again with this version's rules, without a network."""
    from blockprobe.cli.judging import judge_files

    return judge_files(tuple(files), input_=input_, format_=format_, config=config)
