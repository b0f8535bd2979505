"""`blockprobe-raw`: a short-lived process of its own that sees the packets of one trace's own flows (docs/trace.md).

Duty: open one packet socket, give up every privilege, tell as JSON lines what came for the flows it was told of, end.
Must not be in here: anything else that needs packets or privileges, any conclusion, and any import of the rest of
blockprobe; it is the only folder that may import scapy, which nothing that runs for long may load.
"""
