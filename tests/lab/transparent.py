"""Starts nginx with two listening sockets that take connections meant for any address (IP_TRANSPARENT).

nginx cannot ask for that itself, but it takes over sockets named in the variable NGINX; then `$server_addr` is the
address the subscriber wanted, and the proxy goes on to exactly there. Run as `transparent.py PORT nginx ...`.
"""

import os
import socket
import sys

_IP_TRANSPARENT, _IPV6_TRANSPARENT = 19, 75


def main() -> None:
    port = int(sys.argv[1])
    v4 = socket.socket(socket.AF_INET)
    v4.setsockopt(socket.SOL_IP, _IP_TRANSPARENT, 1)
    v6 = socket.socket(socket.AF_INET6)
    v6.setsockopt(socket.IPPROTO_IPV6, _IPV6_TRANSPARENT, 1)
    v6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    for each, host in ((v4, "0.0.0.0"), (v6, "::")):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind((host, port))
        each.listen(511)
        os.set_inheritable(each.fileno(), True)
    os.environ["NGINX"] = f"{v4.fileno()};{v6.fileno()};"
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
