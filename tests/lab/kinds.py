"""Every kind of interference that the laboratory can do, each one small function that adds to a draft."""

from collections.abc import Callable, Iterable

from . import plan
from .rules import ISP_V4, ISP_V6, ORDER_TEXT, Draft, Rule, lua_lie

Kind = Callable[[Rule, Draft], None]
KINDS: dict[str, Kind] = {}


def _kind(name: str) -> Callable[[Kind], Kind]:
    def register(function: Kind) -> Kind:
        KINDS[name] = function
        return function

    return register


def draft(rules: Iterable[Rule]) -> Draft:
    """The configuration that a set of rules amounts to."""
    made = Draft()
    for rule in rules:
        KINDS[rule.kind](rule, made)
    return made


def _rpz(action: Callable[[Rule], str]) -> Kind:
    def add(rule: Rule, made: Draft) -> None:
        zone = {16: "court", 17: "malware", None: "plain"}[rule.option("ede", 16)]  # type: ignore[index]
        for line in action(rule).splitlines():
            made.rpz[zone] += [f"{rule.site} {line}", f"*.{rule.site} {line}"]
        made.lua.append(lua_lie(rule))

    return add


def _garden(rule: Rule) -> str:
    lines = [f"A {rule.option('address', plan.BLOCK_PAGE)}"]
    v6 = rule.option("address6")
    return "\n".join([*lines, f"AAAA {v6}"] if v6 else lines)


KINDS["dns-nxdomain"] = _rpz(lambda rule: "CNAME .")
KINDS["dns-nodata"] = _rpz(lambda rule: "CNAME *.")
KINDS["dns-drop"] = _rpz(lambda rule: "CNAME rpz-drop.")
KINDS["dns-tcponly"] = _rpz(lambda rule: "CNAME rpz-tcp-only.")
KINDS["dns-garden"] = _rpz(_garden)
KINDS["dns-loopback"] = _rpz(lambda rule: "A 127.0.0.1")


def _rcode(name: str, ede: int) -> Kind:
    def add(rule: Rule, made: Draft) -> None:
        code = rule.option("ede", ede)
        error = f'ede={code},text="{ORDER_TEXT}",' if code is not None else ""
        made.lua.append(lua_lie(rule, f"rcode=pdns.{name},{error}"))

    return add


KINDS["dns-refused"] = _rcode("REFUSED", 15)
KINDS["dns-servfail"] = _rcode("SERVFAIL", 17)


@_kind("dns-https")
def _dns_https(rule: Rule, made: Draft) -> None:
    """The resolver's own HTTPS record for the name: option `record`, or none at all."""
    record = rule.option("record")
    made.lua.append(f'https["{rule.site}."] = {{{f"[[{record}]]" if record else ""}}}')


@_kind("dns-inject")
def _dns_inject(rule: Rule, made: Draft) -> None:
    answers = {"v4": [plan.BLOCK_PAGE], "v6": []}
    if rule.option("address"):
        answers["v4"] = [str(rule.option("address"))]
    rcode = {"NOERROR": 0, "NXDOMAIN": 3}[str(rule.option("rcode", "NOERROR"))]
    lie = {"v4": [], "v6": []} if rcode else answers
    shape = {"share": rule.option("share", 1.0), "copies": rule.option("copies", 1)}
    made.tap.append({"do": "dns", "name": rule.site, "rcode": rcode, **lie, **shape})


@_kind("dns-intercept")
def _dns_intercept(rule: Rule, made: Draft) -> None:
    for protocol in ("udp", "tcp"):
        made.nat.append(f"iifname probe ip daddr != {ISP_V4} {protocol} dport 53 dnat ip to {plan.RESOLVER}")
        made.nat.append(f"iifname probe ip6 daddr != {ISP_V6} {protocol} dport 53 dnat ip6 to {plan.RESOLVERS[-1]}")


