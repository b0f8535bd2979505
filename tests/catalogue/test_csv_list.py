"""Public lists in CSV: the good lines count, each bad one is named, and a list that collapsed is not believed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blockprobe.catalogue import csv_list
from blockprobe.catalogue.csv_list import MAX_NAMED, ListRead, read_list
from blockprobe.model.order import OrderTarget, TargetKind
from blockprobe.model.plan import CsvList

PLAIN = CsvList(path="l.csv")


def read(content: str | bytes, folder: Path, one: CsvList = PLAIN, previous: int | None = None) -> ListRead:
    """What comes of a file with that content."""
    (folder / one.path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_list(one, folder, previous=previous)


def values(found: ListRead) -> list[str]:
    """The entries' values."""
    return [target.value for target in found.targets]


def test_names_addresses_and_urls_are_told_apart_and_each_counts_once(tmp_path: Path) -> None:
    text = "domain,note\na.example,1\n\nA.EXAMPLE.,2\nhttps://b.example/,3\nhttps://b.example/x,4\n9.9.9.9,5\n*.Münch.example,6\n"

    found = read(text, tmp_path)

    assert [(target.value, target.kind) for target in found.targets] == [
        ("a.example", TargetKind.DOMAIN),
        ("b.example", TargetKind.DOMAIN),
        ("https://b.example/x", TargetKind.URL),
        ("9.9.9.9", TargetKind.ADDRESS),
        ("xn--mnch-0ra.example", TargetKind.DOMAIN),
    ]
    assert found.faults == ()


def test_columns_delimiter_encoding_and_rows_are_the_plans(tmp_path: Path) -> None:
    one = CsvList(
        path="l.csv",
        value="Domæne",
        kind=TargetKind.HOST,
        from_at="Dato",
        until_at="Slut",
        where="Type",
        equals=("Rettighed",),
        time_format="%d-%m-%Y",
        timezone="UTC",
        delimiter=";",
        encoding="iso-8859-1",
    )
    text = "Type;Domæne;Dato;Slut\nRettighed;a.example;01-02-2026;\nSpil;b.example;01-02-2026;\n"

    found = read(text.encode("iso-8859-1"), tmp_path, one)

    assert found.faults == ()
    assert found.targets == (
        OrderTarget(value="a.example", kind=TargetKind.HOST, from_at=datetime(2026, 2, 1, tzinfo=UTC)),
    )


def test_a_list_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    found = read("1,a.example\n2,b.example\n", tmp_path, CsvList(path="l.csv", value="2", header=False))

    assert values(found) == ["a.example", "b.example"]


def test_a_mark_of_byte_order_is_no_part_of_the_header(tmp_path: Path) -> None:
    assert values(read(b"\xef\xbb\xbfdomain\na.example\n", tmp_path)) == ["a.example"]


def test_each_bad_line_is_named_with_its_number_and_the_others_count(tmp_path: Path) -> None:
    one = CsvList(path="l.csv", from_at="from", until_at="until")
    text = (
        "domain,from,until\n"
        "a b,,\n"
        "a.example,,\n"
        '"c.\nexample",,\n'
        "d.example\n"
        "e.example,yesterday,\n"
        "f.example,2026-01-01T00:00:00,\n"
        "g.example,2026-01-02T00:00:00Z,2026-01-01T00:00:00Z\n"
        "h.example,0001-01-01T00:00:00+14:00,\n"
        "127.0.0.1,,\n"
    )

    found = read(text, tmp_path, one)

    assert values(found) == ["a.example"]
    assert not found.refused
    expected = [
        ("line 2", "contains white space"),
        ("line 5", "contains white space"),
        ("line 6", "has 1 columns only, 'from' is number 2"),
        ("line 7", "'yesterday' is no time as in 2026-11-21T12:00:00Z"),
        ("line 8", "has no offset from UTC; give the list's timezone in the plan"),
        ("line 9", "ends before it begins"),
        ("line 10", "is no time"),
        ("line 11", "no public site can have this address"),
    ]
    assert len(found.faults) == len(expected)
    for fault, (line, what) in zip(found.faults, expected, strict=True):
        assert fault.startswith(f"{tmp_path}/l.csv: {line}: ")
        assert what in fault


