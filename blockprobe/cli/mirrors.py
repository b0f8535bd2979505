"""`blockprobe mirrors …`: each command in a module of its own."""

import typer

from blockprobe.cli.mirrors_classify import classify

mirrors_app = typer.Typer(no_args_is_help=True, help="Mirrors and proxies of a site: what a candidate is.")

mirrors_app.command()(classify)