@_kind("dns-intercept-name")
def _dns_intercept_name(rule: Rule, made: Draft) -> None:
    assert rule.site
    wire = "".join(f"|{len(label):02x}|{label}" for label in rule.site.split(".")) + "|00|"
    match = f'-m string --algo bm --icase --hex-string "{wire}"'
    for family, target in ((4, plan.RESOLVER), (6, plan.RESOLVERS[-1])):
        made.redirect[family].append(
            f"-A PREROUTING -i probe -p udp --dport 53 {match} -j DNAT --to-destination {target}"
        )


@_kind("dot-block")
def _dot_block(rule: Rule, made: Draft) -> None:
    made.forward.append("iifname probe tcp dport 853 reject with tcp reset")


def _towards(rule: Rule, made: Draft, verdict: str, protocol: str = "") -> None:
    port = rule.option("port")
    what = f"tcp dport {port} " if port else protocol
    made.forward += [f"{match} {what}counter {verdict}" for match in rule.matches()]


@_kind("ip-drop")
def _ip_drop(rule: Rule, made: Draft) -> None:
    _towards(rule, made, "drop")


@_kind("ip-rst")
def _ip_rst(rule: Rule, made: Draft) -> None:
    _towards(rule, made, "reject with tcp reset", "meta l4proto tcp ")


@_kind("ip-icmp")
def _ip_icmp(rule: Rule, made: Draft) -> None:
    for match in rule.matches():
        family = "icmpv6" if "ip6" in match else "icmp"
        made.forward.append(f"{match} counter reject with {family} type admin-prohibited")


@_kind("quic-drop")
def _quic_drop(rule: Rule, made: Draft) -> None:
    made.forward.append("iifname probe udp dport 443 drop")


def _match(rule: Rule, made: Draft, match: str, action: str) -> None:
    """A string match on what the subscriber sends; option `at_site` narrows it to the site's own addresses."""
    made.residual |= bool(rule.option("residual"))
    for family in (4, 6):
        targets = [""]
        if rule.option("at_site"):
            targets = [f"-d {each} " for each in rule.addresses() if (":" in each) == (family == 6)]
        for target in targets:
            made.mangle[family].append(f"-A FORWARD -i probe -p tcp {target}{match} {action}")


def _action(rule: Rule) -> str:
    return f"-j CONNMARK --set-mark {'0x52' if rule.option('residual') else '0x51'}"


def _sni(rule: Rule) -> str:
    assert rule.site
    size = len(rule.site)
    head = f"|0000{size + 5:04x}{size + 3:04x}00{size:04x}|"
    return f'--dport 443 -m string --algo bm --from 40 --hex-string "{head}{rule.site}"'


def _host(rule: Rule) -> str:
    return f'--dport 80 -m string --algo bm --icase --hex-string "Host: {rule.site}|0d0a|"'


KINDS["sni-rst"] = lambda rule, made: _match(rule, made, _sni(rule), _action(rule))
KINDS["sni-drop"] = lambda rule, made: _match(rule, made, _sni(rule), "-j DROP")
KINDS["http-rst"] = lambda rule, made: _match(rule, made, _host(rule), _action(rule))
KINDS["http-drop"] = lambda rule, made: _match(rule, made, _host(rule), "-j DROP")


@_kind("sni-tap")
def _sni_tap(rule: Rule, made: Draft) -> None:
    how = str(rule.option("how", "rst"))
    joins = {"reassemble": rule.option("reassemble", True), "records": rule.option("records", False)}
    made.tap.append({"do": "tls", "name": rule.site, "how": how, **joins})


@_kind("http-tap")
def _http_tap(rule: Rule, made: Draft) -> None:
    """On path: option `how` is rst, fin, page or redirect; with `inpath` the request itself is dropped too."""
    injected = {"how": str(rule.option("how", "redirect")), "body": BLOCK_BODY}
    made.tap.append({"do": "http", "name": rule.site, "location": f"http://{plan.BLOCK_NAME}/", **injected})
    if rule.option("inpath"):
        _match(rule, made, _host(rule), "-j DROP")


