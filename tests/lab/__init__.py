"""The real-daemon laboratory: an ISP of network namespaces with BIND, PowerDNS, unbound, nginx and netfilter."""
