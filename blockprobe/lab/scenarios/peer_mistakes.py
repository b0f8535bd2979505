"""Fifteen situations in which a peer's published rules give a wrong verdict, and what is true."""

from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab import pages
from blockprobe.lab.censor import Action, Drop, Host, Loss, Match, Rate, Sni
from blockprobe.lab.demo_world import blocked
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Door, Page, Redirect, Site, place, says, site
from blockprobe.lab.topology import Unroute
from blockprobe.lab.zones import Name
from blockprobe.model.words import Mechanism, State

_NAME: Final = "listed.example"
_HTTP: Final = f"http://{_NAME}/"
_HTTPS: Final = f"https://{_NAME}/"
_ONLY_HTTP: Final = (site(_NAME, 10, https=Door.CLOSED),)
_UNTITLED: Final = b"<html><body>Access to this page is blocked by a court order.</body></html>"
_GARDEN: Final = Lie(names=(_NAME,), say=Say.ADDRESSES, answers=(at.BLOCK_PAGE, at.BLOCK_PAGE_V6))
_HERE, _THERE = place(30), place(31)
#: In cleartext, and with no helper that sees the site, nothing seen from here may prove the truth.
_UNPROVEN: Final = (State.INCONCLUSIVE,)


def _respond(response: bytes) -> Host:
    return Host(names=(_NAME,), action=Action.RESPOND, response=response)


def _open(target: str) -> tuple[Expect, ...]:
    return (Expect(target=target, state=State.ACCESSIBLE),)


SCENARIOS: Final = (
    Scenario(
        name="hijack-to-http-block-page",
        story="a cleartext site whose page and the block page share an uncommon header",
        censor="the resolver leads to a block page that answers 200",
        sites=_ONLY_HTTP,
        lies=(_GARDEN,),
        targets=(blocked(_HTTP, Mechanism.DNS_BLOCKPAGE),),
    ),
    Scenario(
        name="injected-page",
        story="a cleartext site, honest DNS",
        censor="injects a block page on the way",
        sites=_ONLY_HTTP,
        rules=(_respond(pages.response(200, pages.notice())),),
        targets=(blocked(_HTTP, Mechanism.HTTP_BLOCKPAGE),),
    ),
    Scenario(
        name="injected-page-without-title",
        story="a cleartext site without a title",
        censor="injects a page without a title",
        sites=(site(_NAME, 10, says(Page(title="")), https=Door.CLOSED),),
        rules=(_respond(pages.response(200, _UNTITLED)),),
        targets=(blocked(_HTTP, Mechanism.HTTP_BLOCKPAGE),),
    ),
    Scenario(
        name="redirect-to-valid-block-page",
        story="a cleartext site",
        censor="redirects to an https block page with a valid certificate of its own",
        sites=_ONLY_HTTP,
        rules=(_respond(pages.response(302, b"", ("Location", "https://notice.isp.example/"))),),
        targets=(blocked(_HTTP, Mechanism.HTTP_REDIRECT_BLOCKPAGE),),
    ),
    Scenario(
        name="block-page-403",
        story="a cleartext site",
        censor="injects a block page with status 403",
        sites=_ONLY_HTTP,
        rules=(_respond(pages.response(403, pages.notice())),),
        targets=(blocked(_HTTP, Mechanism.HTTP_BLOCKPAGE),),
    ),
    Scenario(
        name="see-other",
        story="an https site that answers 303",
        sites=(site(_NAME, 10, says(Redirect(location="/home", status=303), path="/"), says(Page())),),
        targets=_open(_HTTPS),
    ),
    Scenario(
        name="helper-refused-in-cleartext",
        story="a cleartext site that drops data centres, and with them the helper",
        sites=(site(_NAME, 10, https=Door.CLOSED, dropped=("helper",)),),
        targets=(Expect(target=_HTTP, state=State.ACCESSIBLE, acceptable=_UNPROVEN),),
    ),
    Scenario(
        name="helper-gets-503",
        story="a cleartext site that answers the helper with 503",
        sites=(site(_NAME, 10, says(Page(status=503), client="helper"), says(Page()), https=Door.CLOSED),),
        targets=(Expect(target=_HTTP, state=State.ACCESSIBLE, acceptable=_UNPROVEN),),
    ),
    Scenario(
        name="cdn-localised",
        story="a CDN: other addresses and a page in another language here, cleartext and TLS",
        sites=(
            Site(
                names=(_NAME,),
                v4=(_HERE[0], _THERE[0]),
                v6=(_HERE[1], _THERE[1]),
                in_dns=False,
                replies=(says(Page(seed="una pagina"), client="probe"), says(Page(seed="a page"))),
            ),
        ),
        names=(Name(name=_NAME, addresses=_HERE, view="isp"), Name(name=_NAME, addresses=_THERE, view="outside")),
        targets=_open(_HTTPS),
    ),
    Scenario(
        name="slow-line",
        story="a line of 1 Mbit/s and a page of 600 kB",
        sites=(site(_NAME, 10, says(Page(size=600_000))),),
        rules=(Rate(kbit=1000, at="access"),),
        targets=_open(_HTTPS),
    ),
    Scenario(
        name="lost-connect",
        story="a line that loses a tenth of all packets each way",
        sites=(site(_NAME, 10),),
        rules=(Loss(rate=0.1, at="access", seed=7),),
        targets=_open(_HTTPS),
    ),
    Scenario(
        name="captcha-to-the-probe",
        story="a cleartext site that shows this address a CAPTCHA",
        sites=(
            site(
                _NAME,
                10,
                says(Page(status=403, title="Attention Required! | Captcha", seed="captcha"), client="probe"),
                says(Page()),
                https=Door.CLOSED,
            ),
        ),
        targets=(Expect(target=_HTTP, state=State.REFUSED, acceptable=_UNPROVEN),),
    ),
    Scenario(
        name="helper-dropped-in-cleartext",
        story="a cleartext site that is fine; the helper is blocked",
        sites=_ONLY_HTTP,
        rules=(Drop(match=Match(addresses=(at.HELPER, at.HELPER_V6))),),
        targets=(Expect(target=_HTTP, state=State.ACCESSIBLE, acceptable=_UNPROVEN),),
    ),
    Scenario(
        name="nxdomain-and-no-helper",
        story="an https site; no helper answers",
        censor="the resolver denies the name",
        helper="down",
        sites=(site(_NAME, 10),),
        lies=(Lie(names=(_NAME,), say=Say.NXDOMAIN),),
        targets=(blocked(_HTTPS, Mechanism.DNS_NXDOMAIN),),
    ),
    Scenario(
        name="sni-reset-and-no-helper",
        story="an https site; no helper answers",
        censor="resets the name",
        helper="down",
        sites=(site(_NAME, 10),),
        rules=(Sni(names=(_NAME,)),),
        targets=(blocked(_HTTPS, Mechanism.TLS_RESET_SNI),),
    ),
    Scenario(
        name="host-reset-and-no-helper",
        story="a cleartext site; no helper answers",
        censor="resets the name",
        helper="down",
        sites=_ONLY_HTTP,
        rules=(Host(names=(_NAME,)),),
        targets=(blocked(_HTTP, Mechanism.HTTP_RESET_HOST),),
    ),
    Scenario(
        name="black-hole-and-no-helper",
        story="an https site; no helper answers",
        censor="drops all packets for its addresses",
        helper="down",
        sites=(site(_NAME, 10),),
        unroutes=tuple(Unroute(prefix=address) for address in place(10)),
        targets=(blocked(_HTTPS, Mechanism.IP_TIMEOUT),),
    ),
)
