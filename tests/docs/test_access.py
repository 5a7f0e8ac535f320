"""Accessibility of every page in a real browser, by axe-core: light, dark, weak-sight; on a desktop and on a phone."""

import json
from pathlib import Path
from typing import Any

import pytest
from webpages import DESKTOP, PHONE, addresses, forget, prefer, resize, tool

pytestmark = pytest.mark.proof
LARGEST = {"size": "largest", "spacing": "wide"}
# What the reader chose of weak sight, the scheme his system asks for, the size of his screen.
LOOKS: dict[str, tuple[dict[str, str], str, tuple[int, int]]] = {
    "light": ({}, "light", DESKTOP),
    "light on a phone": ({}, "light", PHONE),
    "dark": ({}, "dark", DESKTOP),
    "weak sight, black on white": (LARGEST | {"colours": "dark-on-light"}, "dark", DESKTOP),
    "weak sight, white on black": (LARGEST | {"colours": "light-on-dark"}, "light", PHONE),
}
AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => done(violations.flatMap((rule) =>
  rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`))));
"""
LOOK = """
const {sightSize: size, sightSpacing: spacing, sightColours: colours} = document.documentElement.dataset;
return {scheme: document.body.dataset.mdColorScheme, size, spacing, colours};
"""
WIDER = "return document.documentElement.scrollWidth > document.documentElement.clientWidth"


def show(chromium: Any, address: str, look: str) -> None:
    """Let the browser look as a reader has set it, and see that it does."""
    chosen, scheme, size = LOOKS[look]
    resize(chromium, size)
    prefer(chromium, scheme)
    forget(chromium, address)
    chromium.get(address)
    chromium.execute_script("localStorage['weak-sight'] = arguments[0]", json.dumps(chosen))
    chromium.get(address)
    shown = {name: value for name, value in chromium.execute_script(LOOK).items() if value}
    assert shown == {"scheme": "slate" if scheme == "dark" else "default"} | chosen


def violations(chromium: Any) -> list[str]:
    """Return what axe finds on the page that is open, a line for each place; a page wider than the screen is one too."""
    chromium.execute_script(tool("axe-core/axe.min.js").read_text("utf-8"))
    found: list[str] = chromium.execute_async_script(AXE)
    return [*found, *["wider than the screen"] * bool(chromium.execute_script(WIDER))]


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_page(chromium: Any, site_address: str, built_site: Path, look: str) -> None:
    """No rule of axe is broken, those of good practice included."""
    show(chromium, site_address, look)
    found: dict[str, list[str]] = {}
    for page in addresses(built_site):
        chromium.get(site_address + page)
        found |= {page: broken} if (broken := violations(chromium)) else {}
    assert found == {}


@pytest.mark.parametrize("look", ["light", "dark", "weak sight, white on black"])
def test_axe_finds_nothing_in_what_opens(chromium: Any, site_address: str, look: str) -> None:
    """The dialogs of the version for weak sight and of the search, and the menu of a phone."""
    show(chromium, site_address, look)
    chromium.find_element("id", "weak-sight-open").click()
    assert violations(chromium) == []
    chromium.get(site_address)
    chromium.execute_script("document.querySelector('#__search').click()")
    assert violations(chromium) == []
    resize(chromium, PHONE)
    chromium.get(site_address)
    chromium.execute_script("document.querySelector('#__drawer').click()")
    assert violations(chromium) == []


def test_what_is_wrong_is_noticed(chromium: Any, site_address: str) -> None:
    """Planted: pale letters, a picture without a name, a row wider than a phone."""
    show(chromium, site_address, "light on a phone")
    chromium.execute_script(
        "document.querySelector('article').insertAdjacentHTML('beforeend',"
        " '<p id=pale>Бледно</p><img src=\"assets/favicon.svg\"><p id=wide>Широко</p>');"
        "pale.style.color = '#ccc'; wide.style.width = '1000px';"
    )
    said = "\n".join(violations(chromium))
    assert "color-contrast: #pale" in said
    assert "image-alt" in said
    assert "wider than the screen" in said