def test_a_value_that_stands_twice_is_one_entry_from_first_to_last(tmp_path: Path) -> None:
    one = CsvList(path="l.csv", from_at="from", until_at="until", timezone="UTC")
    rows = ("a.example,2026-02-01,2026-03-01", "a.example,2026-01-01,", "b.example,,", "b.example,2026-01-01,")
    text = "\n".join(["domain,from,until", *rows])

    first, second = read(text, tmp_path, one).targets

    assert (first.from_at, first.until_at) == (datetime(2026, 1, 1, tzinfo=UTC), None)
    assert second.from_at is None


def test_days_of_a_list_are_days_of_its_timezone(tmp_path: Path) -> None:
    one = CsvList(path="l.csv", from_at="from", timezone="Europe/Copenhagen")

    found = read("domain,from\na.example,2026-07-01\n", tmp_path, one)

    assert found.targets[0].from_at == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_of_many_bad_lines_some_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    found = read("domain\n" + "a b\n" * (MAX_NAMED + 7), tmp_path)

    assert len(found.faults) == MAX_NAMED + 1
    assert "7 more lines are bad" in found.faults[-1]


@pytest.mark.parametrize(
    ("content", "one", "fault"),
    [
        (b"", PLAIN, "is empty; fetch it again"),
        (b"\n\n", PLAIN, "is empty; fetch it again"),
        (b"<html>\n", PLAIN, "has no column 'domain', only '<html>'; correct list l.csv"),
        (b"domain\nK\xf8benhavn.example\n", PLAIN, "byte 8: not utf-8; give the list's encoding in the plan"),
        (b"domain\n", CsvList(path="l.csv", encoding="none-such"), "encoding 'none-such' is unknown"),
        (b"domain\n", CsvList(path="l.csv", timezone="None/Such"), "timezone 'None/Such' is unknown here"),
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(content: bytes, one: CsvList, fault: str, tmp_path: Path) -> None:
    found = read(content, tmp_path, one)

    assert (found.refused, found.targets, len(found.faults)) == (True, (), 1)
    assert fault in found.faults[0]


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    found = read_list(PLAIN, tmp_path, previous=3)

    assert found.refused
    assert "cannot be read (No such file or directory)" in found.faults[0]


def test_a_list_that_lost_most_of_its_entries_overnight_is_refused(tmp_path: Path) -> None:
    text = "domain\n" + "".join(f"n{number}.example\n" for number in range(10))

    refused = read(text, tmp_path, previous=100)

    assert refused.refused
    assert refused.targets == ()
    assert "10 entries after 100, and shrink_limit = 0.5: the list before stays in force" in refused.faults[0]
    assert not read(text, tmp_path, previous=20).refused
    assert not read(text, tmp_path, CsvList(path="l.csv", shrink_limit=0.0), previous=100).refused
    assert not read(text, tmp_path, previous=None).refused


def test_bytes_and_entries_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_list, "MAX_TARGETS", 1)
    assert "more than 1 entries" in read("domain\na.example\nb.example\n", tmp_path).faults[0]

    monkeypatch.setattr(csv_list, "MAX_LIST_BYTES", 10)
    assert "longer than 10 bytes" in read("domain\na.example\n", tmp_path).faults[0]


def test_a_cell_without_end_is_a_bad_line(tmp_path: Path) -> None:
    found = read('domain\na.example\n"' + "x" * 200_000 + "\n", tmp_path)

    assert values(found) == ["a.example"]
    assert "field larger than field limit" in found.faults[0]


LISTS = st.builds(
    CsvList,
    path=st.just("l.csv"),
    value=st.just("1"),
    kind=st.none() | st.sampled_from(TargetKind),
    from_at=st.none() | st.just("2"),
    time_format=st.sampled_from([None, "%d-%m-%Y", "%", "%s%Z"]),
    timezone=st.sampled_from([None, "UTC", "Europe/Copenhagen"]),
    header=st.booleans(),
    delimiter=st.sampled_from([",", ";", "\t", " "]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-7", "iso-8859-1", "idna", "punycode"]),
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=120) | st.text(st.sampled_from('1,2;\n"a.-/:[]*ü0'), max_size=60).map(str.encode), LISTS)
def test_whatever_bytes_a_list_holds_nothing_is_raised(tmp_path: Path, content: bytes, one: CsvList) -> None:
    found = read(content, tmp_path, one, previous=1)

    assert all(fault.startswith(f"{tmp_path}/l.csv: ") for fault in found.faults)
    assert found.targets == () or not found.refused
