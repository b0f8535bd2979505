"""Frozen records and closed vocabularies: what is stored, sent and judged.

Duty: the words every other folder uses, and their form as JSON (`codec`).
Must not be in here: sockets, clocks, files, HTTP, or any conclusion drawn from a record; conclusions live in
`blockprobe.verdict`. A type enters only when two other folders need it.
"""
