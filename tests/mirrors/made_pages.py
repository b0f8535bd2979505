"""Made-up sites in six families (a theme each) and what happens to their pages: the corpus that the tests can make.

Nothing here is taken from a real site. The names are made of two words, hosts end in `.example`, and every choice comes
from one seed. The families differ in what a front page offers: text, links, or hardly anything at all.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    "Amber Birch Copper Dusty Ember Fallow Gentle Harbour Ivory Juniper Kindle Lunar Maple Nimble Opal Prairie"
)
SECOND = _words(
    "shelf attic cellar kiosk arcade depot pantry foundry lantern meadow orchard pier quarry reef studio tower"
)
NOUNS = _words(
    "ladder bucket candle violin compass kettle saddle anchor blanket chimney drawer easel feather gutter hammer "
    "inkwell jigsaw kayak locket mitten needle oar parasol quilt rudder satchel teapot umbrella vase wagon yarn zither"
)
VERBS = _words("paints carries forgets repairs borrows hides measures polishes returns sells follows wraps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One made-up site; `seed` decides its name, its menu and everything that stays the same between two visits."""

    family: str
    seed: int

    @property
    def name(self) -> str:
        """Two words in one, as such sites are called."""
        rng = random.Random(f"name {self.family} {self.seed}")
        return rng.choice(FIRST) + rng.choice(SECOND).capitalize()

    @property
    def host(self) -> str:
        """Where it lives."""
        return f"{self.name.lower()}{self.seed}.example"

    def page(self, visit: int = 0) -> str:
        """The front page on the day `visit`: another day, other items."""
        fixed, moving = random.Random(f"{self.family} {self.seed}"), random.Random(f"{self.family} {self.seed} {visit}")
        return FAMILIES[self.family](self, fixed, moving)


def _title(rng: random.Random) -> str:
    return f"{rng.choice(NOUNS)} {rng.choice(VERBS)} {rng.choice(NOUNS)}"


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(NOUNS if place % 2 else VERBS) for place in range(words)).capitalize() + "."


def _menu(rng: random.Random, *entries: str) -> str:
    chosen = rng.sample(entries, len(entries) - 2)
    return "".join(f'<li><a href="/{entry.lower().replace(" ", "-")}">{entry}</a></li>' for entry in chosen)


def _head(site: Site, tagline: str, *, style: str) -> str:
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{site.name} | {tagline}</title>'
        f'<link rel="stylesheet" href="/{style}/screen.css"><script src="/{style}/bundle.js"></script>'
        f'<link rel="canonical" href="https://{site.host}/"><meta property="og:site_name" content="{site.name}"></head>'
    )


def _tiny(site: Site, fixed: random.Random, moving: random.Random) -> str:
    motto = _sentence(fixed, 5)
    return (
        _head(site, "find anything", style="seek") + f'<body class="seek"><div id="box"><h1>{site.name}</h1>'
        f'<form action="/find"><input name="q" placeholder="What are you looking for"><button>Find</button></form>'
        f"<p>{motto}</p><ul>{_menu(fixed, 'New', 'Best', 'Random', 'Help', 'Account')}</ul>"
        f'<p>&copy; {site.name}, <a href="mailto:post@{site.host}">write to us</a></p></div></body></html>'
    )


def _shell(site: Site, fixed: random.Random, moving: random.Random) -> str:
    built = f"{fixed.getrandbits(32):08x}"
    return (
        _head(site, "app", style="shell") + '<body><div id="app"></div><noscript>This page needs JavaScript.</noscript>'
        f'<script type="module" src="/static/main.{built}.js"></script>'
        f'<link rel="stylesheet" href="/static/main.{built}.css">'
        f'<script>window.__SETTINGS__={{"brandName":"{site.name}","endpoint":"https:\\/\\/data.{site.host}\\/v2",'
        f'"region":"{fixed.choice(NOUNS)}","catalogue":"{fixed.choice(NOUNS)}{fixed.choice(NOUNS)}"}}</script>'
        "</body></html>"
    )


def _forum(site: Site, fixed: random.Random, moving: random.Random) -> str:
    boards = "".join(
        f'<div class="board"><h3><a href="/board/{number}-{word}">{word.capitalize()} talk</a></h3>'
        f'<p>{_sentence(fixed, 9)}</p><span class="last">{_title(moving)}</span></div>'
        for number, word in enumerate(fixed.sample(NOUNS, 9))
    )
    rows = "".join(
        f'<li><a href="/t/{moving.randint(1, 10**6)}">{_title(moving)}</a> {moving.randint(1, 99)}</li>'
        for _ in range(12)
    )
    return (
        _head(site, "the board", style="board") + f'<body class="board"><div id="top"><h1>{site.name}</h1><ul>'
        f"{_menu(fixed, 'Members', 'Rules', 'Search', 'Archive', 'Sign up', 'Log in')}</ul></div>{boards}<ol>"
        f"{rows}</ol>"
        f'<div class="foot">Board software by Boardmaker. {_sentence(fixed, 8)}</div></body></html>'
    )


