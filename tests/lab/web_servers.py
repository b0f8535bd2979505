"""nginx configurations: the sites of the world, and the ISP's block pages, filters and transparent proxy."""

from pathlib import Path

from . import plan
from .kinds import BLOCK_BODY
from .pki import Pki
from .rules import ORDER_TEXT
from .sites import SITES, Certificate, Front, Site, page

PROXY_MODES = ("page200", "page451", "redir302")
_HEAD = """daemon off;
user root;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
access_log off;
default_type text/html;
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
ssl_protocols TLSv1.2 TLSv1.3;
server_names_hash_bucket_size 128;
server_names_hash_max_size 2048;
"""


def _front(site: Site) -> str:
    """The locations of a site, all of which nginx answers by itself."""
    everybody = f"location / {{ return 200 '{page(site.name)}'; }}\n"
    for_probe = "if ($is_probe) {{ return {}; }}\n".format
    match site.front:
        case Front.CAPTCHA_PROBE:
            return for_probe(f"503 '{_CAPTCHA}'") + everybody
        case Front.FORBIDDEN_PROBE:
            return for_probe("403 '<html><title>Forbidden</title>Your address is not welcome here.</html>'") + everybody
        case Front.LEGAL_PROBE:
            return for_probe(f"451 '{_LEGAL}'") + everybody
        case Front.LEGAL_ALL:
            return f"location / {{ return 451 '{_LEGAL}'; }}\n"
        case Front.REGION_PROBE:
            region = f"location /region/ {{ return 200 '{page('region of ' + site.name)}'; }}\n"
            return "location = / {\n" + for_probe("302 /region/") + f"return 200 '{page(site.name)}'; }}\n" + region
        case Front.BROKEN_REDIRECT_PROBE:
            broken = "absolute_redirect off;\n" + for_probe("302 $scheme://")
            return broken + "location / { return 302 $scheme://n1.example/; }\n"
        case Front.SHORTENER:
            return r"location ~ ^/(https|http)/([a-z0-9.-]+)$ { return 308 $1://$2/; }" + "\n" + everybody
        case Front.LOOP:
            steps = (f"location = /redirect/{n} {{ return 302 /redirect/{n - 1}; }}\n" for n in range(1, 16))
            return "absolute_redirect off;\n" + "".join(steps) + everybody
        case Front.HTTPS_ONLY:
            return "if ($scheme = http) { return 301 https://$host$request_uri; }\n" + everybody
        case Front.LARGE:
            return "location / { default_type application/octet-stream; try_files /large.bin =404; }\n"
        case Front.PLAIN:
            return everybody


_CAPTCHA = "<html><title>Just a moment...</title><body>Prove that you are human: <form>captcha</form></body></html>"
_LEGAL = "<html><title>Unavailable for legal reasons</title><body>Removed at the request of a court.</body></html>"


def write_world(folder: Path, pki: Pki) -> Path:
    """Every site on every address of the world; an unknown name gets a TLS alert, as at a CDN."""
    folder.mkdir()
    with (folder / "large.bin").open("wb") as large:
        large.truncate(32 << 20)
    probe = "".join(f"{net} 1;" for net in plan.PROBE_NETS)
    text = [
        _HEAD.format(folder=folder, workers=2),
        f"root {folder};\ngeo $is_probe {{ default 0; {probe} }}\n",
        "server { listen 80 default_server; listen [::]:80 default_server; return 404; }\n",
        "server { listen 443 ssl http2 default_server; listen [::]:443 ssl http2 default_server; "
        "ssl_reject_handshake on; }\n",
    ]
    for site in SITES.values():
        listen = "listen 80; listen [::]:80; "
        if site.certificate is not Certificate.NONE:
            path = pki.path(site.name)
            listen += "listen 443 ssl http2; listen [::]:443 ssl http2; "
            listen += f"ssl_certificate {path}; ssl_certificate_key {path}; "
        text.append(f"server {{ {listen}server_name {' '.join(site.names)};\n{_front(site)}}}\n")
    config = folder / "nginx.conf"
    config.write_text("".join(text) + "}\n")
    return config


def _isp_server(address: str, port: int, what: str, pki_path: Path | None = None) -> str:
    v6 = f"[{plan.ISP_SERVICES_V6}{address.rpartition('.')[2]}]"
    tls = " ssl" if pki_path else ""
    certificate = f"ssl_certificate {pki_path}; ssl_certificate_key {pki_path}; " if pki_path else ""
    return f"server {{ listen {address}:{port}{tls}; listen {v6}:{port}{tls}; {certificate}{what} }}\n"


def write_isp(folder: Path, pki: Pki) -> Path:
    """Block page, 451, redirect, portal, forged TLS, and the proxy, whose lists are files named after hosts."""
    folder.mkdir()
    for mode in PROXY_MODES:
        (folder / mode).mkdir()
    block = f"location / {{ return 200 '{BLOCK_BODY}'; }}"
    link = f"""add_header Link '<https://{plan.BLOCK_NAME}/order>; rel="blocked-by"' always;"""
    legal = f"{link} location / {{ return 451 '<html><title>451</title>Blocked by {ORDER_TEXT}.</html>'; }}"
    portal = f"""if ($host != {plan.PORTAL_NAME}) {{ return 302 http://{plan.PORTAL_NAME}/login; }}
location / {{ return 200 '<html><title>Log in</title><form action=/login>Accept our terms</form></html>'; }}"""
    modes = (
        f"if (-f {folder}/page200/$host) {{ return 200 '{BLOCK_BODY}'; }}\n"
        f"if (-f {folder}/page451/$host) {{ return 451; }}\n"
        f"if (-f {folder}/redir302/$host) {{ return 302 http://{plan.BLOCK_NAME}/; }}\n"
    )
    forward = "proxy_set_header Host $http_host; proxy_set_header Via '1.1 proxy.isp'; add_header Via '1.1 proxy.isp';"
    text = [
        _HEAD.format(folder=folder, workers=1),
        _isp_server(plan.BLOCK_PAGE, 80, block),
        _isp_server(plan.BLOCK_PAGE, 443, block, pki.path("isp")),
        _isp_server(plan.LEGAL_PAGE, 80, legal),
        _isp_server(plan.REDIRECTOR, 80, f"return 302 http://{plan.BLOCK_NAME}/;"),
        _isp_server(plan.PORTAL, 80, portal),
        _isp_server(plan.MITM_FORGED, 443, block, pki.path("forged")),
        _isp_server(plan.MITM_NAME, 443, block, pki.path("isp")),
        f"server {{ listen 0.0.0.0:8080; {modes}{link} location / {{ {forward} "
        "proxy_pass http://$server_addr:80$request_uri; } }\n",
        f"server {{ listen [::]:8080 ipv6only=on; {modes}{link} location / {{ {forward} "
        "proxy_pass http://[$server_addr]:80$request_uri; } }\n",
    ]
    config = folder / "nginx.conf"
    config.write_text("".join(text) + "}\n")
    return config
