"""Duty: pictures of the dashboards' panels: a made-up fortnight of two probes, and Grafana's UI components to draw it.

Must not be in here: anything that a probe or a test of every change needs (the pictures are made by hand), and any
fact: every name, address and figure is made up and reserved for documentation.
"""
