"""The sites of the world: name, addresses, certificate and what the front page does. Names end in .example."""

import random
from dataclasses import dataclass
from enum import StrEnum

from . import plan


class Certificate(StrEnum):
    """What the site shows when asked for its own name."""

    VALID = "valid"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    WRONG_NAME = "wrong_name"
    NONE = "none"  # no TLS at all: the handshake is answered with an alert


class Front(StrEnum):
    """What the site answers."""

    PLAIN = "plain"
    CAPTCHA_PROBE = "captcha_probe"  # 503 and a CAPTCHA for the probe's addresses, the page for everybody else
    FORBIDDEN_PROBE = "forbidden_probe"
    LEGAL_PROBE = "legal_probe"  # 451 for the probe's addresses
    LEGAL_ALL = "legal_all"
    REGION_PROBE = "region_probe"  # the probe is sent to /region/, which is a page of the same site
    BROKEN_REDIRECT_PROBE = "broken_redirect_probe"  # `Location: scheme://` for the probe only
    SHORTENER = "shortener"  # /https/NAME and /http/NAME redirect there (308)
    LOOP = "loop"  # /redirect/15 leads to /redirect/14 and so on
    HTTPS_ONLY = "https_only"  # http redirects to https
    LARGE = "large"  # 32 MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One name. `www.` before it is the same site."""

    name: str
    v4: tuple[str, ...] = ()
    v6: tuple[str, ...] = ()
    certificate: Certificate = Certificate.VALID
    front: Front = Front.PLAIN

    @property
    def names(self) -> tuple[str, ...]:
        return self.name, f"www.{self.name}"


def _operator(number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Addresses at operator `number` (0 to 63): a /16 and a /48 of its own."""
    return (f"100.{64 + number}.7.10",), (f"2001:db8:{0x8000 + number:x}::10",)


def _plain(number: int) -> Site:
    v4, v6 = _operator(number)
    return Site(name=f"s{number}.example", v4=v4, v6=v6)


def _neutral() -> tuple[Site, ...]:
    prefixes = ("203.0.113.21", "198.18.130.10", "198.19.1.10", "100.113.7.10", "100.114.7.10", "100.115.7.10")
    return tuple(
        Site(name=f"n{index}.example", v4=(v4,), v6=(f"2001:db8:9{index:03x}::10",))
        for index, v4 in enumerate(prefixes, start=1)
    )


def _special(index: int, name: str, front: Front = Front.PLAIN, certificate: Certificate = Certificate.VALID) -> Site:
    return Site(
        name=name,
        v4=(f"203.0.113.{60 + index}",),
        v6=(f"2001:db8:a{index:03x}::10",),
        front=front,
        certificate=certificate,
    )


NEUTRAL = _neutral()
PLAIN = tuple(_plain(number) for number in range(1, 45))
SPECIAL = (
    Site(name="shared-a.example", v4=("203.0.113.50",), v6=("2001:db8:b000::50",)),
    Site(name="shared-b.example", v4=("203.0.113.50",), v6=("2001:db8:b000::50",)),
    Site(name="v4only.example", v4=("203.0.113.51",)),
    Site(name="multi.example", v4=("203.0.113.52", "100.116.7.10"), v6=("2001:db8:b001::10", "2001:db8:b002::10")),
    Site(name="many.example", v4=("203.0.113.54", "100.117.7.10"), v6=("2001:db8:b004::10", "2001:db8:b005::10")),
    Site(name="xn--bcher-kva.example", v4=("203.0.113.53",), v6=("2001:db8:b003::10",)),
    Site(name="silent.example", v4=("203.0.113.202",), v6=("2001:db8:83::202",)),
    Site(name="silent2.example", v4=("203.0.113.203",), v6=("2001:db8:83::203",)),
    Site(name="silent3.example", v4=("203.0.113.203",), v6=("2001:db8:83::203",)),
    Site(name="loopback.example", v4=("127.0.0.1",)),
    Site(name="ech.example", v4=(plan.ECH,), v6=(plan.ECH_V6,)),  # served by ech_world.py, where that is wanted
    _special(0, "untrusted.example", certificate=Certificate.UNTRUSTED),
    _special(1, "wrongname.example", certificate=Certificate.WRONG_NAME),
    _special(2, "expired.example", certificate=Certificate.EXPIRED),
    _special(3, "plainhttp.example", certificate=Certificate.NONE),
    _special(4, "captcha.example", Front.CAPTCHA_PROBE),
    _special(5, "forbidden.example", Front.FORBIDDEN_PROBE),
    _special(6, "legal-probe.example", Front.LEGAL_PROBE),
    _special(7, "legal-all.example", Front.LEGAL_ALL),
    _special(8, "region.example", Front.REGION_PROBE),
    _special(9, "broken.example", Front.BROKEN_REDIRECT_PROBE),
    _special(10, "short.example", Front.SHORTENER),
    _special(11, "loop.example", Front.LOOP),
    _special(12, "secure.example", Front.HTTPS_ONLY),
    _special(13, "large.example", Front.LARGE),
    _special(17, "slow.example", Front.LARGE),
    *(_special(14 + index, name) for index, name in enumerate(("signed.example", "stale.example", "forged.example"))),
)
SIGNED, STALE, FORGED = (site.name for site in SPECIAL[-3:])
"""Sites in signed zones (DNSSEC): healthy; with signatures that ran out years ago; with signatures of other records."""
SITES = {site.name: site for site in (*NEUTRAL, *PLAIN, *SPECIAL)}

_WORDS = (
    *("harbour", "lantern", "meadow", "copper", "violin", "garden", "thunder", "basket", "window", "river", "marble"),
    *("orchard", "pepper", "saddle", "compass", "blanket", "feather", "candle", "anchor", "velvet", "ladder", "mirror"),
    *("pocket", "bridge", "whistle", "summer", "kettle", "button", "shadow", "engine", "castle", "needle", "pillow"),
)


def title(name: str) -> str:
    return f"Welcome to {name}"


def page(name: str) -> str:
    """A page of some 150 words that no other site has; the same at every call."""
    shuffled = random.Random(name)
    paragraphs = (" ".join(shuffled.choices(_WORDS, k=38)) for _ in range(4))
    body = "".join(f"<p>{paragraph}.</p>" for paragraph in paragraphs)
    return f"<!doctype html><html><head><title>{title(name)}</title></head><body><h1>{name}</h1>{body}</body></html>"
