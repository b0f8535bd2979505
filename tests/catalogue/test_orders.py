"""Orders, networks and plans: what is written is read, later folders win, and every fault is named at once."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blockprobe.catalogue import data, orders
from blockprobe.catalogue.data import shipped_data
from blockprobe.catalogue.faults import CatalogueFaults
from blockprobe.catalogue.fingerprints import load_fingerprints
from blockprobe.catalogue.orders import catalogue_of, load_catalogue
from blockprobe.lab.demo_world import DEMO
from blockprobe.model.order import OrderFlag, OrderKind, TargetKind, Technique, TimeSource
from blockprobe.model.settings import Settings

from .folder import NETWORK, ORDER, PLAN, faults_in, faults_of, loaded, with_target, written

DEMO_CATALOGUE = Path(__file__).parents[2] / "blockprobe/lab/data/catalogue"

EVERY_KEY = """
[[order]]
id = "zz/full"
jurisdiction = "zz"
title = "A v One"
citation = "[2026] EXHC 1"
court = "High Court of Example"
legal_basis = "Example Act"
applicant = "A"
kind = "live"
made_at = 2026-01-05
in_force_from = 2026-01-12T00:00:00+01:00
in_force_until = 2027-01-12T00:00:00Z
deadline_rule = "within two days"
techniques = ["dns", "ip"]
own_resolver_only = true
notice_expected = true
page_hosts = ["Notice.isp.example"]
mirrors_allowed = true
list_url = "https://list.example/"
[[order.source]]
text = "The order"
url = "https://court.example/1"
verified_at = 2026-02-01
[[order.respondent]]
network = "zz/one"
served_at = 2026-01-11T09:00:00Z
notice_at = 2026-01-12T09:00:00Z
deadline = 2026-01-14T09:00:00Z
time_source = "court"
source = { text = "paragraph 3" }
[[order.target]]
value = "https://Münch.example/a?b"
kind = "url"
group = "g"
from_at = 2026-02-01T00:00:00Z
until_at = 2026-03-01T00:00:00Z
notice_at = 2026-02-01T00:00:00Z
deadline = 2026-02-03T00:00:00Z
source = { text = "notice 7" }
flags = ["parked", "re_registered"]
"""


def test_every_key_is_read_and_times_become_utc(tmp_path: Path) -> None:
    order = loaded(tmp_path, order=EVERY_KEY).orders["zz/full"]

    assert order.kind is OrderKind.LIVE
    assert order.made_at == date(2026, 1, 5)
    assert order.in_force_from == datetime(2026, 1, 11, 23, tzinfo=UTC)
    assert order.in_force_from.tzinfo is UTC
    assert order.techniques == (Technique.DNS, Technique.IP)
    assert order.page_hosts == ("notice.isp.example",)
    [respondent] = order.respondents
    assert respondent.time_source is TimeSource.COURT
    assert respondent.source is not None
    assert respondent.source.text == "paragraph 3"
    [target] = order.targets
    assert target.value == "https://xn--mnch-0ra.example/a?b"
    assert target.flags == (OrderFlag.PARKED, OrderFlag.RE_REGISTERED)


def test_country_and_kind_follow_from_folder_and_default(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path)

    assert catalogue.networks["zz/one"].country == "zz"
    assert catalogue.orders["zz/first"].jurisdiction == "zz"
    assert [(one.value, one.kind) for one in catalogue.orders["zz/first"].targets] == [
        ("a.example", TargetKind.DOMAIN),
        ("b.example", TargetKind.HOST),
    ]


def test_a_later_folder_replaces_and_retires_by_id(tmp_path: Path) -> None:
    first = written(tmp_path / "first", order=ORDER + ORDER.replace("zz/first", "zz/second"))
    changed = ORDER.replace("A v One", "changed") + '[[order]]\nid = "zz/second"\nretired = true\n'
    later = written(tmp_path / "later", order=changed, network="", plan="")

    catalogue = load_catalogue([first, later])

    assert [order.title for order in catalogue.orders.values()] == ["changed"]
    assert list(load_catalogue([later, first]).orders) == ["zz/first", "zz/second"]


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    one = loaded(tmp_path / "one")
    same = loaded(tmp_path / "same", order=f"# a comment\n{ORDER}")
    other = loaded(tmp_path / "other", order=ORDER.replace("a.example", "c.example"))

    assert one.digest == same.digest
    assert one.digest != other.digest
    assert one.digest.startswith("sha256:")


def test_all_faults_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    order = with_target('vaule = "c.example"\nfrom_at = 2026-01-01T00:00:00').replace('"zz/one"', '"zz/on"')
    network = NETWORK + '[[network]]\nid = "zz/two"\nname = 2\nasns = "64500"\n'

    faults = faults_of(tmp_path, order=order, network=network, plan=PLAN.replace('"*"', '"zz/frst"'))

    assert faults == [
        "orders/zz/o.toml: order 1 (zz/first): target 3: vaule: unknown key; did you mean value?",
        "orders/zz/o.toml: order 1 (zz/first): target 3: from_at: 2026-01-01T00:00:00 has no offset from UTC, so it is "
        "no absolute time; write Z behind it, or +01:00",
        "orders/zz/o.toml: order 1 (zz/first): target 3: value: missing; add this key",
        'networks/zz/n.toml: network 2 (zz/two): name: must be a text in quotes, as in "…", not a whole number',
        'networks/zz/n.toml: network 2 (zz/two): asns: must be a list of values, not a text; write it as in ["…", "…"]',
        "plans/p.toml: plan 1 (website): orders: no order 'zz/frst'; did you mean zz/first?",
    ]


HEAD = ORDER.partition("[[order.source]]")[0]
REST = "[[order.source]]" + ORDER.partition("[[order.source]]")[2]


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        (ORDER.replace("zz/one", "zz/oone"), "respondent 1: network: no network 'zz/oone'; did you mean zz/one?"),
        (ORDER + ORDER, "id: is used already, at "),
        (ORDER.replace("zz/first", "gb/first"), "id: does not match the folder 'zz'; move the file"),
        (ORDER.replace("zz/first", "zz/First!"), "id: must be up to 100 lower-case letters"),
        (ORDER.replace('id = "zz/first"', ""), "id: missing; give it one, as in id = "),
        (HEAD + 'jurisdiction = "gb"\n' + REST, "jurisdiction: is not the country of the id; write 'zz'"),
        (ORDER.replace('[[order.source]]\ntext = "The order"', ""), "source: missing; add this table"),
        (ORDER.replace('text = "The order"', 'text = "x"\nurl = "ftp://x"'), "url: 'ftp://x' is no web address"),
        (HEAD + "made_at = 2026-01-05T00:00:00Z\n" + REST, "made_at: must be a day, as in 2026-11-21"),
        (HEAD + "in_force_from = 2026-01-05\n" + REST, "in_force_from: must be an absolute time, as in 2026-11-21T12"),
        (HEAD + "in_force_from = 0001-01-01T00:00:00+14:00\n" + REST, "lies beyond what can be computed"),
        (
            HEAD + "in_force_from = 2026-01-05T00:00:00Z\nin_force_until = 2026-01-05T00:00:00Z\n" + REST,
            "in_force_until: is not after in_force_from",
        ),
        (HEAD + 'kind = "dynamc"\n' + REST, "kind: 'dynamc' is unknown; did you mean dynamic?"),
        (HEAD + 'list_url = "list.example"\n' + REST, "list_url: is no web address"),
        (ORDER.replace('techniques = ["dns"]', "techniques = []"), "techniques: is empty"),
        (
            ORDER.replace('["notice.isp.example"]', '["https://x.example/"]'),
            "page_hosts: 'https://x.example/': is a URL",
        ),
        (
            ORDER.replace('"zz/one"', '"zz/one"\ndeadline = 2026-01-05T00:00:00Z\ntime_source = "court"'),
            "no source; add",
        ),
        (ORDER.replace('"zz/one"', '"zz/one"\nnotice_at = 2026-01-05T00:00:00Z'), "time_source: missing; say where"),
        (ORDER.replace('"zz/one"', '"zz/one"\nsource = "x"'), "source: must be a table; write { text = … }"),
        (
            ORDER.replace(
                '"zz/one"',
                '"zz/one"\nserved_at = 2026-01-05T00:00:00Z\ndeadline = 2026-01-04T00:00:00Z\ntime_source = "court"\n'
                'source = { text = "x" }',
            ),
            "deadline: is not after served_at",
        ),
        (ORDER + '[[order.respondent]]\nnetwork = "zz/one"\n', "respondent: zz/one is listed twice; keep one"),
        (with_target('value = "A.EXAMPLE."'), "value: is listed already, as target 1; keep one"),
        (with_target('value = "Notice.isp.example"'), "value: the page of the notice is no target (notice.isp.example"),
        (with_target('value = "https://a.notice.isp.example/"\nkind = "url"'), "the page of the notice is no target"),
        (with_target('value = "10.0.0.1"\nkind = "address"'), "no public site can have this address"),
        (with_target('value = "http://[2001:db8::1]/"\nkind = "url"'), "no public site can have this address"),
        (with_target('value = "198.51.100.0/24"\nkind = "address"'), "is no IP address; a range is not measured"),
        (with_target('value = "198.51.100.7"'), 'is an address; write kind = "address"'),
        (with_target('value = "https://c.example/"'), 'is a URL; write the name alone, or kind = "url"'),
        (with_target('value = "c.example:8080"'), "has a port; orders name hosts"),
        (with_target('value = "c.example"\nkind = "url"'), 'is no URL; write https:// before it, or kind = "domain"'),
        (with_target('value = "c d.example"'), "contains white space"),
        (with_target('value = ""'), "value: is empty; write something"),
        (with_target('value = "c.example"\ndeadline = 2026-01-05T00:00:00Z'), "deadline: has no source; add source"),
        (
            with_target('value = "c.example"\nfrom_at = 2026-01-05T00:00:00Z\nuntil_at = 2026-01-04T00:00:00Z'),
            "until_at: is not after from_at",
        ),
        (
            with_target(
                'value = "c.example"\nnotice_at = 2026-01-05T00:00:00Z\ndeadline = 2026-01-04T00:00:00Z\n'
                'source = { text = "x" }'
            ),
            "deadline: is not after notice_at",
        ),
        ("order = 3\n", "order: must be tables; begin each entry with [[order]]"),
        (ORDER + "[[orders]]\n", "orders: unknown table; begin each entry with [[order]]"),
        (HEAD.replace("[[order]]", "[[order]]\ntarget = 3") + REST.partition("[[order.target]]")[0], "must be tables"),
        ("[[order]\n", "not TOML"),
        (f"x = {'[' * 5000}\n", "not TOML"),
        (f"x = {'9' * 5000}\n", "not TOML"),
    ],
)
def test_each_fault_says_where_and_what_to_do(order: str, fault: str, tmp_path: Path) -> None:
    found = [one for one in faults_of(tmp_path, order=order) if not one.startswith("plans/")]

    assert len(found) == 1, found
    assert found[0].startswith("orders/zz/o.toml: ")
    assert fault in found[0]


def test_an_entry_taken_off_and_put_on_again_is_no_repetition(tmp_path: Path) -> None:
    first = with_target('value = "c.example"\nuntil_at = 2026-01-05T00:00:00Z')

    catalogue = loaded(
        tmp_path, order=f'{first}[[order.target]]\nvalue = "c.example"\nfrom_at = 2026-02-05T00:00:00Z\n'
    )

    assert [one.value for one in catalogue.orders["zz/first"].targets].count("c.example") == 2


def test_a_laboratory_names_the_reserved_ranges_that_it_uses(tmp_path: Path) -> None:
    folder = written(tmp_path, order=with_target('value = "203.0.113.7"\nkind = "address"'))

    catalogue = load_catalogue([folder], public=("203.0.113.0/24",))

    assert catalogue.orders["zz/first"].targets[-1].value == "203.0.113.7"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("orders/o.toml", "lies at the wrong place; put it into"),
        ("networks/a/b/n.toml", "lies at the wrong place; put it into"),
        ("plans/zz/p.toml", "lies too deep; put it into"),
    ],
)
def test_a_file_at_the_wrong_place_is_named(name: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("")

    with pytest.raises(CatalogueFaults, match=fault):
        load_catalogue([tmp_path])


def test_what_is_no_utf_8_or_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path)
    (folder / "orders/zz/latin.toml").write_bytes(b'title = "K\xf8benhavn"\n')
    (folder / "orders/zz/large.toml").write_bytes(b"#" * 5000)
    monkeypatch.setattr(data, "MAX_FILE_BYTES", 4999)

    with pytest.raises(CatalogueFaults) as caught:
        load_catalogue([folder])

    assert "large.toml: longer than 4999 bytes; split it, or import a list as CSV" in caught.value.faults[0]
    assert "latin.toml: byte 10: not UTF-8; save the file as UTF-8" in caught.value.faults[1]


def test_too_many_targets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MAX_TARGETS", 1)

    assert faults_of(tmp_path) == ["orders: 2 targets in all; give at most 1"]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.binary(max_size=200), st.tuples(st.integers(0, len(ORDER)), st.binary(max_size=8))))
def test_whatever_bytes_a_file_holds_only_faults_are_raised(tmp_path: Path, what: bytes | tuple[int, bytes]) -> None:
    folder = written(tmp_path)
    text = ORDER.encode()
    content = what if isinstance(what, bytes) else text[: what[0]] + what[1] + text[what[0] + len(what[1]) :]
    (folder / "orders/zz/o.toml").write_bytes(content)

    assert all(fault.startswith(str(folder)) for fault in faults_in(folder))


VALUES = st.recursive(
    st.sampled_from(["true", "3", "-1", "1.5", "nan", "inf", '""', '"x"', '"zz/one"', '"\\u0007"', "2026-01-05"])
    | st.sampled_from(["2026-01-05T00:00:00", "2026-01-05T00:00:00Z", "12:00:00", "9999-12-31T23:59:59-12:00"]),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda found: f"[{', '.join(found)}]")
        | inner.map(lambda one: f"{{ text = {one} }}")
    ),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["citation", "kind", "made_at", "techniques", "page_hosts", "target"]), VALUES)
def test_whatever_a_key_holds_only_faults_are_raised(tmp_path: Path, key: str, value: str) -> None:
    head, source, rest = EVERY_KEY.partition("[[order.source]]")
    lines = [line for line in head.splitlines() if not line.startswith(f"{key} = ")]
    order = "\n".join([*lines, f"{key} = {value}", source + rest.partition("[[order.target]]")[0]])

    found = faults_in(written(tmp_path, order=order))

    assert all(f": {key}" in fault for fault in found), found


def test_what_is_shipped_has_no_fault_and_no_fingerprint_without_its_network() -> None:
    catalogue = catalogue_of(Settings())

    assert {order.jurisdiction for order in catalogue.orders.values()} == {"dk", "au", "de", "es", "gb"}
    countries = {name.partition("/")[0] for name in catalogue.networks}
    assert " ".join(sorted(countries)) == "at au be br ca de dk es fr gb gr in it nl no pt se sg"
    assert set(catalogue.plans) == {"website", "live", "bypass"}
    named = {one.isp for one in load_fingerprints() if one.isp and not one.isp.startswith("zz/")}
    assert named <= set(catalogue.networks)


def test_no_as_number_belongs_to_two_networks() -> None:
    numbers = [asn for network in catalogue_of(Settings()).networks.values() for asn in network.asns]

    assert len(numbers) == len(set(numbers))
    assert len(numbers) > 100


def test_shipped_orders_invent_nothing() -> None:
    """Nothing is known of single targets, and of no order's notice or deadline in absolute time."""
    for order in catalogue_of(Settings()).orders.values():
        assert order.sources
        assert order.targets == ()
        assert all((one.served_at, one.notice_at, one.deadline) == (None, None, None) for one in order.respondents)


def test_the_demo_orders_list_sites_of_the_demo_world_and_reserved_names_only() -> None:
    demo = load_catalogue([shipped_data(), DEMO_CATALOGUE])
    world = {expect.target.split("//")[-1].strip("/") for expect in DEMO.targets}
    ours = [order for order in demo.orders.values() if order.jurisdiction == "zz"]

    hosts = {target.value.split("//")[-1].strip("/") for order in ours for target in order.targets}
    assert hosts <= world
    assert len(ours) == 4
    assert {order.kind for order in ours} == set(OrderKind)
    assert all(one.deadline for order in ours if order.kind is not OrderKind.LIVE for one in order.respondents)