def _dnat(rule: Rule, made: Draft, port: int, target: str) -> None:
    suffix = target.rpartition(".")[2]
    for match in rule.matches():
        to = f"ip6 to {plan.ISP_SERVICES_V6}{suffix}" if "ip6" in match else f"ip to {target}"
        made.nat.append(f"iifname probe {match} tcp dport {port} dnat {to}")


@_kind("tls-mitm")
def _tls_mitm(rule: Rule, made: Draft) -> None:
    forged = rule.option("mode", "forged") == "forged"
    _dnat(rule, made, 443, plan.MITM_FORGED if forged else plan.MITM_NAME)


@_kind("http-page")
def _http_page(rule: Rule, made: Draft) -> None:
    pages = {"page200": plan.BLOCK_PAGE, "page451": plan.LEGAL_PAGE, "redir302": plan.REDIRECTOR}
    _dnat(rule, made, 80, pages[str(rule.option("mode", "page200"))])


@_kind("http-proxy")
def _http_proxy(rule: Rule, made: Draft) -> None:
    """Every cleartext request goes through the ISP's proxy, at the address it was sent to; one Host gets `mode`."""
    for family, outside in (("ip", ISP_V4), ("ip6", ISP_V6)):
        what = f"iifname probe {family} daddr != {outside} tcp dport 80"
        line = f"{what} tproxy {family} to :8080 meta mark set 0x80 accept"
        if line not in made.early:
            made.early.append(line)
    if rule.site:
        made.proxy.add((str(rule.option("mode", "page200")), rule.site))


@_kind("portal")
def _portal(rule: Rule, made: Draft) -> None:
    made.nat.append(f"iifname probe ip daddr != {ISP_V4} tcp dport 80 dnat ip to {plan.PORTAL}")
    made.nat.append(f"iifname probe ip6 daddr != {ISP_V6} tcp dport 80 dnat ip6 to {plan.ISP_SERVICES_V6}186")


@_kind("throttle")
def _throttle(rule: Rule, made: Draft) -> None:
    rate = rule.option("kbytes", 64)
    for match in rule.matches():
        back = match.replace("daddr", "saddr")
        made.forward.append(f"{back} limit rate over {rate} kbytes/second burst 16 kbytes drop")


@_kind("loss")
def _loss(rule: Rule, made: Draft) -> None:
    """On the subscriber's own line, each way, so no censor sees what is lost. Its sender is not told: a packet goes to
    a queue at which nobody waits, for DROP would be an error of its own system call."""
    chance = f"-m statistic --mode random --probability {int(str(rule.option('permille', 100))) / 1000}"
    for hook, end in (("POSTROUTING -o isp1", "NFQUEUE --queue-num 9"), ("PREROUTING -i isp1", "DROP")):
        made.line += [f"-A {hook}", f"-A {hook} {chance} -j {end}"]  # the first only counts


@_kind("mtu")
def _mtu(rule: Rule, made: Draft) -> None:
    """A path-MTU black hole: packets of more than `bytes` bytes are lost on the way, and no ICMP says so.

    Option `ways` is both, to or from (the site). Nobody means harm by it; where it is cannot be told from afar.
    """
    ways = {"to": ("daddr",), "from": ("saddr",), "both": ("daddr", "saddr")}[str(rule.option("ways", "both"))]
    size = rule.option("bytes", 1280)
    for match in rule.matches():
        made.forward += [f"{match.replace('daddr', way)} meta length > {size} drop" for way in ways]


@_kind("origin-drop")
def _origin_drop(rule: Rule, made: Draft) -> None:
    """Not the ISP: the site's own firewall is silent for the probe's networks."""
    for match in rule.matches():
        net = plan.PROBE_NETS["ip6" in match]
        made.origin.append(f"{match} {'ip6' if 'ip6' in match else 'ip'} saddr {net} drop")


BLOCK_BODY = (
    "<!doctype html><html><head><title>Access Denied</title></head><body><h1>Access Denied</h1>"
    f"<p>This site is blocked by {ORDER_TEXT}.</p></body></html>"
)