def _journal(site: Site, fixed: random.Random, moving: random.Random) -> str:
    posts = "".join(
        f'<article><h2><a href="/{moving.randint(2010, 2025)}/{title.replace(" ", "-")}/">{title.capitalize()}</a></h2>'
        f"<p>{_sentence(moving, 18)} {_sentence(moving, 14)}</p></article>"
        for title in (_title(moving) for _ in range(8))
    )
    return (
        _head(site, "a journal", style="journal") + f'<body class="journal"><header id="masthead"><h1>{site.name}</h1>'
        f"<p>{_sentence(fixed, 6)}</p></header><main>{posts}</main><aside><h3>About</h3>"
        f"<p>{_sentence(fixed, 25)}</p><ul>"
        f"{_menu(fixed, 'About', 'Contact', 'Archive', 'Letters', 'Guests', 'Support')}</ul></aside>"
        f"<footer>Proudly made with Journal. &copy; {site.name}</footer></body></html>"
    )


def _cards(site: Site, fixed: random.Random, moving: random.Random) -> str:
    cards = "".join(
        f'<div class="card"><a href="/watch/{moving.randint(10**4, 10**6)}/{title.replace(" ", "-")}">'
        f'<img src="/covers/{moving.randint(1, 10**6)}.jpg" alt="{title}"></a><span>{title.title()}</span></div>'
        for title in (_title(moving) for _ in range(24))
    )
    return (
        _head(site, "watch online", style="cards") + f'<body class="cards dark"><nav><b>{site.name}</b><ul>'
        f"{_menu(fixed, 'Films', 'Series', 'Top rated', 'Genres', 'Countries', 'Requests', 'Apps')}</ul></nav>"
        f'<div class="grid">{cards}</div><footer><p>{site.name} {_sentence(fixed, 12)}</p></footer></body></html>'
    )


def _table(site: Site, fixed: random.Random, moving: random.Random) -> str:
    rows = "".join(
        f'<tr><td>{moving.choice(("Audio", "Video", "Text"))}</td><td><a href="/item/{moving.randint(10**5, 10**7)}">'
        f"{title.title().replace(' ', '.')}</a></td><td>{moving.randint(1, 999)} MB</td>"
        f'<td><a href="/by/{moving.choice(NOUNS)}{moving.randint(1, 99)}">{moving.choice(NOUNS)}</a></td></tr>'
        for title in (_title(moving) for _ in range(30))
    )
    return (
        _head(site, "the index", style="table") + f'<body><div class="head"><a href="/">{site.name}</a><ul>'
        f"{_menu(fixed, 'Browse', 'Upload', 'Recent', 'Top', 'Forum', 'Rules')}</ul></div><table><tr><th>Kind</th>"
        f"<th>Title</th><th>Size</th><th>By</th></tr>{rows}</table><p>{_sentence(fixed, 15)}</p></body></html>"
    )


FAMILIES: dict[str, Callable[[Site, random.Random, random.Random], str]] = {
    "tiny": _tiny,
    "shell": _shell,
    "forum": _forum,
    "journal": _journal,
    "cards": _cards,
    "table": _table,
}


# -- what becomes of a page ------------------------------------------------------------------------------------------


def copies(site: Site, rng: random.Random) -> Iterator[tuple[str, str]]:
    """(what was done, page): copies of the site's front page."""
    page, host = site.page(), f"{rng.choice(NOUNS)}{rng.randint(10, 99)}.example"
    moved = page.replace(site.host, host)
    yield "same", moved
    yield "next_day", site.page(1).replace(site.host, host)
    yield (
        "renamed",
        moved.replace(f"<h1>{site.name}", f"<h1>{site.name} Reborn").replace(
            f"<title>{site.name}", f"<title>{site.name} Reborn"
        ),
    )
    yield "behind_a_path", re.sub(r'(href|src|action)="/', rf'\1="/fetch/{site.host}/', page)
    yield (
        "with_a_bar",
        moved.replace("<body", "<body", 1).replace("</body>", f"<div class=bar>{_sentence(rng, 25)}</div></body>"),
    )
    yield "spaced", re.sub(r"(</(?:li|tr|div|p|article)>)", r"\1\n   ", moved)
    yield "part", _part(moved, rng, keep=0.5)


def _part(page: str, rng: random.Random, *, keep: float) -> str:
    return re.sub(
        r"<(tr|article|li|p)\b[^>]*>.*?</\1>",
        lambda found: found[0] if rng.random() < keep else "",
        page,
        flags=re.DOTALL,
    )


def strangers(site: Site, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """(label, what it is, page): pages that are no copies, whatever they show."""
    name, host = site.name, site.host
    words = " ".join(rng.choice(NOUNS) for _ in range(90))
    form = "<form method=post><input name=u><input type=password name=p></form>"
    ordered = f"<p>Your provider was ordered by the court to block {host}.</p>"
    about = f"<p>{name} was a site. {words} {name}</p><a href='https://{host}/'>{name}</a>"
    yield "parked", "parked", _plain(host, host, "<p>This domain is parked. Related searches</p>")
    yield "phish_lure", "lure", _plain(f"{name} | log in", name, form)
    yield "block_page", "blocked", _plain("Access denied", "Access to this website has been blocked", ordered)
    yield "undetermined", "forbidden", _plain("403 Forbidden", "403 Forbidden", "")
    yield "unrelated", "about_it", _plain(f"{name}: what happened to it", name, about)


def _plain(title: str, heading: str, rest: str) -> str:
    return f"<html><head><title>{title}</title></head><body><h1>{heading}</h1>{rest}</body></html>"
