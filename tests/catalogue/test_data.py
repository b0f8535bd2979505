"""Where the data is looked for, and what its two lists say; nothing here contacts what they name."""

import pytest

from blockprobe.catalogue.data import data_folders, load_neutral, load_resolvers, shipped_data
from blockprobe.model.errors import ConfigError
from blockprobe.model.settings import PublicResolver


def test_the_shipped_data_comes_first_and_the_operators_folders_after_it(tmp_path):
    folders = data_folders([tmp_path])

    assert folders == (shipped_data(), tmp_path)
    assert (folders[0] / "fingerprints").is_dir()


def test_every_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ConfigError) as caught:
        data_folders([tmp_path / "a", tmp_path, tmp_path / "b"])

    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [str(tmp_path / "a"), str(tmp_path / "b")]
    assert all("[catalogue] paths" in line for line in lines)


def test_at_least_five_neutral_sites_are_shipped():
    assert len(set(load_neutral())) >= 5


def test_an_operators_list_of_neutral_sites_replaces_the_shipped_one(tmp_path):
    (tmp_path / "controls.toml").write_text('[[neutral]]\nurl = "https://n1.example/"\n')

    assert load_neutral([tmp_path]) == ("https://n1.example/",)


def test_resolvers_carry_an_address_only_where_their_url_is_a_name(tmp_path):
    (tmp_path / "resolvers.toml").write_text(
        '[[resolver]]\nurls = ["udp://203.0.113.208", "https://dns.example/dns-query"]\naddress = "203.0.113.208"\n'
    )

    assert load_resolvers([tmp_path]) == (
        PublicResolver(url="udp://203.0.113.208"),
        PublicResolver(url="https://dns.example/dns-query", address="203.0.113.208"),
    )


def test_every_shipped_resolver_has_a_known_scheme():
    assert {one.url.partition("://")[0] for one in load_resolvers()} <= {"udp", "tcp", "tls", "https"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("controls.toml", '[[neutral]]\nurl = "n1.example"\n', "neutral 1: url: must be a web address"),
        ("controls.toml", 'neutral = "n1.example"\n', "begin each entry with [[neutral]]"),
        ("controls.toml", "[[neutral]\n", "not TOML"),
        ("resolvers.toml", '[[resolver]]\nurls = "udp://203.0.113.208"\n', "resolver 1: urls: must be a list"),
        ("resolvers.toml", '[[resolver]]\nurls = ["tls://dns.example"]\naddress = 1\n', "resolver 1: address: must be"),
    ],
)
def test_a_faulty_list_is_named_with_its_remedy(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)

    with pytest.raises(ConfigError, match="^" + str(tmp_path)) as caught:
        (load_neutral if name == "controls.toml" else load_resolvers)([tmp_path])
    assert message in str(caught.value)
