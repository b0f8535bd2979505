"""What a rule is and how a set of rules becomes the configuration of each thing that censors.

A `Draft` collects the lines that the kinds (kinds.py) contribute; its properties are the whole files that the daemons
load. Every switch renders all of it anew, so that no rule can leave anything behind.
"""

import ipaddress
import json
from dataclasses import dataclass, field

from . import plan
from .sites import SITES

ORDER_TEXT = "court order C-12/2026"
ZONES = {"court": (16, ORDER_TEXT), "malware": (17, "filtered at the customer's wish"), "plain": (None, "")}
"""RPZ zones of the recursor by name, with the extended error (RFC 8914) each adds to its answers."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of interference, the name it is about (None: everybody) and its options."""

    kind: str
    site: str | None = None
    options: tuple[tuple[str, object], ...] = ()

    def option(self, key: str, default: object = None) -> object:
        return dict(self.options).get(key, default)

    def addresses(self) -> tuple[str, ...]:
        """The site's addresses, narrowed by the options `address`, `family` (4 or 6) and `prefix` (length)."""
        chosen = self.option("address")
        if chosen:
            found: tuple[str, ...] = (str(chosen),)
        else:
            assert self.site
            found = SITES[self.site].v4 + SITES[self.site].v6
        family = self.option("family")
        found = tuple(each for each in found if family in (None, ipaddress.ip_address(each).version))
        length = self.option("prefix")
        if length:
            return tuple(str(ipaddress.ip_network(f"{each}/{length}", strict=False)) for each in found)
        return found

    def matches(self) -> list[str]:
        """nft matches for packets towards the site, one a family."""
        lines = []
        for key, colon in (("ip daddr", False), ("ip6 daddr", True)):
            chosen = [each for each in self.addresses() if (":" in each) == colon]
            if chosen:
                lines.append(f"{key} {{ {', '.join(chosen)} }}")
        return lines


@dataclass(slots=True)
class Draft:
    """The lines of every configuration, as the kinds of rules add them."""

    delay: bool = True
    residual: bool = False
    rpz: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in ZONES})
    lua: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    nat: list[str] = field(default_factory=list)
    forward: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    mangle: dict[int, list[str]] = field(default_factory=lambda: {4: [], 6: []})
    redirect: dict[int, list[str]] = field(default_factory=lambda: {4: [], 6: []})
    tap: list[dict[str, object]] = field(default_factory=list)
    proxy: set[tuple[str, str]] = field(default_factory=set)
    origin: list[str] = field(default_factory=list)

    def rpz_zone(self, name: str) -> str:
        head = "$TTL 60\n@ IN SOA rpz.invalid. rpz.invalid. 1 3600 600 86400 60\n@ IN NS rpz.invalid.\n"
        return head + "".join(f"{line}\n" for line in self.rpz[name])

    @property
    def lua_script(self) -> str:
        return _LUA.replace("--LIES", "\n".join(self.lua))

    @property
    def nft(self) -> str:
        marked, sets = (_PUNISHING, _PUNISHED) if self.residual else (_RESETTING, "")
        chains = (
            ("early", "type filter hook prerouting priority -140;", self.early),
            ("nat", "type nat hook prerouting priority dstnat;", self.nat),
            ("passing", "type filter hook forward priority 0;", [*marked, *self.forward]),
        )
        return _table("lab", chains, sets=sets)

    @property
    def origin_nft(self) -> str:
        return _table("origin", (("incoming", "type filter hook input priority 0;", self.origin),))

    def xtables(self, family: int) -> str:
        queue = ["-A PREROUTING -i probe -j NFQUEUE --queue-num 1 --queue-bypass"] if self.delay else []
        mangle = ["*mangle", *self.mangle[family], *queue, "COMMIT"]
        return "\n".join([*mangle, "*nat", *self.redirect[family], "COMMIT", ""])

    @property
    def line_xtables(self) -> str:
        """For the subscriber's side of the line, of either family."""
        return "\n".join(["*mangle", *self.line, "COMMIT", ""])  # `real.losses` reads its counters

    @property
    def tap_order(self) -> str:
        return json.dumps(self.tap)


def _table(name: str, chains: tuple[tuple[str, str, list[str]], ...], sets: str = "") -> str:
    body = "\n".join(f"chain {chain} {{ {hook}\n" + "\n".join(lines) + "\n}" for chain, hook, lines in chains)
    return f"table inet {name} {{}}\ndelete table inet {name}\ntable inet {name} {{\n{sets}\n{body}\n}}\n"


# Marks that the string matches of the mangle table put on a connection: 0x51 reset it, 0x52 reset it and punish the
# triple (subscriber, address, port) for a minute.
_RESETTING = ["ct mark { 0x51, 0x52 } meta l4proto tcp reject with tcp reset"]
_PUNISHING = [
    "ct mark 0x52 add @punished4 { ip saddr . ip daddr . tcp dport }",
    "ct mark 0x52 add @punished6 { ip6 saddr . ip6 daddr . tcp dport }",
    *_RESETTING,
    "ip saddr . ip daddr . tcp dport @punished4 drop",
    "ip6 saddr . ip6 daddr . tcp dport @punished6 drop",
]
_PUNISHED = """
set punished4 { type ipv4_addr . ipv4_addr . inet_service; flags dynamic,timeout; timeout 60s; }
set punished6 { type ipv6_addr . ipv6_addr . inet_service; flags dynamic,timeout; timeout 60s; }
"""

# `lies` maps a name to {rcode, ede, text} or {} (a lie told by RPZ), with the resolvers that tell it and how often;
# `https` a name to what is told in place of its HTTPS records (type 65).
_LUA = """
lies = {}
https = {}
--LIES
local function find(dq)
  for name, lie in pairs(lies) do
    if dq.qname:isPartOf(newDN(name)) then return lie end
  end
end
local function tells(lie, dq)
  if lie.resolvers and not lie.resolvers[dq.localaddr:toString()] then return false end
  return math.random() < (lie.share or 1)
end
function prerpz(dq)
  local lie = find(dq)
  if lie and not lie.rcode and not tells(lie, dq) then
    for _, name in ipairs({"court", "malware", "plain"}) do dq:discardPolicy(name) end
  end
  return false
end
function preresolve(dq)
  local told = https[dq.qname:toString()]
  if told and dq.qtype == 65 then
    for _, content in ipairs(told) do dq:addAnswer(65, content) end
    dq.rcode = 0
    return true
  end
  local lie = find(dq)
  if not (lie and lie.rcode and tells(lie, dq)) then return false end
  dq.rcode = lie.rcode
  if lie.ede then
    dq.extendedErrorCode = lie.ede
    dq.extendedErrorExtra = lie.text
  end
  return true
end
"""


def lua_lie(rule: Rule, fields: str = "") -> str:
    """One entry of `lies`."""
    resolvers = rule.option("resolvers")
    if resolvers is not None:
        assert isinstance(resolvers, tuple)
        fields += "resolvers={" + ",".join(f'["{each}"]=true' for each in resolvers) + "},"
    return f'lies["{rule.site}."] = {{{fields}share={rule.option("share", 1)}}}'


ISP_V4 = "198.51.100.128/25"
ISP_V6 = f"{plan.ISP_SERVICES_V6}/64"
