"""blockprobe: is this site blocked on this line, how, and what is the proof."""

__version__ = "0.1.0"
