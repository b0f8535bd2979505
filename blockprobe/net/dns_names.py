"""Domain names in DNS messages (RFC 1035, 4.1.4): to wire, and from wire with every bound that hostile bytes need.

Our own rather than dnspython's because a name is read for each record of each reply: this is most of the cost.
"""

from functools import lru_cache

_POINTER = 0xC0
_MAX_NAME = 255
_MAX_LABEL = 63
#: RFC 1035 sets none; a name of 255 bytes has at most 127 labels, so more jumps than that carry nothing.
_MAX_JUMPS = 127


class MalformedMessage(Exception):
    """The bytes are no DNS message; stays within the DNS modules, where it becomes a failure word."""


class UnaskableName(ValueError):
    """The name does not fit into a DNS question; the text says why."""


@lru_cache(maxsize=512)
def name_to_wire(name: str) -> bytes:
    """An ASCII (punycode) name, with or without the final dot, as labels; raises UnaskableName."""
    labels = [label.encode("ascii", "replace") for label in name.removesuffix(".").split(".")] if name != "." else []
    if not name.isascii():
        raise UnaskableName("the name is not in punycode")
    if any(not 0 < len(label) <= _MAX_LABEL for label in labels):
        raise UnaskableName("a label of the name is empty or longer than 63 bytes")
    wire = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    if len(wire) > _MAX_NAME:
        raise UnaskableName("the name is longer than 255 bytes")
    return wire


def skip_name(wire: bytes, at: int) -> int:
    """Where the name that begins at `at` ends. Raises IndexError past the end, MalformedMessage for odd labels."""
    while True:
        length = wire[at]
        if length == 0:
            return at + 1
        if length >= _POINTER:
            return at + 2
        if length > _MAX_LABEL:
            raise MalformedMessage("label type")
        at += 1 + length


def read_name(wire: bytes, at: int) -> str:
    """The name at `at` in lower case without the final dot ("." for the root), unusual bytes as \\DDD.

    Raises IndexError past the end, MalformedMessage for loops and names that are too long.
    """
    labels: list[str] = []
    size, lowest, jumps = 1, at, 0
    while length := wire[at]:
        if length >= _POINTER:
            at = (length & 0x3F) << 8 | wire[at + 1]
            jumps += 1
            if at >= lowest or jumps > _MAX_JUMPS:
                raise MalformedMessage("compression pointer that does not point back")
            lowest = at
            continue
        size += 1 + length
        end = at + 1 + length
        if length > _MAX_LABEL or size > _MAX_NAME or end > len(wire):
            raise MalformedMessage("name")
        labels.append(_label(wire[at + 1 : end]))
        at = end
    return ".".join(labels) or "."


def zone_name(wire: bytes, at: int) -> str | None:
    """The name at `at` as a zone file has it, its case kept and with the final dot.

    None where that would take more than reading letters, digits, hyphens and underscores: an odd name, or one that is
    malformed in any way.
    """
    labels: list[str] = []
    begin, stop = at, len(wire)
    while at < stop and len(labels) <= _MAX_JUMPS:
        length = wire[at]
        if length == 0:
            text = ".".join(labels) + "."
            return text if len(text) < _MAX_NAME else None
        if length >= _POINTER and at + 1 < len(wire):
            at = (length & 0x3F) << 8 | wire[at + 1]
            if at >= begin:
                return None
            begin, stop = at, begin  # what it points to must end before the name that points there
            continue
        end = at + 1 + length
        label = _plain(wire[at + 1 : end]) if length <= _MAX_LABEL and end < stop else None
        if label is None:
            return None
        labels.append(label)
        at = end
    return None


@lru_cache(maxsize=512)
def _plain(raw: bytes) -> str | None:
    text = raw.decode("latin-1")
    return text if text.isascii() and text.replace("-", "").replace("_", "").isalnum() else None


@lru_cache(maxsize=512)
def _label(raw: bytes) -> str:
    text = raw.decode("latin-1")
    if text.isascii() and text.replace("-", "").replace("_", "").isalnum():
        return text.lower()
    return "".join(_character(byte) for byte in raw)


def _character(byte: int) -> str:
    if byte in b".\\":
        return f"\\{byte:c}"
    return f"{byte:c}".lower() if 0x21 <= byte <= 0x7E else f"\\{byte:03d}"
