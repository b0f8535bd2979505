"""Look, compare, change one thing: the order of work of one measurement (docs/method.md).

Duty: decide what to observe next and write every observation down. `site` is the whole of it; read that first.
Must not be in here: sockets (they are `net`) and conclusions (`verdict`, whose pure functions are asked what is still
unproven).
"""
