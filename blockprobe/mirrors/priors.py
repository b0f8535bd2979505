"""The chance that a candidate is a copy before anybody has looked, by where its name came from. Pure.

Assumed, not measured: they are starting points until an operator has counted. `updated` counts.
"""

from blockprobe.model.mirror import Source

PRIORS: dict[Source, float] = {
    Source.OPERATOR: 0.95,
    Source.REDIRECT: 0.95,
    Source.LINK: 0.50,
    Source.LINK_LIST: 0.50,
    Source.SHARED_KEY: 0.50,
    Source.SHARED_CERTIFICATE: 0.30,
    Source.SHARED_ADDRESS: 0.10,
    Source.CERTIFICATE_LOG: 0.05,
    Source.PASSIVE_DNS: 0.05,
    Source.ZONE_FILE: 0.02,
    Source.RANK_LIST: 0.02,
    Source.GENERATOR: 0.02,
    Source.TYPO: 0.01,
}


def updated(source: Source, *, copies: int, checked: int) -> float:
    """The prior after `checked` candidates of the source, `copies` of them copies; two of them are the assumption's."""
    return (copies + 1) / (checked + 2 * 0.5 / PRIORS[source])
