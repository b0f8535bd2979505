"""The network operations: DNS, TCP, TLS, HTTP, TTL-limited packets; each returns an observation.

Duty: do one operation, note times, bytes and failures, never raise for what the network did.
Must not be in here: repetition, comparison, counterfactuals (they are `measure`) and conclusions (`verdict`). Sockets
are opened by `dial` alone, the time is taken from `clock` alone, exceptions become words in `classify` alone.
"""
