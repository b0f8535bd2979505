"""Names to watch, from the lines of `mirrors find` and from plain lists."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.listed import MAX_LINE, lives_in
from blockprobe.model.mirror import MirrorClass, Source
from blockprobe.model.mirror_life import Life

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FOUND = json.dumps(
    {"name": "site.lol", "site": "site.example", "rank": 1, "prior": 0.2, "sources": [{"source": "link", "prior": 0.2}]}
)


def read(*lines: str, site: str | None = "site.example") -> list[Life | str]:
    return list(lives_in(lines, site=site, now=NOW))


def test_a_document_says_whose_mirror_it_is_and_where_it_was_found():
    assert read(FOUND, site=None) == [Life(name="site.lol", site="site.example", source=Source.LINK, known_at=NOW)]


def test_a_plain_name_is_the_operators_word_for_the_one_site():
    assert read("# mine", "", " Site.LOL ", "https://b.example/x") == [
        Life(name=name, site="site.example", source=Source.OPERATOR, known_at=NOW) for name in ("site.lol", "b.example")
    ]


def test_a_classified_host_comes_with_its_class():
    line = {"id": "a.example", "p_copy": 0.99, "class": "proxy_live"}
    (found,) = read(json.dumps(line))
    (named,) = read(json.dumps(line | {"site": "Other.example"}), site=None)

    assert (found.name, found.site, found.kind) == ("a.example", "site.example", MirrorClass.PROXY_LIVE)
    assert named.site == "other.example"
    assert "no candidate" in read(json.dumps(line), site=None)[0]
    assert "no candidate" in read(json.dumps(line | {"class": "nice"}))[0]


def test_a_line_of_two_words_says_whose_mirror_it_is():
    assert read("a.example  https://Other.Example/", site=None) == [
        Life(name="a.example", site="other.example", source=Source.OPERATOR, known_at=NOW)
    ]


@pytest.mark.parametrize(
    ("line", "site", "told"),
    [
        ("a.example", None, "name one SITE"),
        ("{", "s.example", "mirrors find"),
        ('{"name": 1}', "s.example", "mirrors find"),
        ('{"name": "a.example", "site": "b.example", "sources": []}', None, "mirrors find"),
        ('{"name": "a.example", "site": "b.example", "sources": [{"source": "hearsay"}]}', None, "mirrors find"),
        ("{" + '"a":[' * 15_000, "s.example", "mirrors find"),
        ("x" * (MAX_LINE + 1), "s.example", "one name a line"),
        ("no name at all", "s.example", "line 1"),
    ],
)
def test_a_line_that_is_none_is_told_with_its_number_and_the_rest_is_read(line, site, told):
    fault, good = read(line, FOUND, site=site)

    assert isinstance(fault, str)
    assert fault.startswith("line 1: ")
    assert told in fault
    assert isinstance(good, Life)


@given(st.text(max_size=200))
def test_no_line_breaks_it(line):
    assert len(read(line)) <= 1
