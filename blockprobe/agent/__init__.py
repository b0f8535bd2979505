"""The daemon: which target is due when, one cycle after another, for months.

Duty: to wait for what is due, to put controls around it, to hand records to `store` and figures to `metrics`.
Must not be in here: an operation on the network other than through `run`, a judgement of its own, a file format.
"""
