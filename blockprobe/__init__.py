"""blockprobe: is this site blocked on this line, how, and what is the proof.

Duty: the version; the folders are the stages of the data flow (`ARCHITECTURE.md`), and `run` is where to begin.
Must not be in here: imports, because every command pays for them.
"""

__version__ = "0.1.0"
