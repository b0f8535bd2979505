"""Is what came the real site? "A page came" is no success."""

from dataclasses import replace

import pytest

from blockprobe.model.bypass import Shown
from blockprobe.model.control import ControlHttp
from blockprobe.model.failure import Failure
from blockprobe.model.observation import HttpObservation, Place, Test, Why
from blockprobe.verdict.site_proof import Proof, place_of, read_page

URL = "http://a.example/"
OURS, THEIRS = tuple(range(64)), tuple(range(1000, 1064))
CONTROL = ControlHttp(url=URL, failure=None, status=200, body_bytes=3000, sketch=OURS)
KNOWN = Proof(pages={place_of(URL): (CONTROL,)})


def page(status: int | None = 200, **changes: object) -> HttpObservation:
    """A page as it came, like the control's unless said otherwise."""
    plain = HttpObservation(
        why=Why(test=Test.PROOF, place=Place.ORIGIN), t0_s=0.0, t_s=0.1, failure=None, url=URL, host="a.example",
        address="203.0.113.5", port=80, tls=False, status=status, body_bytes=3000, body_sha256="x", sketch=OURS,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]  # the keys are the observation's own


@pytest.mark.parametrize(
    ("came", "proof", "proven", "shown"),
    [
        (page(), KNOWN, False, Shown.REAL),
        (page(sketch=THEIRS), KNOWN, False, Shown.UNPROVEN),
        (page(), Proof(), False, Shown.UNPROVEN),  # nothing to hold it against
        (page(sketch=THEIRS), Proof(), True, Shown.REAL),  # a valid chain needs nobody's word
        (page(sketch=THEIRS), replace(KNOWN, block_pages=(page(sketch=THEIRS),)), False, Shown.OTHER),
        (page(), replace(KNOWN, block_pages=(page(),)), False, Shown.REAL),  # the control's page is no block page
        (page(403), KNOWN, True, Shown.REFUSED),
        (page(451), KNOWN, True, Shown.REFUSED),
        (page(403), Proof(pages={place_of(URL): (replace(CONTROL, status=403),)}), True, Shown.REAL),
        (page(500), KNOWN, True, Shown.UNPROVEN),
        (page(None, failure=Failure.GENERIC_TIMEOUT_ERROR), KNOWN, False, Shown.SILENCE),
        (page(None, failure=Failure.CONNECTION_RESET), KNOWN, True, Shown.OTHER),
        (
            page(sketch=THEIRS),
            replace(KNOWN, same_as=(CONTROL,)),
            True,
            Shown.UNPROVEN,
        ),  # a valid chain for another site
        (page(), replace(KNOWN, same_as=(CONTROL,)), True, Shown.REAL),
        (page(302, location=None), KNOWN, True, Shown.UNPROVEN),
        (page(302, location="http://elsewhere.example/"), KNOWN, False, Shown.UNPROVEN),
    ],
)
def test_what_a_page_shows(came: HttpObservation, proof: Proof, proven: bool, shown: Shown) -> None:
    reading = read_page(came, proof, proven=proven, notice=None)

    assert reading.shown is shown
    assert reading.because
    assert reading.following is None


def test_a_known_block_page_is_one_in_cleartext_only() -> None:
    strange = page(sketch=THEIRS)

    assert read_page(strange, KNOWN, proven=False, notice="x").shown is Shown.OTHER
    assert read_page(strange, KNOWN, proven=True, notice=None).shown is Shown.REAL


@pytest.mark.parametrize(
    ("location", "proven", "following"),
    [
        ("https://a.example/", False, "https://a.example/"),  # to its own https
        ("http://www.a.example/x", False, "http://www.a.example/x"),
        ("/inside", False, "http://a.example/inside"),
        ("https://elsewhere.example/", True, "https://elsewhere.example/"),  # the site itself says so
    ],
)
def test_the_sites_own_redirect_is_followed(location: str, proven: bool, following: str) -> None:
    assert read_page(page(301, location=location), KNOWN, proven=proven, notice=None).following == following


def test_a_redirect_that_the_control_got_as_well_is_followed() -> None:
    theirs = replace(CONTROL, status=302, location="https://login.example/")
    came = page(302, location="https://login.example/")

    assert read_page(came, Proof(pages={place_of(URL): (theirs,)}), proven=False, notice=None).following is not None


def test_a_redirect_to_a_block_page_is_not_followed() -> None:
    reading = read_page(page(302, location="http://block.isp.example/"), KNOWN, proven=False, notice="isp")

    assert (reading.shown, reading.following) == (Shown.OTHER, None)
