"""The helper's echo: what proves that nobody on the path answered in its stead.

The helper's API hands out a short-lived key over TLS. Its DNS, TLS and HTTP echoes then answer in the clear with a
code that only the two holders of the key can make, over the question and the address that the helper saw. Client and
helper share this module.
"""

import hmac
import json
import secrets
from dataclasses import dataclass, field

_VERSION = "v1"
#: An EDNS option number from the range for local use (RFC 6891, 9).
DNS_OPTION = 65001
#: A query is padded (RFC 7830) to this size, so that the answer fits in what was sent and the echo amplifies nothing.
DNS_QUERY_BYTES = 300
#: The owner of the TXT record with the echo's statement, in ADDITIONAL.
DNS_OWNER = "echo"
#: The most bytes that one request for /bytes brings.
MAX_BYTES = 4_000_000
#: The fields in which the echo signs them: the address that it saw, and the code.
CLIENT_FIELD, MAC_FIELD = "X-Blockprobe-Client", "X-Blockprobe-Mac"
_KEY_ID_DIGITS = 16
_SECRET_DIGITS = 64
_MAX_NONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoKey:
    """A key from the helper: 16 hex digits of id, 64 of secret, `expires` in Unix seconds, for the address `client`.

    Raises ValueError when id or secret have another form: they come over the network.
    """

    id: str
    secret: str = field(repr=False)
    expires: float
    client: str

    def __post_init__(self) -> None:
        if not (_is_hex(self.id, _KEY_ID_DIGITS) and _is_hex(self.secret, _SECRET_DIGITS)):
            raise ValueError("an echo key has 16 hex digits of id and 64 of secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the echo signs. `kind` is dns, tls, http, bytes or quic; `client` the address the echo saw, as text.

    `subject` is, in lower case, for dns "qname/qtype" (no trailing dot), for tls and quic the SNI received ("" for
    none), for http the Host header, for bytes "name/count" with the name of tls or else of http.
    """

    kind: str
    subject: str
    nonce: str
    client: str


def new_nonce() -> str:
    """Sixteen unpredictable hex digits, to be used once."""
    return secrets.token_hex(8)


def mac(key: EchoKey, statement: Statement) -> str:
    """Hex HMAC-SHA-256 (RFC 2104) of the statement."""
    text = "|".join((_VERSION, key.id, statement.kind, statement.subject, statement.nonce, statement.client))
    return hmac.digest(bytes.fromhex(key.secret), text.encode(), "sha256").hex()


def check(key: EchoKey, statement: Statement, claimed: str) -> bool:
    """Whether `claimed` is the code of `statement`; takes as long whatever differs."""
    return hmac.compare_digest(mac(key, statement).encode(), claimed.encode(errors="replace"))


def dns_subject(qname: str, qtype: str) -> str:
    """The subject of a DNS statement: the canonical form of a question."""
    return f"{qname.lower().removesuffix('.')}/{qtype}"


def bytes_subject(name: str, count: int) -> str:
    """The subject of a statement about `count` bytes sent to somebody who named `name`."""
    return f"{name.lower()}/{count}"


def dns_option(key: EchoKey, nonce: str) -> bytes:
    """The data of EDNS option `DNS_OPTION` in a query to the echo."""
    return f"{_VERSION} {key.id} {nonce}".encode("ascii")


def read_dns_option(data: bytes) -> tuple[str, str] | None:
    """Key id and nonce of a received option; None when it is not one of ours."""
    fields = data[:128].decode("ascii", "replace").split(" ")
    if len(fields) != 3 or fields[0] != _VERSION or not _is_hex(fields[1], _KEY_ID_DIGITS):
        return None
    return (fields[1], fields[2]) if fields[2].isalnum() and len(fields[2]) <= _MAX_NONCE else None


def dns_strings(key: EchoKey, statement: Statement) -> tuple[str, str, str]:
    """The three strings of the TXT record `DNS_OWNER` in the echo's answer."""
    return dns_option(key, statement.nonce).decode("ascii"), statement.client, mac(key, statement)


def seen_by_dns_echo(key: EchoKey, subject: str, nonce: str, strings: tuple[str, ...]) -> str | None:
    """The client address in the strings of an answer to our question; None when the echo did not sign it."""
    if len(strings) != 3 or strings[0] != dns_option(key, nonce).decode("ascii"):
        return None
    statement = Statement(kind="dns", subject=subject, nonce=nonce, client=strings[1])
    return strings[1] if check(key, statement, strings[2]) else None


def quic_path(key: EchoKey, nonce: str) -> str:
    """What to ask the QUIC echo for over HTTP/3."""
    return f"/echo/{key.id}/{nonce}"


def signed_by_quic_echo(key: EchoKey, server_name: str, nonce: str, body: str) -> bool:
    """Whether the page is our echo's, signed over the server name that we sent and our nonce."""
    try:
        answer = json.loads(body)
        client, claimed = str(answer["client"]), str(answer["mac"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    statement = Statement(kind="quic", subject=server_name.lower(), nonce=nonce, client=client)
    return check(key, statement, claimed)


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and all(character in "0123456789abcdef" for character in text)
