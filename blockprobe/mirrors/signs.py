"""Telling phrases of pages without the site's content: parked, for sale, blocked, refused, luring. Pure.

They are looked for on short pages only, and in the text as a reader sees it: without marks over letters, in lower case.
A phrase decides nothing alone; offline.py says which of them together make a class.
"""

import re
import unicodedata

MAX_WORDS = 250
"""A page with more text than this has content of its own, whatever phrases it holds."""
MAX_LINKS = 60
MAX_CHARS = 4000


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases))


SIGNS: dict[str, re.Pattern[str]] = {
    "for_sale": _any(
        r"domain\b[^!?\n]{0,80}\b(?:for sale|zu verkaufen|te koop|til salg|till salu|na sprzedaz)",
        r"buy (?:now|this domain|the domain)[^.!?\n]{0,60}(?:offer|domain|\$|€|£)",
        r"make (?:an )?offer",
        r"(?:domaine|dominio|domain)[^.!?\n]{0,40}(?:a vendre|en venta|in vendita|a venda|satilik|продается|продаётся)",
        r"domain broker|inquire about this domain|acquire this domain",
    ),
    "parked": _any(
        r"(?:domain|site|page)\b[^!?\n]{0,80}\bparked",
        r"parked (?:free|domain|page)|courtesy of (?:the|your) registrar",
        r"related searches|related links|sponsored listings|ahnliche suchanfragen|busquedas relacionadas",
        r"recherches associees",
        r"domain (?:name )?(?:has been|was|is) (?:just |recently )?(?:registered|expired)|this domain has expired",
        r"(?:connect|point) (?:your|this) domain|renew (?:your|this) domain|coming soon[^.!?\n]{0,40}domain",
    ),
    "parking_script": _any(
        r"adsense/domains|/caf\.js|window\.park\b|bparking|parkingcrew|sedoparking|bodis\.com|/lander\b|dan\.com/|"
        r"afternic|hugedomains|parklogic|above\.com/park|googleadservices\.com/pagead/domains"
    ),
    "barred": _any(
        r"\bblock(?:ed|age)\b|access (?:to [^.!?\n]{0,60})?(?:denied|disabled|prohibited|restricted|prevented)",
        r"prevent(?:ed|s|ing)? access|unavailable (?:for|due to) legal|seized",
        r"\b(?:blokeret|blokert|blockerad|gesperrt|geblokkeerd|estetty|blokovan|zablokowan|blokiran|blocat|engellen|"
        r"bloque|bloquead|bloccat|oscurat|letiltott|uzblokuot|bloketa|blokeerit)",
        r"(?:non accessibile|disabilitato|inibito|inaccessible|acces (?:interdit|refuse|bloque)|erisim|αποκλεισμ)",
        r"заблокирован|ограничен|доступ|заблокован|блокиран|封锁|차단|ブロック|محجوب|حجب|diblokir",
    ),
    "authority": _any(
        r"\bcourts?\b|court order|\bjudge\b|injunction",
        r"\border(?:ed|s)?\b[^.!?\n]{0,60}(?:court|authority|law|block|by the)",
        r"(?:competent|regulatory|regulator|national|public|supervisory|telecom\w*) (?:authorit|commission|agency)",
        r"copyright (?:infring|law|owner)|illegal(?:ly)?\b|pursuant to|in accordance with (?:the )?law|legislation",
        r"\b(?:rechtbank|rechter|gericht|urheberrecht|retten|fogedret|dommer|domstol|karajaoikeu|tuomioistuin|upphovsratt)",
        r"tribunal|juzgado|autoridad|autorit|autoridade|judici|giudiziari|amministrativ|legge|decret|ordonnance",
        r"justice",
        r"\b(?:sad|soud|sud|sadu|sudu|ustaw|urzad|hazard|birosag|hatosag|mahkeme|kanun|karar|teismo|tiesa|kohtu)\w*\b",
        r"δικαστ|αρχη|решени|суд|роскомнадзор|закон|съд|комиси|instans|autorita|kominfo|internet positif",
    ),
    "ways_round": _any(
        r"prox(?:y|ies)\b[^.!?\n]{0,30}\b(?:list|sites?)|mirrors?\b[^.!?\n]{0,30}\b(?:list|sites?|links)",
        r"unblock(?:ed)? [a-z]+",
        r"list of (?:[a-z]+ ){0,2}(?:prox|mirror|alternativ)|alternative (?:links|domains|addresses|sites)",
        r"how to (?:access|unblock)",
    ),
    "refused": _any(
        r"\b(?:400 bad request|401 unauthori[sz]ed|403 forbidden|404 not found|410 gone|429 too many|"
        r"5\d\d (?:internal|bad|service|gateway|web server))",
        r"^\s*(?:forbidden|not found|access denied|bad gateway|service unavailable|error \d{3}|unauthorized)\s*$",
        r"index of /|welcome to nginx|apache2? \w+ default page|it works!|iis windows server|default web ?site page",
        r"origin is unreachable|web server is down|connection timed out|host error|this site can.t be reached",
        r"account (?:has been )?suspended|bandwidth limit exceeded|under (?:construction|maintenance)",
    ),
    "challenge": _any(
        r"just a moment|checking (?:if the site|your browser)|verify(?:ing)? (?:that )?you are (?:a )?human",
        r"ddos protection by",
        r"attention required|enable javascript and cookies|_cf_chl|cf-challenge|/cdn-cgi/challenge|hcaptcha|recaptcha|"
        r"turnstile|ddos-guard|are you a robot|unusual traffic|captcha",
    ),
    "lure": _any(
        r"out of date|update (?:your|the) (?:player|browser|flash)",
        r"install (?:the|our|this)[^.!?\n]{0,40}(?:update|player|"
        r"codec|extension|app\b|plugin)|missing (?:codec|plugin)|hd player",
        r"(?:click|press|tap) ['\"]?allow|allow notifications|enable notifications|not a robot.{0,30}allow",
        r"credit card|card (?:number|required|details)|age verification|verify your age|create a free account",
        r"sign in to",
        r"your ip (?:address )?is (?:exposed|visible|being)|activate protection|get (?:a |the )?vpn to",
        r"blocked in your country",
        r"seed phrase|recovery phrase|connect (?:your )?wallet|you(?:'ve| have) (?:been selected|won)|congratulations",
    ),
    "sends_away": _any(r"(?:window\.|document\.|top\.)?location(?:\.href|\.replace)?\s*(?:=|\()\s*[\"']https?:"),
}


def signs_in(text: str, code: str) -> frozenset[str]:
    """The names of the groups that occur in a page's text or scripts."""
    read = f"{_folded(' '.join(text.split())[:MAX_CHARS])}\n{code[:MAX_CHARS].lower()}"
    return frozenset(name for name, pattern in SIGNS.items() if pattern.search(read))


def _folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in parts if not unicodedata.combining(c))
