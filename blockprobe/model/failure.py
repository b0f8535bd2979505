"""The closed vocabulary of what can go wrong in one network operation.

The values are archived strings. Where OONI's df-007-errors has a word for the same thing, it is that word, so
that archives compare; `docs/failures.md` explains each.
"""

from enum import StrEnum


class Failure(StrEnum):
    """Why an operation did not succeed; None in an observation means that it did."""

    # any layer
    GENERIC_TIMEOUT_ERROR = "generic_timeout_error"
    INTERRUPTED = "interrupted"
    UNKNOWN_FAILURE = "unknown_failure"
    # connecting and streaming
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    CONNECTION_ABORTED = "connection_aborted"
    EOF_ERROR = "eof_error"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    NETWORK_DOWN = "network_down"
    PERMISSION_DENIED = "permission_denied"  # ICMP "administratively prohibited" arrives as this on IPv6
    ADDRESS_NOT_AVAILABLE = "address_not_available"
    MESSAGE_SIZE = "message_size"
    # DNS
    DNS_NXDOMAIN_ERROR = "dns_nxdomain_error"
    DNS_NO_ANSWER = "dns_no_answer"
    DNS_REFUSED_ERROR = "dns_refused_error"
    DNS_SERVFAIL_ERROR = "dns_servfail_error"
    DNS_FORMERR_ERROR = "dns_formerr_error"
    DNS_SERVER_MISBEHAVING = "dns_server_misbehaving"
    DNS_REPLY_WITH_WRONG_QUERY_ID = "dns_reply_with_wrong_query_id"
    DNS_REPLY_WITH_WRONG_QUESTION = "dns_reply_with_wrong_question"
    DNS_MALFORMED_REPLY = "dns_malformed_reply"
    # TLS
    SSL_UNKNOWN_AUTHORITY = "ssl_unknown_authority"
    SSL_INVALID_HOSTNAME = "ssl_invalid_hostname"
    SSL_INVALID_CERTIFICATE = "ssl_invalid_certificate"
    SSL_FAILED_HANDSHAKE = "ssl_failed_handshake"
    # QUIC
    QUIC_INCOMPATIBLE_VERSION = "quic_incompatible_version"
    QUIC_PROTOCOL_ERROR = "quic_protocol_error"
    # HTTP
    HTTP_MALFORMED_RESPONSE = "http_malformed_response"
    HTTP_HEADERS_TOO_LARGE = "http_headers_too_large"
    HTTP_TOO_MANY_REDIRECTS = "http_too_many_redirects"
    HTTP_INVALID_REDIRECT_LOCATION_HOST = "http_invalid_redirect_location_host"
    # proxies, which an operator names as a way around a block
    PROXY_REFUSED = "proxy_refused"
    PROXY_LOGIN_REFUSED = "proxy_login_refused"
    PROXY_BAD_ANSWER = "proxy_bad_answer"
    # helpers
    HELPER_BAD_ANSWER = "helper_bad_answer"


#: The chain arrived but does not prove the name; the handshake itself went through.
CERTIFICATE_FAILURES = frozenset(
    {Failure.SSL_UNKNOWN_AUTHORITY, Failure.SSL_INVALID_HOSTNAME, Failure.SSL_INVALID_CERTIFICATE}
)

#: Nothing came back: indistinguishable, one at a time, from a lost packet.
SILENCES = frozenset({Failure.GENERIC_TIMEOUT_ERROR})
