"""Tests of blockprobe/catalogue."""
