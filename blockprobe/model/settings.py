"""The configuration (docs/config.md) as frozen values; reading files and the environment is `catalogue.config`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class VantageSettings:
    """[vantage]: what the operator states about this line."""

    name: str | None = None
    isp: str | None = None
    asn: int | None = None
    country: str | None = None
    access: Literal["fixed", "mobile", "vps", "vpn", "control"] = "fixed"
    filters: Literal["on", "off", "unknown"] = "unknown"
    must_open: tuple[str, ...] = ()
    must_block: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicResolver:
    """[[resolvers.public]]: `url` is udp:// tcp:// tls:// or https://; `address` spares the bootstrap look-up."""

    url: str
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverSettings:
    """[resolvers]: `isp` are the line's own (default: the system's)."""

    isp: tuple[str, ...] = ()
    public: tuple[PublicResolver, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperSettings:
    """[helper]: control servers, our echo's names or addresses, and the zone delegated to it."""

    urls: tuple[str, ...] = ()
    echo: tuple[str, ...] = ()
    zone: str | None = None
    token_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """[controls]: neutral sites on no list, of unrelated networks; addresses that answer nothing."""

    neutral: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """[limits]: `timeout_s` is per attempt, `body_bytes` caps what is read of a page. `throttling`: measure the speed
    of sites that open as well, which costs megabytes each (docs/throttling.md)."""

    concurrency: int = 64
    attempts: int = 3
    timeout_s: float = 4.0
    body_bytes: int = 524_288
    throttling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressSettings:
    """[addresses]: reserved ranges to treat as public (laboratories); bogons otherwise."""

    public: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSettings:
    """[catalogue]: folders of fingerprints and orders; later files win by id."""

    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperServerSettings:
    """[helper_server]: where `blockprobe helper` listens. `echo_address` is apart from the API's, so that a punished
    echo leaves the API alone."""

    address: str = "127.0.0.1"
    echo_address: tuple[str, ...] = ()
    https: int = 443
    http: int = 80
    dns: int = 53
    quic: int | None = None  # port of the QUIC echo, UDP; None: there is none
    certificate: str | None = None
    key: str | None = None
    token_file: str | None = None
    zone: str | None = None  # delegated to the echo addresses; shows which machine asks on a resolver's behalf
    resolver: str | None = None  # default: the system's; a URL as in [[resolvers.public]]
    requests_per_minute: int = 600
    megabytes_per_hour: int = 600  # what the echo sends one client for measurements of speed


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """[agent]: which plans of the catalogue run, the calendar of live windows, and what an idle machine may be asked.

    `cycle_s` is how often the schedule is looked at; `line_check_s` how old a check of the line may be.
    """

    plans: tuple[str, ...] = ("website",)
    calendar: str | None = None
    cycle_s: float = 60.0
    line_check_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """[store]: where evidence is kept, how much of it and for how long; `sign_with` is a key file (docs/store.md)."""

    dir: str = "/var/lib/blockprobe"
    max_bytes: int = 500_000_000
    retention_days: int = 90
    sign_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """[metrics]: where they are served (empty: nowhere), and how many series a probe may have."""

    listen: str = "127.0.0.1:9890"
    textfile: str | None = None
    per_site: Literal["off", "blocked_only", "all"] = "blocked_only"
    max_series: int = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassSettings:
    """[bypass]: what the operator has at hand to get around a block, and what one battery may cost one target.

    `http_proxies` are http:// or https:// URLs of CONNECT proxies, `socks_proxies` and `tor` socks5:// URLs;
    `web_proxies` are URLs in which {url} stands for the page wanted, `mirrors` other addresses of the targets as
    `target=mirror`, `interface` a VPN's. `secrets_file` holds the logins (docs/bypass.md).
    """

    http_proxies: tuple[str, ...] = ()
    socks_proxies: tuple[str, ...] = ()
    web_proxies: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    tor: str | None = None
    interface: str | None = None
    secrets_file: str | None = None
    connections: int = 600
    bytes: int = 16_000_000
    seconds: float = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be configured, validated."""

    vantage: VantageSettings = VantageSettings()
    resolvers: ResolverSettings = ResolverSettings()
    helper: HelperSettings = HelperSettings()
    controls: ControlSettings = ControlSettings()
    limits: LimitSettings = LimitSettings()
    addresses: AddressSettings = AddressSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    helper_server: HelperServerSettings = HelperServerSettings()
    agent: AgentSettings = AgentSettings()
    store: StoreSettings = StoreSettings()
    metrics: MetricsSettings = MetricsSettings()
    bypass: BypassSettings = BypassSettings()
