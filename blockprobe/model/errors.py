"""Exceptions are for programming and configuration faults only; what the network did is an observation.

BlockprobeError
├── ConfigError      a configuration file, environment variable or option is unusable
├── TargetError      what the user asked to measure is no URL, domain or IP
├── RecordError      an archived record cannot be read
├── StoreError       the store of evidence cannot be written, or is not what was written
└── LabError         the built-in laboratory cannot be set up here
"""


class BlockprobeError(Exception):
    """The root; its text is one line for people: what, where, what to do."""


class ConfigError(BlockprobeError):
    """A configuration file, environment variable or option is unusable."""


class TargetError(BlockprobeError):
    """What the user asked to measure is no URL, domain or IP address."""


class RecordError(BlockprobeError):
    """An archived record cannot be read."""


class StoreError(BlockprobeError):
    """The store cannot be written or read, or holds something else than what was written."""


class LabError(BlockprobeError):
    """The built-in laboratory cannot be set up on this machine."""
