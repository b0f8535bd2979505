"""A small catalogue in a temporary folder, for tests."""

from pathlib import Path

import pytest

from blockprobe.catalogue.faults import CatalogueFaults
from blockprobe.catalogue.orders import Catalogue, load_catalogue

NETWORK = '[[network]]\nid = "zz/one"\nname = "One"\nasns = [64500]\n'
ORDER = """
[[order]]
id = "zz/first"
title = "A v One"
court = "High Court of Example"
legal_basis = "Example Act"
techniques = ["dns"]
page_hosts = ["notice.isp.example"]
[[order.source]]
text = "The order"
[[order.respondent]]
network = "zz/one"
[[order.target]]
value = "a.example"
[[order.target]]
value = "B.example"
kind = "host"
"""
PLAN = '[[plan]]\nid = "website"\norders = ["*"]\n'


def written(folder: Path, *, order: str = ORDER, network: str = NETWORK, plan: str = PLAN) -> Path:
    """The folder with one file of each sort; an empty text is no file."""
    for name, text in (("orders/zz/o.toml", order), ("networks/zz/n.toml", network), ("plans/p.toml", plan)):
        if text:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    return folder


def loaded(folder: Path, **texts: str) -> Catalogue:
    """What is read from such a folder."""
    return load_catalogue([written(folder, **texts)])


def faults_of(folder: Path, **texts: str) -> list[str]:
    """What is wrong with it, without the folder's name."""
    with pytest.raises(CatalogueFaults) as caught:
        loaded(folder, **texts)
    return [fault.removeprefix(f"{folder}/") for fault in caught.value.faults]


def with_target(lines: str) -> str:
    """The order with one more target."""
    return f"{ORDER}[[order.target]]\n{lines}\n"


def faults_in(folder: Path) -> tuple[str, ...]:
    """What is wrong with a catalogue, if anything; whatever else is raised is an error."""
    try:
        load_catalogue([folder])
    except CatalogueFaults as error:
        return error.faults
    return ()
