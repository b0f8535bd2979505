"""Duty: what a probe shows Prometheus: one literal table of metrics, and how a snapshot of the agent becomes text.

Must not be in here: measuring, judging, files of the store, and any metric that claims what a probe cannot see
(visitors, users, how many people circumvent).
"""
