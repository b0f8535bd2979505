"""What one walk collects, and that the text of scripts and styles leaves the page."""

from lxml import etree, html

from blockprobe.mirrors.walk import IMAGES, walk

PAGE = """<head><title>Reed Organ</title><meta property="og:site_name" content="Organs">
<meta http-equiv="Refresh" content="0;url=/x"><style>b{}</style></head>
<h1>Old <b>organs</b><script>inside()</script></h1><h1>second</h1>
<script src="a.js">one()</script><template>shown to nobody</template><input type="PASSWORD"><input>"""


def test_a_walk_finds_brand_scripts_moves_and_fields():
    found = walk(html.document_fromstring(PAGE))

    assert [" ".join(line.split()) for line in found.brand] == ["Reed Organ", "Organs", "Old organs"]
    assert (found.scripts, found.code) == (["", "a.js"], ["inside()", "one()"])
    assert (found.moves, found.passwords) == (["0;url=/x"], 1)


def test_text_of_scripts_styles_and_templates_is_no_text_of_the_page():
    root = html.document_fromstring(PAGE)
    walk(root)

    text = etree.tostring(root, method="text", encoding="unicode")
    assert "organs" in text
    assert not [word for word in ("inside", "one()", "b{}", "nobody") if word in text]


def test_a_logo_is_looked_for_among_the_first_images_only():
    images = ["<img src=x.png alt=other>"] * (IMAGES - 1) + ["<img src=LOGO.png alt=Organs>", "<img src=logo alt=late>"]

    assert walk(html.document_fromstring("".join(images))).brand == ["Organs"]
