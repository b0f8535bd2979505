"""`blockprobe orders check`, `list`, `show` and `compliance`."""

from typing import Annotated

import typer

from blockprobe.cli.compliance import compliance
from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command

orders_app = typer.Typer(
    no_args_is_help=True, help="Orders of the catalogue: check the files, list them, see who complies."
)


@orders_app.command()
@command
def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH…", help="Catalogue folders, or files in them, beside those in effect."),
    ] = None,
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """Name every fault of orders, networks, plans and lists at once, and what else is worth knowing."""
    from blockprobe.cli.ordering import check_catalogue

    return check_catalogue(config, tuple(paths or ()), format_)


@orders_app.command("list")
@command
def list_(format_: PlainFormatOption = "table", config: ConfigOption = None) -> int:
    """List the orders: court, respondents, targets, and when they are in force."""
    from blockprobe.cli.ordering import list_orders

    return list_orders(config, format_)


@orders_app.command()
@command
def show(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="An order's id, as in gb/example.")],
    format_: PlainFormatOption = "table",
    config: ConfigOption = None,
) -> int:
    """Show one order with its sources, respondents and targets."""
    from blockprobe.cli.ordering import show_order

    return show_order(config, order, format_)


orders_app.command()(compliance)
