"""The configuration: everything that is wrong is named at once; who says what last wins."""

import json
from pathlib import Path

import pytest

from blockprobe.catalogue.config import ConfigFaults, Origin, defaults, find_config, load_config, load_settings
from blockprobe.catalogue.config import missing_files as files_missing
from blockprobe.catalogue.config_types import SECTIONS, hints_of
from blockprobe.catalogue.system import system_resolvers

DOCS = Path(__file__).parents[2] / "docs"

#: The example of the documentation's contract, every key of it.
FULL = """
[vantage]
name = "leeds-3"
isp = "gb/example"
asn = 64500
country = "GB"
access = "fixed"
filters = "off"
must_open = ["https://a.example/"]
must_block = ["b.example"]

[resolvers]
isp = ["198.51.100.153"]
[[resolvers.public]]
url = "udp://203.0.113.208"
[[resolvers.public]]
url = "https://dns.example/dns-query"
address = "203.0.113.208"

[helper]
urls = ["https://ctl.example/"]
echo = ["echo.example"]
zone = "w.ctl.example"

[controls]
neutral = ["https://n1.example/"]
silent = ["203.0.113.200"]

[limits]
concurrency = 32
attempts = 4
timeout_s = 3
body_bytes = 65536

[agent]
plans = ["website"]
calendar = "matches.toml"

[catalogue]
paths = ["catalogue"]

[store]
dir = "/var/lib/blockprobe"
max_bytes = 500000000
retention_days = 90

[metrics]
listen = "127.0.0.1:9890"
per_site = "blocked_only"
max_series = 50000

[addresses]
public = ["203.0.113.0/24"]

[bypass]
http_proxies = ["http://proxy.example:3128"]
socks_proxies = ["socks5://203.0.113.9:1080"]
web_proxies = ["https://p.example/?q={url}"]
mirrors = ["a.example=a.mirror.example"]
tor = "socks5://127.0.0.1:9050"
interface = "wg0"
connections = 300
bytes = 4000000
seconds = 60

[helper_server]
address = "203.0.113.130"
echo_address = "203.0.113.131"
https = 443
http = 80
dns = 53
certificate = "ctl.pem"
key = "ctl.pem"
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder for the file, with a catalogue beside it."""
    (tmp_path / "catalogue").mkdir()
    return tmp_path / "blockprobe.toml"


