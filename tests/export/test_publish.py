"""What is published tells nobody whose line it was."""

import base64
from dataclasses import replace

import pytest

from blockprobe.export.publish import ENRICHMENT, for_publication, without_query_values
from blockprobe.export.scrub import SCRUBBED
from blockprobe.model.codec import dump_record
from blockprobe.model.observation import HttpObservation
from blockprobe.model.record import Record

from .example import example

OWN = "198.51.100.10"
NUMBER = "447700900123"


def with_page(body: str = "", *, headers: tuple[tuple[str, str], ...] = (), location: str | None = None) -> Record:
    """The example, whose first page says something else."""
    record = example()
    page = next(one for one in record.observations if isinstance(one, HttpObservation))
    changed = replace(page, body=body, headers=headers, location=location)
    others = tuple(one for one in record.observations if one is not page)
    return replace(record, observations=(changed, *others))


@pytest.mark.parametrize("form", [OWN, OWN.encode().hex(), base64.b64encode(OWN.encode()).decode(), "198-51-100-10"])
def test_the_address_goes_in_every_form(form: str) -> None:
    published = dump_record(for_publication(with_page(f"you are {form} here"), [OWN]))

    assert form.encode() not in published
    assert OWN.encode() not in published


@pytest.mark.parametrize(
    "text",
    [
        f"X-MSISDN: {NUMBER}\r\nHost: a.example",
        f"x-up-calling-line-id: +{NUMBER}",
        f'{{"X-Nokia-MSISDN": "{NUMBER}", "Host": "a.example"}}',
        f"<td>X-Forwarded-For = {NUMBER}</td>",
        f"msisdn={NUMBER}&x=1",
    ],
)
def test_enrichment_goes_from_pages_and_its_name_stays(text: str) -> None:
    published = dump_record(for_publication(with_page(text), []))

    assert NUMBER.encode() not in published
    name = next(one for one in ENRICHMENT if one in text.lower())
    assert name.encode() in published.lower()


def test_enrichment_goes_from_headers() -> None:
    record = with_page(headers=(("X-MSISDN", NUMBER), ("X_UP_CALLING_LINE_ID", NUMBER), ("Server", "nginx")))

    page = next(one for one in for_publication(record, []).observations if isinstance(one, HttpObservation))

    assert page.headers == (("X-MSISDN", SCRUBBED), ("X_UP_CALLING_LINE_ID", SCRUBBED), ("Server", "nginx"))


def test_values_of_a_redirect_go_wherever_the_url_stands() -> None:
    url = "http://portal.example/login?token=s3cret-of-this-line&next=http://a.example/"
    record = with_page(f"<a href='{url}'>", headers=(("Location", url),), location=url)

    published = dump_record(for_publication(record, []))

    assert b"s3cret-of-this-line" not in published
    assert b"http://portal.example/login?token=" in published


def test_what_the_operator_typed_stays() -> None:
    record = example()
    target = replace(record.target, input="http://a.example/?id=1234", url="http://a.example/?id=1234")
    published = for_publication(replace(record, target=target), [])

    assert published.target == target


@pytest.mark.parametrize(
    ("url", "published"),
    [
        ("http://a.example/", "http://a.example/"),
        ("http://a.example/?a=1&b=", f"http://a.example/?a={SCRUBBED}&b={SCRUBBED}"),
        ("/next?abcdef", f"/next?{SCRUBBED}"),
        ("http://a.example/?a=1#frag", f"http://a.example/?a={SCRUBBED}#{SCRUBBED}"),
        ("http://[bad/?a=1", f"http://[bad/?{SCRUBBED}"),
    ],
)
def test_names_of_parameters_stay_and_values_go(url: str, published: str) -> None:
    assert without_query_values(url) == published


def test_words_and_numbers_that_are_none_of_these_stay() -> None:
    text = "Forwarding: 12 pages of the msisdn standard; call 0800 1111"

    page = next(one for one in for_publication(with_page(text), []).observations if isinstance(one, HttpObservation))
    assert page.body == text
