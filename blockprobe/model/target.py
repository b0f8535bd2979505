"""What a user may type, made into a target: a domain, a URL, an IP address, each with or without a port.

Names become what goes over the wire: lower case, without a trailing dot, in punycode as a browser maps them
(UTS #46, non-transitional). Everything unusable is refused with one line saying what and what to write instead.
"""

import ipaddress
import re
from dataclasses import replace
from urllib.parse import quote

from blockprobe.model.errors import TargetError
from blockprobe.model.record import Target

#: Longer input is refused unread (characters); browsers and servers stop at about as much.
MAX_TARGET_CHARS = 8192

_SCHEME_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_PATH_SAFE = "!$%&'()*+,;=:@/?~[]|^"


def parse_target(text: str) -> Target:
    """The target that `text` names; raises TargetError with one clear line.

    A name or address alone is `bare`: https and http are both measured. With port 80 or 443 the scheme is known; with
    another port it is not, so that is bare too.
    """
    typed = text.strip()
    _check_characters(typed)
    if "://" in typed:
        return _parse_url(typed)
    rest = typed.removesuffix("/")
    if "/" in rest or "?" in rest or "#" in rest:
        raise TargetError(f"{shown(typed)}: a path needs a scheme; write https://{shown(typed, quotes=False)}")
    host, port = _split_authority(typed, rest)
    if port == 80:
        return Target(input=typed, url=f"http://{_bracketed(host)}/", host=host, port=port)
    return Target(input=typed, url=_url("https", host, port, "/"), host=host, bare=port != 443, port=port)


def with_overrides(
    target: Target, *, ip: str | None = None, sni: str | None = None, header_host: str | None = None
) -> Target:
    """The same target measured at another address, under another TLS name or Host; raises TargetError."""
    return replace(
        target,
        ip=None if ip is None else _address(ip),
        sni=None if sni is None else _host(sni, sni.strip().lower()),
        header_host=None if header_host is None else _host_header(header_host),
    )


def shown(text: str, *, quotes: bool = True) -> str:
    """`text` for an error message: at most 80 characters, nothing that a terminal would obey."""
    short = text if len(text) <= 80 else text[:77] + "..."
    safe = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in short)
    return f"'{safe}'" if quotes else safe


def _check_characters(typed: str) -> None:
    if not typed:
        raise TargetError("empty target: give a domain, a URL or an IP address")
    if len(typed) > MAX_TARGET_CHARS:
        raise TargetError(f"{shown(typed)}: {len(typed)} characters are too long; give at most {MAX_TARGET_CHARS}")
    if any(c.isspace() for c in typed):
        raise TargetError(f"{shown(typed)}: contains white space; give one target a line or argument")
    if any(ord(c) < 0x20 or ord(c) == 0x7F or 0xD800 <= ord(c) <= 0xDFFF for c in typed):
        raise TargetError(f"{shown(typed)}: contains control characters or bytes that are no UTF-8; remove them")


def _parse_url(typed: str) -> Target:
    scheme, _, rest = typed.partition("://")
    scheme = scheme.lower()
    if scheme not in _SCHEME_PORTS:
        raise TargetError(f"{shown(typed)}: {shown(scheme)} cannot be measured; give an http:// or https:// URL")
    authority, path = _split_path(rest)
    host, port = _split_authority(typed, authority)
    return Target(input=typed, url=_url(scheme, host, port, path), host=host, port=port)


def _split_path(rest: str) -> tuple[str, str]:
    """Authority and path with query; the fragment never leaves the browser, so it is dropped (RFC 3986, 3.5)."""
    rest = rest.partition("#")[0]
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    path = quote(rest[cut:], safe=_PATH_SAFE)
    return rest[:cut], path if path.startswith("/") else "/" + path


def _split_authority(typed: str, authority: str) -> tuple[str, int | None]:
    """Host and explicit port."""
    if "@" in authority:
        bare = shown(authority.rpartition("@")[2])  # what stands before it may be a secret
        raise TargetError(f"{bare}: user names and passwords are never sent; remove the part up to '@'")
    if authority.startswith("["):
        literal, bracket, after = authority[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise TargetError(f"{shown(typed)}: brackets hold an IPv6 address, as in [2001:db8::1]:443")
        return _ipv6(typed, literal), _port(typed, after[1:]) if after else None
    if authority.count(":") > 1:
        return _ipv6(typed, authority), None
    host, colon, port = authority.partition(":")
    return _host(typed, host), _port(typed, port) if colon else None


def _ipv6(typed: str, literal: str) -> str:
    try:
        address = ipaddress.IPv6Address(literal)
    except ValueError:
        raise TargetError(f"{shown(typed)}: {shown(literal)} is no IPv6 address; write [2001:db8::1]:443") from None
    if address.scope_id is not None:
        raise TargetError(f"{shown(typed)}: an address with a zone ({shown(literal)}) is no public site; remove it")
    return str(address)


def _port(typed: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise TargetError(f"{shown(typed)}: port {shown(text)} is no number from 1 to 65535")
    return int(text)


def _host(typed: str, text: str) -> str:
    """A host name in punycode or an IPv4 address."""
    name = _mapped(typed, text.lower()).removesuffix(".")
    labels = name.split(".")
    if not name or not all(labels):
        raise TargetError(f"{shown(typed)}: the host name is empty or has an empty label; remove the extra dot")
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        return _ipv4(typed, name)
    if len(name) > 253:
        raise TargetError(f"{shown(typed)}: a name of {len(name)} characters; at most 253 are possible (RFC 1035)")
    for label in labels:
        _check_label(typed, label)
    if len(labels) == 1:
        raise TargetError(f"{shown(typed)}: a single label is no public name; write it with its domain, as a.example")
    return name


def _check_label(typed: str, label: str) -> None:
    if len(label) > 63:
        raise TargetError(f"{shown(typed)}: a label of {len(label)} characters; at most 63 are possible (RFC 1035)")
    if not _LABEL.fullmatch(label):
        raise TargetError(f"{shown(typed)}: {shown(label)} is no part of a host name; use letters, digits and inner -")


def _ipv4(typed: str, text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise TargetError(f"{shown(typed)}: {shown(text)} is no IPv4 address; write four numbers up to 255") from None


def _mapped(typed: str, name: str) -> str:
    """Punycode as browsers make it; ASCII names are left as they are, underscores included."""
    if name.isascii():
        return name
    import idna  # its tables cost 5 ms, and most names are ASCII

    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        labels = [part if part.isascii() else "xn--" + part.encode("punycode").decode() for part in mapped.split(".")]
    except UnicodeError as error:  # IDNAError is one
        raise TargetError(f"{shown(typed)}: no valid international name ({shown(str(error), quotes=False)})") from None
    return ".".join(labels)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip().removeprefix("[").removesuffix("]")))
    except ValueError:
        raise TargetError(f"{shown(text)}: no IP address; give one like 203.0.113.5 or 2001:db8::1") from None


def _host_header(text: str) -> str:
    host, port = _split_authority(text, text.strip())
    return _bracketed(host) if port is None else f"{_bracketed(host)}:{port}"


def _url(scheme: str, host: str, port: int | None, path: str) -> str:
    explicit = "" if port is None or port == _SCHEME_PORTS[scheme] else f":{port}"
    return f"{scheme}://{_bracketed(host)}{explicit}{path}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
