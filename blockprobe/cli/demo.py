"""`blockprobe demo`."""

from blockprobe.cli.process import Exit, command, complain


@command
def demo() -> int:
    """Show it all on a simulated ISP on this machine: no network, no root."""
    try:
        import pyroute2  # noqa: F401 - an extra, as trustme is
        import trustme  # noqa: F401
    except ImportError as error:
        complain(f"demo: {error.name} is not installed; run: pip install 'blockprobe[demo]'")
        return Exit.USAGE
    from blockprobe.cli.render.demonstration import show_demonstration

    return show_demonstration()