def faults_of(text: str, path: Path, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong with a file, without the file's name."""
    path.write_text(text)
    with pytest.raises(ConfigFaults) as caught:
        load_settings(path, environ or {}, {})
    return [fault.removeprefix(f"{path}: ") for fault in caught.value.faults]


def test_every_key_of_the_contract_is_read(written: Path) -> None:
    written.write_text(FULL)

    config = load_config(written, {}, {})

    settings = config.settings
    assert settings.vantage.name == "leeds-3"
    assert settings.vantage.asn == 64500
    assert settings.resolvers.isp == ("198.51.100.153",)
    assert [one.url for one in settings.resolvers.public] == ["udp://203.0.113.208", "https://dns.example/dns-query"]
    assert settings.resolvers.public[1].address == "203.0.113.208"
    assert (settings.limits.concurrency, settings.limits.timeout_s) == (32, 3.0)
    assert settings.addresses.public == ("203.0.113.0/24",)
    assert settings.helper_server.echo_address == ("203.0.113.131",)  # one text stands for a list of one
    assert settings.agent.plans == ("website",)
    assert settings.agent.calendar == str(written.parent / "matches.toml")
    assert (settings.store.dir, settings.store.max_bytes) == ("/var/lib/blockprobe", 500_000_000)
    assert (settings.metrics.listen, settings.metrics.per_site) == ("127.0.0.1:9890", "blocked_only")


def test_files_are_looked_for_beside_the_configuration(written: Path) -> None:
    written.write_text(FULL)

    config = load_config(written, {}, {})

    assert config.settings.helper_server.certificate == str(written.parent / "ctl.pem")
    assert config.settings.catalogue.paths == (str(written.parent / "catalogue"),)
    assert [fault.split(": ")[1] for fault in files_missing(config)] == [
        "agent.calendar",
        "helper_server.certificate",
        "helper_server.key",
    ]


def test_all_faults_are_named_at_once_each_with_key_and_remedy(written: Path) -> None:
    text = """
    colour = "red"
    [vantge]
    name = "x"
    [vantage]
    acess = "fixed"
    access = "fixd"
    asn = "12"
    country = "GBR"
    must_open = ["ftp://a.example/"]
    [resolvers]
    isp = ["resolver.example"]
    [[resolvers.public]]
    address = "203.0.113.208"
    [helper]
    urls = ["ftp://x", "https://user:secret@ctl.example/"]
    [controls]
    silent = ["n1.example"]
    [limits]
    concurrency = 0
    attempts = 2.5
    timeout_s = true
    [addresses]
    public = ["203.0.113.7/24"]
    [metrics]
    per_site = "blocked"
    [helper_server]
    https = 70000
    certificate = "ctl.pem"
    """

    faults = faults_of(text, written)

    expected = [
        ("[colour]", "no such section"),
        ("[vantge]", "did you mean vantage?"),
        ("vantage.acess", "did you mean access?"),
        ("vantage.access", "did you mean 'fixed'?"),
        ("vantage.asn", "must be a whole number, not '12'"),
        ("vantage.country", "two letters"),
        ("vantage.must_open", "http:// or https://"),
        ("resolvers.isp", "write udp://"),
        ("resolvers.public", "has no url"),
        ("helper.urls", "give a URL like"),
        ("helper.urls", "helper.token_file"),
        ("controls.silent", "no IP address"),
        ("limits.concurrency", "give 1 to 4096"),
        ("limits.attempts", "must be a whole number"),
        ("limits.timeout_s", "must be a number"),
        ("addresses.public", "has host bits set"),
        ("metrics.per_site", "did you mean 'blocked_only'?"),
        ("helper_server.https", "give 0 to 65535"),
        ("helper_server.key", "is missing"),
    ]
    for key, what in expected:
        assert any(fault.startswith(f"{key}: ") and what in fault for fault in faults), (key, what, faults)
    assert len(faults) == len(expected)
    assert "secret" not in "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[limits\n", "no valid TOML"),
        ("limits = 3\n", "is a section, not a value"),
        ("[[resolvers.public]]\nurl = 'udp://203.0.113.208'\nport = 53\n", "no such key 'port'"),
        ("[resolvers]\npublic = [3]\n", "must be a table with url"),
        ("[vantage]\nname = ['x']\n", "must be text, not a list"),
        ("[limits]\ntimeout_s = inf\n", "must be a number"),
        ("[helper_server]\naddress='127.0.0.1'\necho_address='127.0.0.1'\n", "is the API's own address"),
        ("[vantage]\nisp = 'BT'\n", "give country/name, like gb/example"),
        ("[agent]\nplans = ['Web site']\n", "give one like website"),
        ("[agent]\ncycle_s = 0\n", "give 1.0 to 86400.0"),
        ("[agent]\ninterval = 3\n", "the keys of [agent] are plans, calendar, cycle_s, line_check_s"),
        ("[store]\nmax_bytes = -1\n", "give 1000000 to"),
        ("[bypass]\nhttp_proxies = ['proxy.example:3128']\n", "is no http proxy"),
        ("[bypass]\nsocks_proxies = ['socks5://a:b@proxy.example:1080']\n", "put them into bypass.secrets_file"),
        ("[bypass]\ntor = 'socks4://127.0.0.1:9050'\n", "is no socks5 proxy"),
        ("[bypass]\nweb_proxies = ['https://p.example/']\n", "write {url} once"),
        ("[bypass]\nmirrors = ['a.mirror.example']\n", "write target=mirror"),
        ("[bypass]\ninterface = 'wg 0'\n", "is no name of a network interface"),
        ("[bypass]\nconnections = 1\n", "give 20 to 100000"),
        ("[store]\nretention_days = 0\n", "give 1 to 36500"),
        ("[metrics]\nlisten = '9890'\n", "no address with port"),
        ("[metrics]\nlisten = '127.0.0.1:98900'\n", "no address with port"),
        ("[metrics]\nlisten = '::1:9890'\n", "no address with port"),
        ("[metrics]\nlisten = 'probe.example:9890'\n", "no IP address"),
        ("[metrics]\ntextfile = 'blockprobe.txt'\n", "ending in .prom"),
    ],
)
def test_each_fault_says_what_to_do(text: str, fault: str, written: Path) -> None:
    [found] = faults_of(text, written)

    assert fault in found


@pytest.mark.parametrize("listen", ["", "localhost:0", "127.0.0.1:9890", "[::1]:9890"])
def test_metrics_are_served_on_an_address_or_nowhere(listen: str, written: Path) -> None:
    written.write_text(f'[metrics]\nlisten = "{listen}"\n')

    assert load_settings(written, {}, {}).metrics.listen == listen


def test_what_a_command_makes_itself_need_not_be_there(written: Path) -> None:
    written.write_text('[store]\ndir = "new"\nsign_with = "k.pem"\n[metrics]\ntextfile = "new/b.prom"\n')

    config = load_config(written, {}, {})

    assert config.settings.store.dir == str(written.parent / "new")
    assert [fault.split(": ")[1] for fault in files_missing(config)] == ["store.sign_with"]


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults, match=r"none\.toml: cannot be read: No such file or directory; "):
        load_settings(tmp_path / "none.toml", {}, {})


