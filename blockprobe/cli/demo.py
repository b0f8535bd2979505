"""`blockprobe demo`."""

from blockprobe.cli.process import Exit, command, complain


@command
def demo() -> int:
    """Show it all on a simulated ISP on this machine: no network, no root."""
    try:
        from blockprobe.lab.demo import run_demo
    except ImportError as error:
        complain(f"demo: {error.name} is not installed; run: pip install 'blockprobe[demo]'")
        return Exit.USAGE
    from blockprobe.cli.render.console import people

    return run_demo(people())
