"""The table of techniques, by rising effort: literal and closed (docs/bypass.md says the same to people)."""

from blockprobe.measure.bypass import (
    addresses,
    ech,
    host_spelling,
    http3,
    mirror,
    proxies,
    resolvers,
    scheme,
    split,
    twin,
    vpn,
    web_proxy,
)
from blockprobe.measure.bypass.ways import Technique
from blockprobe.model.bypass import TechniqueId

TECHNIQUES: tuple[Technique, ...] = (
    # 0: nothing to install or set
    Technique(id=TechniqueId.HTTPS, effort=0, says="https:// in place of http://", ways=scheme.https_ways),
    Technique(id=TechniqueId.HTTP, effort=0, says="http:// in place of https://", ways=scheme.http_ways, counts=False),
    Technique(id=TechniqueId.WWW, effort=0, says="the same name with www. before it", ways=twin.www_ways),
    Technique(id=TechniqueId.APEX, effort=0, says="the same name without its www.", ways=twin.apex_ways),
    Technique(
        id=TechniqueId.OTHER_ADDRESS,
        effort=0,
        says="another of the site's addresses",
        ways=addresses.other_address_ways,
    ),
    Technique(id=TechniqueId.OTHER_FAMILY, effort=0, says="IPv6 alone, IPv4 alone", ways=addresses.other_family_ways),
    Technique(id=TechniqueId.HTTP3, effort=0, says="HTTP/3, over QUIC in place of TCP", ways=http3.ways),
    # 1: one setting
    Technique(id=TechniqueId.RESOLVER_UDP, effort=1, says="another resolver over UDP", ways=resolvers.udp_ways),
    Technique(id=TechniqueId.RESOLVER_TCP, effort=1, says="another resolver over TCP", ways=resolvers.tcp_ways),
    Technique(id=TechniqueId.RESOLVER_DOT, effort=1, says="DNS over TLS", ways=resolvers.dot_ways),
    Technique(id=TechniqueId.RESOLVER_DOH, effort=1, says="DNS over HTTPS", ways=resolvers.doh_ways),
    Technique(id=TechniqueId.ECH, effort=1, says="Encrypted ClientHello", ways=ech.ways),
    # 2: another address
    Technique(id=TechniqueId.MIRROR, effort=2, says="a known mirror", ways=mirror.ways),
    Technique(id=TechniqueId.WEB_PROXY, effort=2, says="a web proxy", ways=web_proxy.ways),
    # 3: a tool
    Technique(id=TechniqueId.HTTP_PROXY, effort=3, says="an HTTP proxy", ways=proxies.http_ways),
    Technique(id=TechniqueId.SOCKS5, effort=3, says="a SOCKS 5 proxy", ways=proxies.socks_ways),
    Technique(id=TechniqueId.TOR, effort=3, says="a Tor that runs", ways=proxies.tor_ways),
    Technique(id=TechniqueId.VPN, effort=3, says="a VPN that is up", ways=vpn.ways),
    Technique(
        id=TechniqueId.SPLIT_SEGMENTS,
        effort=3,
        says="the ClientHello over two TCP segments",
        ways=split.segment_ways,
    ),
    Technique(
        id=TechniqueId.SPLIT_RECORDS, effort=3, says="the ClientHello over two TLS records", ways=split.record_ways
    ),
    Technique(
        id=TechniqueId.HOST_SPELLING, effort=3, says="the Host line spelled in another way", ways=host_spelling.ways
    ),
)
