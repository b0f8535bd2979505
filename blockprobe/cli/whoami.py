"""`blockprobe whoami`."""

from blockprobe.cli.options import ConfigOption, PlainFormatOption
from blockprobe.cli.process import command


@command
def whoami(format_: PlainFormatOption = "table", config: ConfigOption = None) -> int:
    """Check the line itself: resolvers, families, clock, captive portal, interception, common path."""
    from blockprobe.cli.line_check import show_line

    return show_line(config, format_)
