"""The version for weak sight, paper, the keyboard and any place of the site, in a real browser."""

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Keys
from webpages import DESKTOP, PHONE, build, forget, prefer, resize, served

from infra import site
from infra.templates import edge

pytestmark = pytest.mark.proof
KINDS = ("", "contacts/", "404.html", "esia/start.html", "esia/return.html", "api/profile/read_profile/")
SHOWN = """
const {sightSize, sightSpacing, sightColours} = document.documentElement.dataset;
const style = getComputedStyle(document.querySelector("main p"));
return {chosen: [sightSize, sightColours, sightSpacing], color: style.color, size: parseFloat(style.fontSize),
  line: parseFloat(style.lineHeight), paper: getComputedStyle(document.body).backgroundColor};
"""
# Notes in `early` what stands on <html> while there is no body yet, so before anything can be painted.
BEFORE_THE_BODY = """
new MutationObserver(() => {
  if (!document.body) window.early = {...document.documentElement.dataset};
}).observe(document, {attributes: true, subtree: true});
"""
# The theme's switch of light and dark takes the focus unseen; its label shows it.
FOCUS = """
const one = document.activeElement, seen = one.matches(".md-option") ? one.nextElementSibling : one;
return {name: one.id || one.className.split(" ")[0] || one.tagName, value: one.value, link: one.href,
  outlined: getComputedStyle(seen).outlineStyle !== "none"};
"""


@pytest.fixture
def fresh(chromium: Any, site_address: str) -> Any:
    """Give a browser that remembers nothing, on the first page."""
    prefer(chromium, "light")
    resize(chromium, DESKTOP)
    forget(chromium, site_address)
    chromium.get(site_address)
    return chromium


def press(chromium: Any, *keys: str) -> dict[str, Any]:
    """Press keys one after another and return where the focus stands."""
    for key in keys:
        ActionChains(chromium).send_keys(key).perform()
    found: dict[str, Any] = chromium.execute_script(FOCUS)
    return found


def reach(chromium: Any, name: str, most: int = 8) -> None:
    """Press Tab until the focus is there."""
    for _ in range(most):
        if press(chromium, Keys.TAB)["name"] == name:
            return
    pytest.fail(f"{name} is not reached within {most} presses of Tab.")


def test_weak_sight_is_chosen_by_keyboard_and_remembered_on_every_page(fresh: Any, site_address: str) -> None:
    """Three sizes, three pairs of colours, two spacings; Escape gives the focus back; one press brings all back."""
    usual = fresh.execute_script(SHOWN)
    reach(fresh, "weak-sight-open")
    assert press(fresh, Keys.ENTER)["value"] == "usual"
    assert press(fresh, Keys.ARROW_DOWN)["value"] == "large"
    large = fresh.execute_script(SHOWN)
    assert press(fresh, Keys.ARROW_DOWN)["value"] == "largest"
    assert press(fresh, Keys.TAB, Keys.ARROW_DOWN)["value"] == "dark-on-light"
    assert fresh.execute_script(SHOWN)["color"] == "rgb(0, 0, 0)"
    assert press(fresh, Keys.ARROW_DOWN)["value"] == "light-on-dark"
    assert press(fresh, Keys.TAB, Keys.ARROW_DOWN)["value"] == "wide"
    assert press(fresh, Keys.ESCAPE)["name"] == "weak-sight-open"
    largest = fresh.execute_script(SHOWN)
    assert usual["chosen"] == [None, None, None]
    assert usual["size"] * 1.2 < large["size"] < largest["size"]
    assert largest["line"] / largest["size"] >= 1.5
    for page in KINDS:
        fresh.get(site_address + page)
        shown = fresh.execute_script(SHOWN)
        assert shown["chosen"] == ["largest", "light-on-dark", "wide"], page
        assert (shown["color"], shown["paper"]) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)"), page
        assert shown["size"] >= largest["size"], page
    fresh.get(site_address)
    fresh.find_element("id", "weak-sight-open").click()
    fresh.find_element("class name", "sight-reset").click()
    assert fresh.execute_script(SHOWN) == usual
    fresh.refresh()
    assert fresh.execute_script(SHOWN) == usual


def test_the_choice_stands_before_the_first_paint(fresh: Any, site_address: str) -> None:
    """No page flashes in the usual look first."""
    fresh.execute_script("""localStorage["weak-sight"] = '{"size": "large", "colours": "light-on-dark"}'""")
    script = fresh.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": BEFORE_THE_BODY})
    try:
        for page in KINDS:
            fresh.get(site_address + page)
            early = fresh.execute_script("return window.early")
            assert early == {"sightSize": "large", "sightColours": "light-on-dark"}, page
    finally:
        fresh.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


