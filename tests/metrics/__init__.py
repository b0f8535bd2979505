"""Tests of blockprobe.metrics; build.py makes snapshots by hand."""