def test_the_environment_beats_the_file_and_the_command_line_beats_both(written: Path) -> None:
    written.write_text(FULL)
    environ = {"BLOCKPROBE_LIMITS__CONCURRENCY": "16", "BLOCKPROBE_LIMITS__ATTEMPTS": "5", "HOME": "/"}

    config = load_config(written, environ, {"limits": {"concurrency": 8}})

    assert (config.settings.limits.concurrency, config.settings.limits.attempts) == (8, 5)
    assert config.origins["limits.concurrency"] is Origin.COMMAND_LINE
    assert config.origins["limits.attempts"] is Origin.ENVIRONMENT
    assert config.origins["limits.body_bytes"] is Origin.FILE
    assert "vantage.filters" in config.origins


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("VANTAGE__NAME", "12", "12"),
        ("VANTAGE__NAME", '"quoted"', "quoted"),
        ("VANTAGE__ASN", "64500", 64500),
        ("HELPER__URLS", "https://ctl.example/", ("https://ctl.example/",)),
        ("HELPER__URLS", '["https://a.example/", "https://b.example/"]', ("https://a.example/", "https://b.example/")),
        ("LIMITS__TIMEOUT_S", "2", 2.0),
    ],
)
def test_the_environment_may_be_plain_or_json(name: str, text: str, value: object) -> None:
    section, key = name.lower().split("__")

    settings = load_settings(None, {f"BLOCKPROBE_{name}": text}, {})

    assert getattr(getattr(settings, section), key) == value


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("BLOCKPROBE_LIMITS__ATEMPTS", "did you mean attempts?"),
        ("BLOCKPROBE_LIMIT__ATTEMPTS", "did you mean limits?"),
        ("BLOCKPROBE_LIMITS_ATTEMPTS", "two underscores"),
    ],
)
def test_a_misspelt_variable_is_named(name: str, fault: str) -> None:
    with pytest.raises(ConfigFaults, match=rf"^environment: {name}: .*{fault.replace('?', '.')}"):
        load_settings(None, {name: "3"}, {})


def test_other_variables_are_nobodys_business() -> None:
    load_settings(None, {"BLOCKPROBE_CONFIG": "/x", "BLOCKPROBE_SOMETHING": "1", "PATH": "/bin"}, {})


def test_the_file_is_found_where_people_put_it(tmp_path: Path) -> None:
    own = tmp_path / ".config/blockprobe/config.toml"
    own.parent.mkdir(parents=True)
    own.touch()

    assert find_config({"BLOCKPROBE_CONFIG": "/x.toml", "HOME": str(tmp_path)}) == Path("/x.toml")
    assert find_config({"HOME": str(tmp_path)}) == own


def test_the_systems_resolvers_are_the_default_and_an_empty_list_is_none() -> None:
    config = load_config(None, {}, {})

    assert config.settings.resolvers.isp == system_resolvers()
    assert config.origins["resolvers.isp"] is Origin.SYSTEM
    assert load_settings(None, {"BLOCKPROBE_RESOLVERS__ISP": "[]"}, {}).resolvers.isp == ()


def test_neutral_sites_come_from_the_catalogue_unless_somebody_names_others() -> None:
    assert load_config(None, {}, {}).origins["controls.neutral"] is Origin.CATALOGUE
    assert len(load_settings(None, {}, {}).controls.neutral) >= 5
    assert load_settings(None, {"BLOCKPROBE_CONTROLS__NEUTRAL": "[]"}, {}).controls.neutral == ()


def test_resolv_conf_is_read_as_the_c_library_does(tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("# x\nnameserver 198.51.100.153\nsearch a.example\nnameserver 2001:db8:11::53 # b\nnameserver x\n")

    assert system_resolvers(conf) == ("198.51.100.153", "2001:db8:11::53")
    assert system_resolvers(tmp_path / "none") == ("127.0.0.1",)


def test_a_stub_gives_way_to_the_resolvers_behind_it(tmp_path: Path) -> None:
    stub, behind = tmp_path / "stub", tmp_path / "behind"
    stub.write_text("nameserver 127.0.0.53\n")
    behind.write_text("nameserver 198.51.100.153\nnameserver 198.51.100.154\n")

    assert system_resolvers(stub, behind) == ("198.51.100.153", "198.51.100.154")
    assert system_resolvers(stub, tmp_path / "none") == ("127.0.0.53",)


def test_every_section_and_key_is_documented() -> None:
    page = (DOCS / "config.md").read_text()

    for section in SECTIONS:
        assert f"[{section}]" in page
        for key in hints_of(section):
            assert f"`{key}`" in page, f"{section}.{key}"


def test_every_documented_default_is_the_real_one() -> None:
    page = (DOCS / "config.md").read_text()

    for name, value in defaults().items():
        if isinstance(value, int | float) or (isinstance(value, str) and value):
            shown = json.dumps(value)
            section = page.partition(f"[{name.split('.')[0]}]")[2].partition("\n## ")[0]
            assert f"| `{name.split('.')[1]}` | `{shown}` |" in section, name
