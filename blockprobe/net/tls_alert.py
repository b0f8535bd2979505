"""TLS alerts as words (RFC 8446, 6; RFC 5246, 7.2; RFC 6066; RFC 7301)."""

import ssl

ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_cancelled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
    121: "ech_required",
}

_NAMES = frozenset(ALERTS.values())
_REASON_PREFIXES = ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_")
_ALERT_RECORD = 21


def alert_of(first: bytes, error: BaseException) -> str | None:
    """The alert that ended a handshake, or None: from the `first` bytes that came, else from OpenSSL's reason.

    A plaintext alert is read from the wire, for OpenSSL has no words for some; an encrypted one only it can read.
    """
    if len(first) >= 7 and first[0] == _ALERT_RECORD and first[3:5] == b"\x00\x02":
        return ALERTS.get(first[6], f"alert_{first[6]}")
    reason = getattr(error, "reason", None) if isinstance(error, ssl.SSLError) else None
    for prefix in _REASON_PREFIXES:
        name = (reason or "").removeprefix(prefix).lower()
        if reason and reason.startswith(prefix) and name in _NAMES:
            return name
    return None
