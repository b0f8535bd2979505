"""A site of the world that makes its pages anew for every request: argv is address, port, its own hosts.

Links carry the host it was asked under, if that is one of its own; a new item appears every second.
"""

import html
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MAIN, *OTHERS = sys.argv[3:]
LISTED = f"# mirrors of {MAIN}\nhttps://listed.example/\nhttps://elsewhere.example\n"
CSS = "body{background:#123} .harbour-shelf{margin:0 1em} .lantern{color:#fed}\n" * 20
SUBJECTS = ["harbour", "lantern", "quarry", "meadow", "orchard", "viaduct", "glacier", "cobalt", "saffron", "thistle"]
MOODS = ["silent", "copper", "drifting", "hollow", "winter", "amber", "crooked", "gilded", "restless", "northern"]


def items(now: datetime) -> str:
    """Twenty items, one a second, the newest first."""
    rows = []
    for age in range(20):
        at = now - timedelta(seconds=age)
        n = int(at.timestamp())
        name = f"{MOODS[n % 10]} {SUBJECTS[n // 10 % 10]} of {SUBJECTS[n // 100 % 10]}"
        when = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append(f'<li><a href="/item/{n}">{name}</a> <time datetime="{when}">{when}</time></li>')
    return "\n".join(rows)


def shell(host: str, title: str, middle: str) -> str:
    """What every page of the site has around it."""
    top = f"https://{host}"
    return f"""<!doctype html><html><head><title>{title} - Lantern Harbour</title><meta charset=utf-8>
<meta property="og:site_name" content="Lantern Harbour"><link rel="canonical" href="{top}/">
<link rel="stylesheet" href="/static/harbour.css"></head><body class="harbour-shelf">
<h1>Lantern Harbour</h1><nav><a href="{top}/newest">Newest arrivals</a> <a href="{top}/quays">All the quays</a>
<a href="{top}/keepers">Keepers of the light</a> <a href="{top}/rules">House rules</a></nav>
<form action="/search" method="get"><input type="search" name="q" placeholder="Search the harbour shelves"></form>
{middle}
<p>Every night a keeper walks the long wall and writes into the ledger which boats came home, what they carried and who
was waiting for them on the third quay beside the weighing house.</p>
<p>Our shelves are kept by volunteers from four villages; nothing here is sold, and borrowed charts must be returned
before the equinox storms close the northern passage.</p>
<footer>&copy; Lantern Harbour, <a href="mailto:keeper@{MAIN}">write to the keeper</a></footer>
<script>var harbour = {{"api": "{top.replace("/", chr(92) + "/")}\\/api\\/v2", "counter": "UA-1234567-1"}};</script>
</body></html>
"""


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = (self.headers.get("Host") or "").partition(":")[0]
        host = asked if asked in OTHERS else MAIN
        status, kind, text = 200, "text/html; charset=utf-8", ""
        if parts.path == "/":
            text = shell(host, "Boats that came home", f"<ul>{items(datetime.now(UTC))}</ul>")
        elif parts.path == "/search":
            word = html.escape(parse_qs(parts.query).get("q", [""])[0])
            text = shell(
                host, "Looking through the shelves", f"<p>No chart and no ledger page mentions {word} yet.</p>"
            )
        elif parts.path == "/static/harbour.css":
            kind, text = "text/css", CSS
        elif parts.path == "/mirrors.txt":
            kind, text = "text/plain", LISTED
        else:
            status = 404
            lost = f"<p>The keeper has never heard of a place called {html.escape(self.path)} along this coast.</p>"
            text = shell(host, "Lost at sea", lost)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Keeper", "lighthouse/2")
        if kind == "text/css":
            self.send_header("Last-Modified", "Sun, 01 Nov 2026 08:00:00 GMT")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Site).serve_forever()
