"""Evidence on disk: segments of records with manifests, and a small state of what was seen last.

Duty: keep what was measured so that it survives crashes and hearings; count whatever had to go. Read in this order:
`pack` and `unpack` (what a line holds), `segment` (one file), `archive` (all of them), `verify`, `state`.
Must not be in here: sockets, and conclusions. What was reported as stored is never lost, and nothing is changed later.
"""
