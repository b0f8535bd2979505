"""Which hop interferes: packets with rising hop limits, listed beside neutral (docs/trace.md).

Duty: choose addresses and names, send the packets in a polite and bounded order, keep what came. `site` is the whole
of it; read that first.
Must not be in here: sockets (they are `net`), what the tries mean (`verdict/trace.py`), packets read from the wire
(the process `blockprobe-raw` does that; `sight` speaks to it).
"""
