"""The commands: one module each, which says what can be typed and hands over.

Duty: arguments, exit statuses, and what people see (`render`).
Must not be in here: measuring and judging. Nothing heavy is imported before a command runs: `blockprobe --help` costs
little more than typer itself (`bench/help_speed.py`).
"""
