"""Marks for texts that come again and again within one record: its host, its addresses, hashes of its parts.

`$0` to `$9` stand for the record's `names`, `$a` to `$z` for the SHA-256 of its parts, `$A` to `$Z` for the hash of the
key of a part that is a certificate, `$$` for a dollar. It is a change of the text alone and undone exactly.
"""

import re
import string
from collections.abc import Iterable, Mapping

from blockprobe.model.codec import MAX_RECORD_BYTES
from blockprobe.model.errors import StoreError

NAME_MARKS = string.digits
PART_MARKS = string.ascii_lowercase
KEY_MARKS = string.ascii_uppercase

_MARK = re.compile(r"\$(.?)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{3,252}")
#: What may stand in JSON outside quotation marks, in whole or in part: a mark there would make the line unreadable.
_UNQUOTED = re.compile(r"[0-9eE-]*\.?[0-9eE-]*|true|null|false|fals|alse")
_HASH = re.compile(r"[0-9a-f]{64}")


def is_hash(text: object) -> bool:
    """Whether it is a SHA-256 as we write it."""
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def choose_names(candidates: Iterable[str], text: str) -> tuple[str, ...]:
    """The names that are worth a mark: plain words that stand in the text three times or more, at most ten."""
    chosen: dict[str, None] = {}
    for name in candidates:
        if name not in chosen and _may_be_marked(name) and text.count(name) > 2:
            chosen[name] = None
            if len(chosen) == len(NAME_MARKS):
                break
    return tuple(chosen)


def _may_be_marked(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and _UNQUOTED.fullmatch(name) is None


def put_marks(text: str, marks: Mapping[str, str]) -> str:
    """`text` with every key of `marks` replaced by `$` and its mark; longer keys win over those inside them."""
    found = sorted(marks, key=lambda value: (-len(value), value))
    pattern = re.compile("|".join([r"\$", *map(re.escape, found)]))
    return pattern.sub(lambda match: "$" + marks.get(match.group(), "$"), text)


def take_marks(text: str, values: Mapping[str, str]) -> str:
    """The text as it was; raises StoreError for an unknown mark or when it would outgrow a record."""
    known = {"$": "$", **values}
    size = len(text)
    for match in _MARK.finditer(text):
        value = known.get(match[1])
        if value is None:
            raise StoreError(f"a mark {match.group()!r} that stands for nothing")
        size += len(value)
        if size > MAX_RECORD_BYTES:
            raise StoreError(f"a record of more than {MAX_RECORD_BYTES} bytes is not read")
    return _MARK.sub(lambda match: known[match[1]], text)
