"""The head of an answer in the one form that nearly every server uses, read by hand; h11 reads all the others.

h11 spends a tenth of a healthy target's CPU on state machines; what is accepted here means the same to it (a property
test holds the two against each other).
"""

import re
from dataclasses import dataclass

#: The head of a response may have this many bytes.
HEAD_BYTES = 65_536

# RFC 9112, 4 and 5; one way to match only, so the time is linear. No folding, no control characters, CR LF alone.
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Status and header fields as they came (values without white space around them).

    `length`: of the body, None when it ends with the connection; `rest`: the body's beginning that came with the head.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    length: int | None = None
    rest: bytes = b""

    @property
    def closes(self) -> bool:
        """Whether the peer will close the connection (RFC 9112, 9.3): it says so, or the body ends with it.

        HTTP/1.0, which closes unless "keep-alive" is said, is never plain.
        """
        said = [value.lower() for name, value in self.headers if name.lower() == b"connection"]
        options = {option.strip() for value in said for option in value.split(b",")}
        return self.length is None or b"close" in options


def plain_head(raw: bytes) -> Head | None:
    """The head at the beginning of `raw`; None when it is incomplete, or anything but plain.

    Plain is a final HTTP/1.1 response that may have a body, whose length a single Content-Length says, or the end of
    the connection.
    """
    end = raw.find(b"\r\n\r\n", 0, HEAD_BYTES)
    if end < 0:
        return None
    status_line, *lines = raw[:end].split(b"\r\n")
    status = _STATUS.fullmatch(status_line)
    fields = [_FIELD.fullmatch(line) for line in lines]
    if status is None or int(status[1]) in _NO_BODY:
        return None
    headers = tuple((field[1], field[2].rstrip(b" \t")) for field in fields if field is not None)
    if len(headers) != len(fields):
        return None
    framing = [(name, value) for name, value in headers if name.lower() in (b"content-length", b"transfer-encoding")]
    if not framing:
        return Head(status=int(status[1]), headers=headers, rest=raw[end + 4 :])
    name, value = framing[0]
    if len(framing) > 1 or name.lower() != b"content-length" or not _LENGTH.fullmatch(value):
        return None
    return Head(status=int(status[1]), headers=headers, length=int(value), rest=raw[end + 4 :])
