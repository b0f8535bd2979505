"""Records in other people's formats, and back: OONI's web_connectivity.

Duty: convert, and keep the probe's own addresses out of whatever is published (`scrub`).
Must not be in here: sockets, clocks, and verdicts of our own; what is converted says what the record says.
"""
