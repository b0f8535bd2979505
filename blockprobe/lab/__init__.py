"""A simulated ISP on this machine: namespaces, servers and censors for the demonstration and the tests.

Duty: be a network in which the truth is known (`docs/laboratory.md`); scenarios are data in `scenarios`.
Must not be in here: verdicts, and exceptions made for the laboratory's sake elsewhere; what measures must not be able
to tell it from a real network. No packet may have a way out. Needs the extra `[demo]`, so nothing below imports it.
"""
