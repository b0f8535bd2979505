"""One attempt with a name, in a ClientHello, a QUIC Initial or a request: did the name get through?"""

from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, QuicObservation, TlsObservation

Exchange = TlsObservation | HttpObservation | QuicObservation


def fails(exchange: Exchange) -> bool:
    """The name was not let through: no certificate, no status, and a failure."""
    if isinstance(exchange, TlsObservation | QuicObservation):
        return exchange.failure is not None and not exchange.chain and exchange.valid is None
    return exchange.failure is not None and exchange.status is None


def works(exchange: Exchange) -> bool:
    """The far end answered: for a neutral name any byte after the ClientHello or the request will do."""
    return exchange.failure is None or exchange.bytes_received > 0


def is_cut(exchange: Exchange) -> bool:
    """It failed, and not by an answer that began and then stuck: so does a path that swallows large packets."""
    stuck = exchange.failure is Failure.GENERIC_TIMEOUT_ERROR and exchange.bytes_received > 0
    return fails(exchange) and not stuck


def completes(exchange: Exchange) -> bool:
    """The echo answered in full; a neutral name must get further there than the listed one."""
    if isinstance(exchange, TlsObservation | QuicObservation):
        return exchange.failure is None or bool(exchange.chain)
    return exchange.status is not None
