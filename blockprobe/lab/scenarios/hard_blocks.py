"""Blocks that are hard to prove: address and name together, residual punishment, partial and probabilistic lies."""

from typing import Final

from blockprobe.lab import addresses as at
from blockprobe.lab.censor import Action, Drop, Host, Match, Residual, Sni
from blockprobe.lab.demo_world import blocked
from blockprobe.lab.lies import Lie, Say
from blockprobe.lab.scenario import Expect, Scenario
from blockprobe.lab.sites import Door, place, says, site
from blockprobe.lab.sites import Page as _Page
from blockprobe.lab.topology import Unroute
from blockprobe.lab.zones import Name
from blockprobe.model.words import Mechanism, State

_BYSTANDERS: Final = tuple(site(f"by{number}.example", 100 + number) for number in range(64))
_LISTED_24: Final = tuple(
    site(f"row{number}.example", 10, v4=(f"100.80.40.{10 + number}",), v6=()) for number in range(4)
)
_ISP_AND_PUBLIC: Final = (*at.RESOLVERS, at.RESOLVER_V6, at.PUBLIC_RESOLVER, at.PUBLIC_RESOLVER_V6)

SCENARIOS: Final = (
    Scenario(
        name="address-and-name",
        story="a healthy site",
        censor="resets the listed name, but only on the site's own address",
        sites=(site("both.example", 10),),
        rules=(Sni(names=("both.example",), match=Match(addresses=place(10), ports=(443,))),),
        targets=(blocked("https://both.example/", Mechanism.TLS_RESET_SNI),),
    ),
    Scenario(
        name="address-and-name-silent",
        story="a healthy site",
        censor="drops the listed name's connection, but only on the site's own address",
        sites=(site("both.example", 10),),
        rules=(Sni(names=("both.example",), action=Action.DROP, match=Match(addresses=place(10), ports=(443,))),),
        targets=(blocked("https://both.example/", Mechanism.TLS_TIMEOUT_SNI),),
    ),
    Scenario(
        name="residual",
        story="a listed site and 64 bystanders on other addresses",
        censor="after the listed name, drops everything from this source to that address and port for 60 s",
        sites=(site("listed.example", 10), *_BYSTANDERS),
        rules=(Sni(names=("listed.example",), action=Action.DROP, residual=Residual(seconds=60)),),
        targets=(
            blocked("https://listed.example/", Mechanism.TLS_TIMEOUT_SNI),
            *(Expect(target=f"https://{each.names[0]}/", state=State.ACCESSIBLE) for each in _BYSTANDERS),
        ),
    ),
    Scenario(
        name="residual-reset",
        story="a listed site that shares its address with a bystander",
        censor="after the listed name, resets everything from this source to that address and port for 60 s",
        sites=(site("listed.example", 10), site("roommate.example", 10)),
        rules=(Sni(names=("listed.example",), residual=Residual(seconds=60, action="reset")),),
        targets=(blocked("https://listed.example/", Mechanism.TLS_RESET_SNI),),
    ),
    Scenario(
        name="residual-http",
        story="a cleartext site",
        censor="after the listed Host, drops everything from this source to that address and port for 60 s",
        sites=(site("listed.example", 10, https=Door.CLOSED),),
        rules=(Host(names=("listed.example",), action=Action.DROP, residual=Residual(seconds=60)),),
        targets=(blocked("http://listed.example/", Mechanism.HTTP_TIMEOUT_HOST),),
    ),
    Scenario(
        name="whole-24",
        story="four sites of one hoster in one /24; three unrelated sites are listed by address",
        censor="sends a whole /24 into a black hole on the ISP's second router, and three addresses elsewhere",
        sites=(*_LISTED_24, *(site(f"lone{number}.example", 20 + number) for number in range(3))),
        unroutes=(
            Unroute(prefix="100.80.40.0/24"),
            *(Unroute(prefix=address) for number in range(3) for address in place(20 + number)),
        ),
        targets=(
            *(blocked(f"https://row{number}.example/", Mechanism.IP_TIMEOUT) for number in range(4)),
            *(blocked(f"https://lone{number}.example/", Mechanism.IP_TIMEOUT) for number in range(3)),
        ),
    ),
    Scenario(
        name="blocked-and-dead",
        story="the site died years ago: its name exists, its server answers nobody",
        censor="its name is still on the resolver's list, and on the filter's",
        sites=(site("ghost.example", 10, https=Door.SILENT, http=Door.SILENT),),
        lies=(Lie(names=("ghost.example",), say=Say.ADDRESSES, answers=(at.BLOCK_PAGE, at.BLOCK_PAGE_V6)),),
        targets=(blocked("ghost.example", Mechanism.DNS_BLOCKPAGE),),
    ),
    Scenario(
        name="blocked-and-dead-sni",
        story="the site's server answers nobody over TLS, on a live address",
        censor="resets the name",
        sites=(site("ghost.example", 10, https=Door.HANG),),
        rules=(Sni(names=("ghost.example",)),),
        targets=(blocked("https://ghost.example/", Mechanism.TLS_RESET_SNI),),
    ),
    Scenario(
        name="public-resolver-lies",
        story="a healthy site",
        censor="the public resolver obeys the same order and tells the same lie, over every transport",
        sites=(site("listed.example", 10),),
        lies=(Lie(names=("listed.example",), say=Say.NXDOMAIN, resolvers=_ISP_AND_PUBLIC),),
        targets=(blocked("listed.example", Mechanism.DNS_NXDOMAIN),),
    ),
    Scenario(
        name="one-of-three",
        story="a healthy site, and a line with three resolvers",
        censor="one of the three lies",
        resolvers=at.RESOLVERS,
        sites=(site("listed.example", 10),),
        lies=(Lie(names=("listed.example",), say=Say.NXDOMAIN, resolvers=(at.RESOLVERS[1],)),),
        targets=(
            Expect(
                target="listed.example",
                state=State.BLOCKED,
                mechanisms=(Mechanism.DNS_NXDOMAIN,),
                interference=(Mechanism.DNS_NXDOMAIN,),
            ),
        ),
    ),
    Scenario(
        name="forty-percent",
        story="a healthy site",
        censor="the resolver lies to 40 % of the queries: some of its machines have no list yet",
        sites=(site("listed.example", 10),),
        lies=(Lie(names=("listed.example",), say=Say.NXDOMAIN, probability=0.4),),
        targets=(
            Expect(
                target="listed.example",
                state=State.BLOCKED,
                mechanisms=(Mechanism.DNS_NXDOMAIN,),
                acceptable=(State.ACCESSIBLE,),
                interference=(Mechanism.DNS_NXDOMAIN,),
            ),
        ),
    ),
    Scenario(
        name="nxdomain-without-helper",
        story="a healthy site; no helper can be reached",
        censor="the resolver denies the name",
        helper="down",
        sites=(site("listed.example", 10),),
        lies=(Lie(names=("listed.example",), say=Say.NXDOMAIN),),
        targets=(blocked("https://listed.example/", Mechanism.DNS_NXDOMAIN),),
    ),
    Scenario(
        name="helper-blocked",
        story="a healthy site",
        censor="resets the name and the address of our helper",
        sites=(site("fine.example", 10),),
        rules=(Drop(match=Match(addresses=(at.HELPER, at.HELPER_V6))),),
        targets=(Expect(target="https://fine.example/", state=State.ACCESSIBLE),),
    ),
    Scenario(
        name="injected-451-elsewhere",
        story="the site answers everyone with 451 under its own certificate",
        censor="denies the name as well",
        sites=(site("law.example", 10, says(_Page(status=451, title="Unavailable", seed="law"))),),
        names=(Name(name="www.law.example", cname="law.example"),),
        lies=(Lie(names=("law.example",), say=Say.REFUSED, ede=(15, "blocked by order")),),
        targets=(blocked("https://law.example/", Mechanism.DNS_REFUSED),),
    ),
)
