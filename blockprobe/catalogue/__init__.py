"""What people write and blockprobe reads: the configuration file, and the catalogue of orders and fingerprints.

Duty: read, validate and name *every* fault at once, each with its file, its place and a remedy.
Must not be in here: network operations, and any meaning given to what was measured.
"""
