from blockprobe.mirrors.brand import brand_of
from blockprobe.mirrors.suffixes import host_in
from blockprobe.mirrors.typos import typos


def test_each_kind_of_slip_is_there_once_and_the_site_is_not():
    found = typos(brand_of("somebrand.co.uk"))

    assert {"omebrand.co.uk", "ssomebrand.co.uk", "osmebrand.co.uk", "domebrand.co.uk", "s0mebrand.co.uk"} <= set(found)
    assert "sornebrand.co.uk" in found
    assert len(set(found)) == len(found)
    assert "somebrand.co.uk" not in found
    assert [name for name in found if host_in(name) != name] == []


def test_an_international_name_has_none():
    assert typos(brand_of("bücher.example")) == ()


def test_the_shortest_name_has_some():
    assert typos(brand_of("ab.example"))
