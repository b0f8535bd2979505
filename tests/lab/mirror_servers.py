"""nginx and unbound of the mirrors' world, as text: one server a candidate, each at an address of its own."""

from pathlib import Path

from .web_servers import _HEAD

MAIN = "site.example"
RESOLVER, LIAR = "127.1.0.53", "127.1.0.54"
"""The second one is a line's, which has the site blocked."""
PROXY = ("127.1.0.3", "3128")
APP = ("127.1.0.2", "8000")
OWN_HOSTS = ("samekey.example", "sancert.example", "listed.example", "unproven.example")
"""The operator's own mirrors, whose names the site knows."""
CLONES = ("wget", "wget-times", "httrack", "httrack-times")
HOSTS = (
    MAIN,
    *OWN_HOSTS,
    "plain.example",
    "rewrite.example",
    "cache.example",
    "clean.example",
    "inject.example",
    "wget.example",
    "wget-times.example",
    "httrack.example",
    "httrack-times.example",
    "frozen.example",
    "one-page.example",
    "echo-kit.example",
    "parked.example",
    "parked-brand.example",
    "lure.example",
    "block.example",
    "moved.example",
    "back.example",
    "inward.example",
    "forged.example",
    "webproxy.example",
)
ADDRESSES = {name: f"127.1.0.{number}" for number, name in enumerate(HOSTS, 10)}
_LURE = (
    "<title>Lantern Harbour - sign in</title><h1>Lantern Harbour</h1><p>Your session has ended.</p>"
    "<form method=post action=/in><input name=mail><input type=password name=secret><button>Sign in</button></form>"
)
_BLOCK = (
    "<title>Access denied</title><h1>This site is blocked</h1><p>Access to this website has been blocked by order of "
    "the High Court.</p>"
)


def write_unbound(folder: Path, address: str, lies: dict[str, str]) -> Path:
    """A resolver that knows these names, everything below the parked one, and nothing else; `lies` come first."""
    data = "".join(f'local-data: "{name}. A {at}"\n' for name, at in (ADDRESSES | lies).items())
    path = folder / f"unbound-{address}.conf"
    path.write_text(
        f'server:\ninterface: {address}\naccess-control: 127.0.0.0/8 allow\ndo-daemonize: no\nusername: ""\n'
        f'chroot: ""\npidfile: ""\nuse-syslog: no\ndirectory: "{folder}"\nmodule-config: "iterator"\n'
        f'local-zone: "parked.example." redirect\nlocal-zone: "." static\n{data}'
        "remote-control:\ncontrol-enable: no\n"
    )
    return path


def write_tinyproxy(folder: Path) -> Path:
    """A proxy elsewhere, from where the site is open."""
    path = folder / "tinyproxy.conf"
    path.write_text(f"Port {PROXY[1]}\nListen {PROXY[0]}\nConnectPort 443\nLogLevel Warning\n")
    return path


def write_nginx(folder: Path) -> Path:
    """All servers in one nginx; each is the only one at its address, so it answers to every name."""
    up = f"http://{APP[0]}:{APP[1]}"
    own = f"proxy_pass {up}; proxy_set_header Host $host;"
    relay = f'proxy_pass {up}; proxy_set_header Host {MAIN}; proxy_set_header Accept-Encoding "";'
    swap = "sub_filter_once off; sub_filter 'https://site.example' 'https://$server_name';"
    all_of_it = "sub_filter_once off; sub_filter 'site.example' '$server_name';"
    injected = (
        "sub_filter 'UA-1234567-1' 'UA-7654321-9'; sub_filter '</body>' '<script "
        'src="https://cdn.push-ads.example/a.js"></script><script src="https://stats.popper.example/b.js"></script></body>\';'
    )
    echo = f"sub_filter_once off; sub_filter '/some-place-nobody-knows' '$request_uri'; root {folder}/saved;"
    bodies = {
        MAIN: f"location / {{ {own} }}",
        **{host: f"location / {{ {own} }}" for host in OWN_HOSTS},
        "plain.example": f"location / {{ {relay} }}",
        "forged.example": f"location / {{ {relay} }}",
        "rewrite.example": f"location / {{ {relay} {swap} }}",
        "cache.example": f"location / {{ {relay} {swap} proxy_cache relay; proxy_cache_valid 200 404 10m; }}",
        "clean.example": f"location / {{ {relay} {all_of_it} }}",
        "inject.example": f"location / {{ {relay} {all_of_it} {injected} }}",
        **{f"{clone}.example": f"root {folder}/{clone}/{MAIN}; index index.html;" for clone in CLONES},
        "frozen.example": f"root {folder}/saved; index front.html; error_page 404 /lost.html;",
        "one-page.example": f"root {folder}/saved; location / {{ try_files /front.html =404; }}",
        "echo-kit.example": f"{echo} location = / {{ try_files /front.html =404; }} "
        "location / { try_files /lost.html =404; }",
        "parked.example": "return 200 '<h1>$host</h1><p>Find more about $request_uri and $host here</p>';",
        "parked-brand.example": "return 200 '<title>Lantern Harbour $request_uri</title><p>Lantern Harbour: all about "
        "$request_uri and boats</p>';",
        "lure.example": f"return 200 '{_LURE}';",
        "block.example": f"return 200 '{_BLOCK}';",
        "moved.example": "return 302 https://wget.example/;",
        "inward.example": "return 302 http://10.0.0.1/router;",
        "back.example": f"return 301 https://{MAIN}/;",
    }
    text = [_HEAD.format(folder=folder, workers=1).replace("access_log off;", "")]
    text.append(f"log_format who '$server_name $request_method $http_user_agent';\naccess_log {folder}/asked who;\n")
    text.append("types { text/html html; text/css css; }\n")
    text.append(f"proxy_cache_path {folder}/cache keys_zone=relay:1m;\n")
    for host, body in bodies.items():
        key = folder / f"{host}.pem"
        listen = f"listen {ADDRESSES[host]}:443 ssl; listen {ADDRESSES[host]}:80;"
        text.append(
            f"server {{ {listen} server_name {host}; ssl_certificate {key}; ssl_certificate_key {key};\n{body}\n}}\n"
        )
    path = folder / "nginx.conf"
    path.write_text("".join(text) + "}\n")
    return path