@pytest.mark.parametrize("kept", ["null", "7", "no JSON", '{"size": "enormous", "colours": {}}', '["large"]'])
def test_what_is_spoilt_in_the_memory_is_passed_over(fresh: Any, kept: str) -> None:
    """The usual look, and one may choose anew."""
    fresh.execute_script("localStorage['weak-sight'] = arguments[0]", kept)
    fresh.refresh()
    assert fresh.execute_script(SHOWN)["chosen"] == [None, None, None]
    fresh.find_element("id", "weak-sight-open").click()
    press(fresh, Keys.SPACE)
    fresh.find_element("css selector", "#weak-sight [value=large]").click()
    assert fresh.execute_script(SHOWN)["chosen"] == ["large", None, None]


def test_a_browser_that_may_keep_nothing_shows_the_choice(fresh: Any, site_address: str) -> None:
    """Where localStorage is forbidden, the page itself changes all the same."""
    forbid = (
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }});"
    )
    script = fresh.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": forbid})
    try:
        fresh.get(f"{site_address}esia/start.html")
        fresh.find_element("id", "weak-sight-open").click()
        fresh.find_element("css selector", "#weak-sight [value=wide]").click()
        assert fresh.execute_script(SHOWN)["chosen"] == [None, None, "wide"]
    finally:
        fresh.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


@pytest.mark.parametrize("page", ["contacts/", "404.html"])
def test_the_first_tab_leads_past_the_navigation(fresh: Any, site_address: str, page: str) -> None:
    """The link to the text is seen when it has the focus, and goes to the title."""
    fresh.get(site_address + page)
    stood = press(fresh, Keys.TAB)
    assert stood["name"] == "md-skip"
    target = fresh.execute_script("return document.activeElement.hash").removeprefix("#")
    press(fresh, Keys.ENTER)
    assert (
        fresh.execute_script("return document.getElementById(decodeURIComponent(arguments[0])).tagName", target) == "H1"
    )


def test_where_the_keyboard_stands_is_always_seen(fresh: Any, site_address: str) -> None:
    """Whatever takes the focus has an outline, in light and dark."""
    for scheme in ("light", "dark"):
        prefer(fresh, scheme)
        forget(fresh, site_address)
        fresh.get(f"{site_address}contacts/")
        stops = [press(fresh, Keys.TAB) for _ in range(40)]
        assert len({(one["name"], one["link"]) for one in stops}) > 30
        assert [one for one in stops if not one["outlined"]] == []


def test_paper_holds_the_text_alone(fresh: Any, site_address: str) -> None:
    """Black on white in the dark look and in weak sight's too, without navigation, search and questions."""
    prefer(fresh, "dark")
    fresh.execute_script("""localStorage["weak-sight"] = '{"colours": "light-on-dark"}'""")
    fresh.get(f"{site_address}contacts/")
    prefer(fresh, "dark", "print")
    shown = fresh.execute_script(SHOWN)
    assert (shown["color"], shown["paper"]) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")
    for place in ("header", ".md-tabs", ".md-sidebar", "footer", ".page-rating", "#weak-sight-open"):
        found = fresh.find_elements("css selector", place)
        assert found, place
        assert not any(one.is_displayed() for one in found), place


def test_the_site_works_below_any_path(chromium: Any, tmp_path: Path) -> None:
    """A version lives in a folder of a plain server: nothing that its pages ask for is missing, the lost page's neither."""
    folder = build(tmp_path / "1.0", CABINET_PUBLIC_URL="https://cabinet.example.org/1.0/")
    resize(chromium, PHONE)
    with served(tmp_path, edge.site_policy(site.scripts(folder))) as (address, server):
        for page in KINDS:
            chromium.get(f"{address}1.0/{page}")
            assert chromium.find_elements("css selector", "#weak-sight-open"), page
        chromium.get(f"{address}1.0/404.html")
        chromium.find_element("id", "lost-query").send_keys("пароль", Keys.ENTER)
        links = chromium.find_elements("css selector", "a[href]")
        assert any("/1.0/" in str(one.get_attribute("href")) for one in links)
        assert server.missing == []
        assert [one for one in chromium.get_log("browser") if "Content Security Policy" in one["message"]] == []
