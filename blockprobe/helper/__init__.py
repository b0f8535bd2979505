"""The server outside the censor's reach: control measurements and echo endpoints (`docs/helper.md`).

Duty: answer what OONI's test-helper API asks, and ours beside it; sign what the echoes saw; be nobody's open relay.
Must not be in here: verdicts, and anything that the probe runs. Everything that arrives is hostile until checked.
"""
