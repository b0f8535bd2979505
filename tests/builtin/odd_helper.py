"""A helper that speaks OONI's API and cannot be trusted: run outside the simulated ISP by test_odd_helpers.py.

argv: certificate, seconds to wait before each answer, and what it says of every site: "alive" or "dead"; with a fourth
one, so many questions are answered with status 500 first.
"""

import http.server
import itertools
import json
import ssl
import sys
import time

QUESTIONS = itertools.count()
FAULTS = int(sys.argv[4]) if len(sys.argv) > 4 else 0
ADDRESS = ("203.0.113.130", 8443)


def answer(asked: dict[str, object], says: str) -> dict[str, object]:
    """The same tale about every URL and every endpoint."""
    alive = says == "alive"
    failure = None if alive else "generic_timeout_error"
    endpoints = [str(each) for each in asked.get("tcp_connect") or ()]
    page = {"body_length": 3000, "title": "Welcome", "headers": {}, "status_code": 200, "failure": None}
    none = {"body_length": -1, "title": "", "headers": {}, "status_code": -1, "failure": failure}
    host = str(asked.get("http_request")).split("/")[2]
    return {
        "tcp_connect": {each: {"status": alive, "failure": failure} for each in endpoints},
        "tls_handshake": {
            each: {"server_name": host, "status": alive, "failure": failure}
            for each in endpoints
            if each.endswith(":443")
        },
        "quic_handshake": {},
        "http_request": page if alive else none,
        "http3_request": None,
        "dns": {"failure": None if alive else "dns_name_error", "addrs": ["100.74.10.10"] if alive else []},
        "ip_info": {},
    }


class Handler(http.server.BaseHTTPRequestHandler):
    """POST / and nothing else."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if next(QUESTIONS) < FAULTS:
            self.send_error(500)
            return
        time.sleep(float(sys.argv[2]))
        said = json.dumps(answer(json.loads(body), sys.argv[3])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(ADDRESS, Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("ready", flush=True)
    server.serve_forever()
