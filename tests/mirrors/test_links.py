"""Links keep what a copy keeps and lose what it changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockprobe.mirrors.links import plain_links, unwrapped


@pytest.mark.parametrize(
    ("href", "plain"),
    [
        ("https://site.example/item/7", "item/7"),
        ("//cdn.site.example/item/7", "item/7"),
        ("/item/7/", "item/7"),
        ("../item/7.html#reviews", "item/7"),
        ("item/7/index.html", "item/7"),
        ("/search?q=x&page=2", "search?q=x&page=2"),
        ("?page=2", "?page=2"),
        ("/proxy/site.example/item/7", "item/7"),
        ("/fetch/https://site.example/item/7", "item/7"),
        ("https://archive.example/web/20250101/https://site.example/item/7", "item/7"),
        ("/browse.php?u=aHR0cHM6Ly9zaXRlLmV4YW1wbGUvaXRlbS83&b=4", "item/7"),
        ("/browse.php?u=https%3A%2F%2Fsite.example%2Fitem%2F7&b=4", "item/7"),
    ],
)
def test_the_same_item_is_the_same_link_wherever_the_copy_lives(href, plain):
    assert plain_links([href.encode()]) == {plain.encode()}


@pytest.mark.parametrize("href", ["", "/", "#top", "index.html", "https://site.example/", "mailto:a@b.example"])
def test_a_link_to_nowhere_in_particular_is_none(href):
    assert plain_links([href.encode()]) == set()


def test_a_script_in_a_folder_with_dots_is_no_wrapped_address():
    assert unwrapped("/js/jquery.min.js/x") == "/js/jquery.min.js/x"


@given(st.lists(st.text(alphabet="abc/.:?=&#%htpsu\n \u017e", max_size=60).map(str.encode), max_size=8))
def test_whatever_stands_in_a_link_it_is_read(hrefs):
    assert all(isinstance(link, bytes) and link for link in plain_links(hrefs))
