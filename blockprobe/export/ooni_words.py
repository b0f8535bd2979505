"""Failure words between our vocabulary and OONI's df-007, both ways."""

from blockprobe.model.failure import Failure

#: Ours that OONI has no word for; they travel as "unknown_failure: ours".
_ONLY_OURS = frozenset(
    {
        Failure.UNKNOWN_FAILURE,
        Failure.DNS_FORMERR_ERROR,
        Failure.DNS_REPLY_WITH_WRONG_QUESTION,
        Failure.DNS_MALFORMED_REPLY,
        Failure.QUIC_PROTOCOL_ERROR,
        Failure.HTTP_MALFORMED_RESPONSE,
        Failure.HTTP_HEADERS_TOO_LARGE,
        Failure.HTTP_TOO_MANY_REDIRECTS,
        Failure.PROXY_REFUSED,
        Failure.PROXY_LOGIN_REFUSED,
        Failure.PROXY_BAD_ANSWER,
        Failure.HELPER_BAD_ANSWER,
    }
)

#: Theirs that are another word here.
_THEIRS = {
    "timed_out": Failure.GENERIC_TIMEOUT_ERROR,
    "network_reset": Failure.CONNECTION_RESET,
    "connection_already_closed": Failure.CONNECTION_ABORTED,
    "connection_refused_error": Failure.CONNECTION_REFUSED,
    "connection_reset_error": Failure.CONNECTION_RESET,
    "dns_name_error": Failure.DNS_NXDOMAIN_ERROR,
    "dns_server_failure": Failure.DNS_SERVFAIL_ERROR,
    "dns_temporary_failure": Failure.DNS_SERVER_MISBEHAVING,
    "dns_non_recoverable_failure": Failure.DNS_SERVER_MISBEHAVING,
    "response_never_received": Failure.EOF_ERROR,
    "http_request_failed": Failure.HTTP_MALFORMED_RESPONSE,
}

_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_RCODE_OF_FAILURE = {
    None: "NOERROR",
    Failure.DNS_NO_ANSWER: "NOERROR",
    Failure.DNS_NXDOMAIN_ERROR: "NXDOMAIN",
    Failure.DNS_REFUSED_ERROR: "REFUSED",
    Failure.DNS_SERVFAIL_ERROR: "SERVFAIL",
    Failure.DNS_FORMERR_ERROR: "FORMERR",
}


def to_word(failure: Failure | None) -> str | None:
    """OONI's word for a failure of ours."""
    if failure is None:
        return None
    return f"unknown_failure: {failure.value}" if failure in _ONLY_OURS else failure.value


def from_word(word: str | None) -> tuple[Failure | None, str | None]:
    """Our failure for a word of OONI's, and the word itself where ours says less."""
    if word is None or word == "":
        return None, None
    plain = word.removeprefix("unknown_failure: ")
    if plain in Failure._value2member_map_:
        return Failure(plain), None
    return _THEIRS.get(word, Failure.UNKNOWN_FAILURE), word[:200]


def rcode_number(rcode: str) -> int | None:
    """The number of an rcode of RFC 1035; None for others."""
    return next((number for number, name in _RCODES.items() if name == rcode), None)


def rcode_of(number: int | None, failure: Failure | None) -> str | None:
    """The rcode of a reply, from its number or else from what its failure implies; None: there was no reply."""
    if number:
        return _RCODES.get(number, f"RCODE{number}")
    return _RCODE_OF_FAILURE.get(failure)
