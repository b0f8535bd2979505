"""The network interfaces of this machine, as far as an operator names one."""

import socket


def has_interface(name: str) -> bool:
    """Whether there is one of the name."""
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True
