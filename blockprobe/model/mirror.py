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


class NameState(StrEnum):
    """What DNS says of a candidate's name, before anything is fetched. Only `resolves` is worth a fetch."""

    RESOLVES = "resolves"
    PARKED = "parked"  # name servers or alias of a parking service
    SEIZED = "seized"  # ... of an authority
    SINKHOLE = "sinkhole"  # only addresses where no public site can be
    WILDCARD = "wildcard"  # the same as any name that nobody registered under this suffix
    NO_ADDRESS = "no_address"  # the name exists and has no address
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"  # its own servers fail, or their DNSSEC; neither alive nor dead
    UNKNOWN = "unknown"  # nobody who can be believed has answered


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAnswer:
    """What one resolver said of a name: its addresses, or why there are none (`failure`, docs/failures.md)."""

    resolver: str
    failure: str | None
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLook:
    """What DNS says of one candidate. `sure`: over an encrypted connection, so nobody on the path had a part in it.

    `line` is what the line's own resolver says, kept apart: a blocked name must not look dead. `line_differs` is None
    where one of the two is missing. `any_label`: a random label below the name resolves too. `service` is whose name
    servers or alias it has.
    """

    name: str
    state: NameState
    because: str
    sure: bool = False
    outside: NameAnswer | None = None
    line: NameAnswer | None = None
    line_differs: bool | None = None
    any_label: bool | None = None
    service: str | None = None
