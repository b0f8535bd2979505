import pytest

from blockprobe.catalogue.data import shipped_data
from blockprobe.catalogue.faults import CatalogueFaults
from blockprobe.catalogue.services import load_services
from blockprobe.mirrors.suffixes import host_in
from blockprobe.model.errors import ConfigError
from blockprobe.model.name_service import ServiceKind


def test_the_shipped_services_have_hosts_a_public_source_and_ids_of_their_own():
    services = load_services(())
    hosts = [host for one in services for host in (*one.name_servers, *one.aliases)]

    assert len(services) > 25
    assert {one.kind for one in services} == set(ServiceKind)
    assert len({one.id for one in services}) == len(services)
    assert [one.id for one in services if not one.source.startswith("https://")] == []
    assert [host for host in hosts if host_in(host) != host] == []


def test_no_registrars_default_name_servers_are_listed():
    """They serve real sites too: domaincontrol.com, registrar-servers.com, dnsowl.com, cloudflare.com."""
    text = (shipped_data() / "parking.toml").read_text()

    assert [host for host in ("domaincontrol", "registrar-servers", "dnsowl", "cloudflare") if f'"{host}' in text] == []


def test_an_operators_list_replaces_the_shipped_one(tmp_path):
    (tmp_path / "parking.toml").write_text(
        '[[service]]\nid = "x"\ntitle = "X"\nkind = "parking"\nname_servers = ["ns.x.example"]\n'
        'source = "https://x.example/"\n'
    )

    assert [one.id for one in load_services([tmp_path])] == ["x"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[service]]\nid = "x"\n', ["title: missing", "kind: missing", "source: missing"]),
        (
            '[[service]]\nid="x"\ntitle="X"\nkind="garage"\nsource="s"\naliases=["a.example"]\n',
            ["service 1 (x): kind"],
        ),
        ('[[service]]\nid="x"\ntitle="X"\nkind="parking"\nsource="s"\n', ["names no host"]),
        ('[[service]]\nid="x"\ntitle="X"\nkind="parking"\nsource="s"\nns=["a"]\n', ["ns: unknown key"]),
        ("service = 3\n", ["[[service]]"]),
        ("service = [\n", ["not TOML"]),
    ],
)
def test_every_fault_is_named_with_its_place(tmp_path, text, words):
    (tmp_path / "parking.toml").write_text(text)

    with pytest.raises(ConfigError) as fault:
        load_services([tmp_path])

    assert all(word in str(fault.value) for word in words), str(fault.value)
    assert "parking.toml" in str(fault.value)
    assert isinstance(fault.value, CatalogueFaults | ConfigError)
