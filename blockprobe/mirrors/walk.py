"""One walk over the few elements of a page that tell more than their text: titles, scripts, images, fields."""

from dataclasses import dataclass, field
from typing import Any

IMAGES = 8
"""A logo is among the first images."""


@dataclass(slots=True)
class Found:
    """What one walk over the few telling elements of a page collects."""

    brand: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    """Where the page wants to be left for."""
    scripts: list[str] = field(default_factory=list)
    """Where scripts come from; empty for those of the page itself."""
    passwords: int = 0


def walk(root: Any) -> Found:
    """Collect, and take the text of scripts and styles out of the page; one walk, because each costs time."""
    found = Found()
    images, heading = 0, None
    for element in root.iter("script", "style", "template", "h1", "img", "input"):
        match element.tag:
            case "img":
                images += 1
                if images <= IMAGES and "logo" in element.get("src", "").lower():
                    found.brand.append(element.get("alt", ""))
            case "input":
                found.passwords += element.get("type", "").lower() == "password"
            case "h1":
                heading = element if heading is None else heading
            case tag:
                _take_text(element, found if tag == "script" else None)
    head = next(root.iterchildren("head"), None)
    for element in () if head is None else head.iterchildren("title", "meta"):
        if element.tag == "meta":
            _look_at_meta(element, found)
        else:
            found.brand.append(element.text or "")
    if heading is not None:
        found.brand.append(" ".join(heading.itertext()))
    return found


def _take_text(element: Any, script: Found | None) -> None:
    """Take the text of a script, style or template out of the page, and keep that of a script."""
    if script is not None:
        script.scripts.append(element.get("src", ""))
        script.code.append(element.text or "")
    element.text = None


def _look_at_meta(element: Any, found: Found) -> None:
    about = element.get("property") or element.get("http-equiv")
    if about == "og:site_name":
        found.brand.append(element.get("content", ""))
    elif about and about.lower() == "refresh":
        found.moves.append(element.get("content", ""))
