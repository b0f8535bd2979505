"""What a hostile or broken world sends: no crash, bounded memory, and never a wrong `blocked`."""

from typing import Final

from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Door, Redirect, Trouble, place, says, site
from blockprobe.lab.zones import Name
from blockprobe.model.words import State

_NAME: Final = "broken.example"
_URL: Final = f"https://{_NAME}/"
#: What is cut, endless or compressed is a page all the same, and under the site's own certificate.
_PAGES: Final = (Trouble.ENDLESS, Trouble.GZIP_BOMB, Trouble.CUT_SHORT)


def _site(trouble: Trouble) -> Scenario:
    return Scenario(
        name=f"site-{trouble}",
        story=f"the site answers everybody so: {trouble}",
        sites=(site(_NAME, 10, says(trouble)),),
        targets=(Expect(target=_URL, state=State.ACCESSIBLE if trouble in _PAGES else State.DOWN),),
    )


def _door(door: Door) -> Scenario:
    return Scenario(
        name=f"door-{door}",
        story=f"port 443 does this to everybody: {door}",
        sites=(site(_NAME, 10, https=door),),
        targets=(Expect(target=_URL, state=State.DOWN),),
    )


def _resolver(say: Say) -> Scenario:
    return Scenario(
        name=f"resolver-{say}",
        story="a healthy site",
        censor=f"the resolver's answers for it are broken messages: {say}",
        sites=(site(_NAME, 10),),
        lies=(Lie(names=(_NAME,), say=say),),
        targets=(Expect(target=_URL, state=State.INCONCLUSIVE),),
    )


SCENARIOS: Final = (
    *(_site(trouble) for trouble in Trouble),
    *(_door(door) for door in (Door.CLOSED, Door.SILENT, Door.GARBAGE, Door.RESET, Door.EOF, Door.HANG)),
    *(_resolver(say) for say in (Say.LOOP, Say.WRONG_ID, Say.OTHER_QUESTION, Say.GARBAGE)),
    Scenario(
        name="endless-redirects",
        story="the site redirects to itself for ever",
        sites=(site(_NAME, 10, says(Redirect(location="/again"))),),
        targets=(Expect(target=_URL, state=State.DOWN),),
    ),
    Scenario(
        name="huge-txt",
        story="a name with 60 kB of TXT",
        sites=(site(_NAME, 10, in_dns=False),),
        names=(Name(name=_NAME, addresses=place(10), size=60_000),),
        targets=(Expect(target=_URL, state=State.ACCESSIBLE),),
    ),
)
