"""The words for candidates: what they are, how sure we are, where they came from. Explained in docs/mirrors.md."""

from dataclasses import dataclass
from enum import StrEnum


class MirrorClass(StrEnum):
    """What a candidate is. The first four are copies of the site; which one of them, content alone can never say."""

    MIRROR_SAME_OP = "mirror_same_op"
    PROXY_LIVE = "proxy_live"
    COPY_LIVE_UNKNOWN = "copy_live_unknown"
    CLONE_STATIC = "clone_static"
    PARKED = "parked"
    PHISH_LURE = "phish_lure"
    BLOCK_PAGE = "block_page"
    UNRELATED = "unrelated"
    UNDETERMINED = "undetermined"


class Band(StrEnum):
    """P(copy) in words: copy from .9, probable from .5, weak from .1, not_copy below; undetermined is no number."""

    COPY = "copy"
    PROBABLE = "probable"
    WEAK = "weak"
    NOT_COPY = "not_copy"
    UNDETERMINED = "undetermined"


class Source(StrEnum):
    """Where a candidate's name came from; each source has a prior of its own."""

    GENERATOR = "generator"
    TYPO = "typo"
    REDIRECT = "redirect"
    LINK = "link"
    LINK_LIST = "link_list"
    CERTIFICATE_LOG = "certificate_log"
    ZONE_FILE = "zone_file"
    PASSIVE_DNS = "passive_dns"
    RANK_LIST = "rank_list"
    SHARED_CERTIFICATE = "shared_certificate"
    SHARED_KEY = "shared_key"
    SHARED_ADDRESS = "shared_address"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A name that may lead to `site`; `prior` is the chance of that before anybody looked, 0 to 1."""

    name: str
    site: str
    source: Source
    prior: float
    seen_in: str = ""
