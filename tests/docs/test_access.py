"""Accessibility of every page in a real browser, by axe-core: light, dark, weak-sight; on a desktop and on a phone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webpages import DESKTOP, PHONE, addresses, browser, build, prefer, resize, served, tool

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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the help centre."""
    return build(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve it."""
    with served(site) as (address, _):
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Open one browser for all pages."""
    with browser() as opened:
        opened.set_script_timeout(60)
        yield opened


def show(chromium: Any, address: str, look: str) -> None:
    """Let the browser look as a reader has set it."""
    chosen, scheme, size = LOOKS[look]
    resize(chromium, size)
    prefer(chromium, scheme)
    chromium.get(address)
    chromium.execute_script(
        "localStorage.clear(); localStorage.setItem('weak-sight', arguments[0])", json.dumps(chosen)
    )
    chromium.get(address)
    scheme_shown, shown = chromium.execute_script(
        "return [document.body.dataset.mdColorScheme, {...document.documentElement.dataset}]"
    )
    assert scheme_shown == ("slate" if scheme == "dark" else "default")
    assert {name: shown.get(f"sight{name.title()}") for name in LARGEST | {"colours": ""}} == {
        name: chosen.get(name) for name in LARGEST | {"colours": ""}
    }


def violations(chromium: Any, page: str) -> list[str]:
    """Open a page and return what axe finds, a line for each place."""
    chromium.get(page)
    chromium.execute_script(tool("axe-core/axe.min.js").read_text("utf-8"))
    found: list[str] = chromium.execute_async_script(AXE)
    return found


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_page(chromium: Any, address: str, site: Path, look: str) -> None:
    """No rule of axe is broken, those of good practice included."""
    show(chromium, address, look)
    found = {page: broken for page in addresses(site) if (broken := violations(chromium, address + page))}
    assert found == {}


def press(chromium: Any, *keys: str) -> None:
    """Press keys where the focus stands."""
    from selenium.webdriver import ActionChains

    ActionChains(chromium).send_keys(*keys).perform()


def focused(chromium: Any) -> str:
    """Return the id, or else the name and value, of what has the focus."""
    found: str = chromium.execute_script(
        "const one = document.activeElement; return one.id || `${one.name}=${one.value}` || one.tagName"
    )
    return found


def chosen_on(chromium: Any) -> dict[str, str]:
    """Return what of the version for weak sight the page shows."""
    found: dict[str, str] = chromium.execute_script("return {...document.documentElement.dataset}")
    return {name: value for name, value in found.items() if name.startswith("sight")}
