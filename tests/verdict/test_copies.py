import pytest

from blockprobe.model.bypass import Shown
from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, Place, Test, Why
from blockprobe.verdict.copies import LEAST_TEXT, read_copy, telling
from blockprobe.verdict.sketch import MAX_TEXT, text_sketch, title_of

SITE = "<title>The site</title>" + " ".join(f"word{letter} of the story" for letter in "abcdefghijklmnopqrstuvwxyz")
OTHER = "<title>Best proxy</title>" + " ".join(f"fast {letter} free secure" for letter in "abcdefghijklmnopqrstuvwxyz")


def page(body: str = SITE, status: int | None = 200, **more: object) -> HttpObservation:
    return HttpObservation(
        why=Why(test=Test.PROOF, place=Place.PROXY),
        t0_s=0.0,
        t_s=0.1,
        failure=None,
        url="https://a.example/",
        host="a.example",
        address="203.0.113.5",
        port=443,
        tls=True,
        status=status,
        title=title_of(body),
        sketch=text_sketch(body),
        body_bytes=len(body),
        **more,  # type: ignore[arg-type]
    )


def shown(seen: HttpObservation, *known: HttpObservation) -> Shown:
    return read_copy(seen, known or (page(),), through="the web proxy").shown


def test_the_same_text_under_a_bar_and_with_other_links_is_a_copy() -> None:
    rewritten = SITE.replace("wordk", '<a href="/?u=https%3A%2F%2Fa.example">wordk</a>')
    assert shown(page("<div>You are browsing through a proxy</div>" + rewritten)) is Shown.REAL


def test_a_page_of_links_is_known_again_when_each_of_them_leads_to_the_proxy() -> None:
    rows = [
        f'<a href="https://a.example/section/{n}/{"x" * 100}">story {_word(n)} {_word(7 * n)}</a>' for n in range(800)
    ]
    whole = "\n".join(rows)
    rewritten = whole.replace('href="https://', 'href="https://webproxy.example/browse?u=https%3A%2F%2F')
    assert len(whole) > MAX_TEXT, "so that the cut falls elsewhere"
    assert shown(page(rewritten), page(whole)) is Shown.REAL


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number * 7919))


@pytest.mark.parametrize(
    "seen",
    [
        page(OTHER),
        page(""),
        page("<title>The site</title>"),
        page(status=502),
        page(status=403),
        page(status=204),
        page(SITE[: len(SITE) // 6]),
    ],
    ids=["own page", "empty", "the title alone", "502", "403", "204", "a sixth of it"],
)
def test_anything_else_is_not(seen: HttpObservation) -> None:
    assert shown(seen) is Shown.OTHER


def test_a_page_without_enough_text_proves_nothing_even_against_itself() -> None:
    short = page("<title>Loading</title><p>Please wait, loading the page</p>")
    assert len(short.sketch) < LEAST_TEXT
    assert telling([short, page(status=403), page(status=302, location="/"), page()]) == (page(),)
    assert shown(short, short) is Shown.OTHER


def test_silence_redirects_and_failures_are_told_apart() -> None:
    assert shown(page("", None)) is Shown.OTHER
    silent = read_copy(_failed(Failure.GENERIC_TIMEOUT_ERROR), (page(),), through="the web proxy")
    assert silent.shown is Shown.SILENCE
    assert shown(_failed(Failure.EOF_ERROR)) is Shown.OTHER
    led = read_copy(page("", 302, location="/browse?x"), (page(),), through="the web proxy")
    assert (led.shown, led.following) == (Shown.UNPROVEN, "/browse?x")
    assert "page of its own ('Best proxy')" in read_copy(page(OTHER), (page(),), through="the web proxy").because


def _failed(failure: Failure) -> HttpObservation:
    return HttpObservation(
        why=Why(test=Test.PROOF, place=Place.PROXY),
        t0_s=0.0,
        t_s=0.1,
        failure=failure,
        url="https://a.example/",
        host="a.example",
        address="203.0.113.5",
        port=443,
        tls=True,
    )
