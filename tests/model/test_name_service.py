import pytest

from blockprobe.model.name_service import NameService, ServiceKind, service_of

BODY = NameService(
    id="a",
    title="A",
    kind=ServiceKind.PARKING,
    source="s",
    name_servers=("park.example",),
    aliases=("cname.a.example",),
)


@pytest.mark.parametrize(
    ("name_servers", "aliases", "is_theirs"),
    [
        (("ns1.park.example", "ns2.park.example"), (), True),
        (("park.example",), (), True),
        (("ns1.notpark.example",), (), False),  # ends alike, and is somebody else's
        (("park.example.evil.example",), (), False),
        ((), ("x.cname.a.example",), True),
        ((), ("park.example",), False),  # an alias is held against aliases alone
        ((), (), False),
    ],
)
def test_a_service_is_known_by_its_hosts_and_what_is_below_them(name_servers, aliases, is_theirs):
    found = service_of((BODY,), name_servers=name_servers, aliases=aliases)

    assert found == (BODY if is_theirs else None)
