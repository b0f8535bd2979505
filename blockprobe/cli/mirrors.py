"""`blockprobe mirrors …`: each command in a module of its own."""

import typer

from blockprobe.cli.mirrors_classify import classify
from blockprobe.cli.mirrors_find import find
from blockprobe.cli.mirrors_watch import show, watch

mirrors_app = typer.Typer(no_args_is_help=True, help="Mirrors and proxies of a site: find them, say what each is.")

mirrors_app.command()(find)
mirrors_app.command()(classify)
mirrors_app.command()(watch)
mirrors_app.command()(show)
