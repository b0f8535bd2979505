"""Duty: the four dashboards as Python, from which `python -m dashboards.src.build` writes `dashboards/*.json`.

Must not be in here: imports from blockprobe (a dashboard knows metric names, docs/metrics.md, and nothing else), alerts
and recording rules (dashboards/rules), anything that a probe needs: the SDK is a development dependency.
"""
