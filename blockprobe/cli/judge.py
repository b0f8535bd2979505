"""`blockprobe judge`."""

from typing import Annotated, Literal

import typer

from blockprobe.cli.options import ConfigOption, FormatOption
from blockprobe.cli.process import command


@command
def judge(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE", help="Archives: one document a line (- is stdin), a store's folder, or one of its segments."
        ),
    ] = None,
    input_: Annotated[
        Literal["record", "ooni"],
        typer.Option("--input", help="record: blockprobe's own. ooni: OONI web_connectivity measurements."),
    ] = "record",
    format_: FormatOption = "json",
    config: ConfigOption = None,
    verify: Annotated[
        list[str] | None,
        typer.Option("--verify", metavar="DIR", help="Check a store against its manifests; judge nothing in it."),
    ] = None,
    signers: Annotated[
        str | None,
        typer.Option("--signers", metavar="FILE", help="With --verify: who may have signed (ssh-keygen's format)."),
    ] = None,
) -> int:
    """Judge archived evidence again with this version's rules, or verify it, without a network."""
    if verify:
        from blockprobe.cli.verifying import verify_stores

        return verify_stores(tuple(verify), signers=signers, others=tuple(files or ()))
    from blockprobe.cli.judging import judge_files

    return judge_files(tuple(files or ()), input_=input_, format_=format_, config=config)
