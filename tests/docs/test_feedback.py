"""The question below each page in a real browser, under the CDN's own policy: pressed, refused, repeated, by keyboard."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from conftest import ROOT, World
from werkzeug.wrappers import Response

from chalicelib.help import rate_page
from chalicelib.help.rules import RATINGS_A_DAY, Rated
from chalicelib.help.tables import PageRating
from infra import site
from infra.local.backstage import Backstage
from infra.local.gateway import GatewayRequest
from infra.local.server import Front, Server
from infra.templates import edge

pytestmark = pytest.mark.proof
THANKS = "Спасибо! Ваш ответ учтён."


class QuietHandler(SimpleHTTPRequestHandler):
    """A plain file server that knows no operations and prints nothing."""

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the help centre."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True, capture_output=True)
    return folder


@pytest.fixture
def server(built: Path, world: World) -> Iterator[Server]:
    """Serve site and operations from one origin under the CDN's policy."""
    policy = edge.site_policy(site.scripts(built))

    class StrictFront(Front):
        def _page(self, request: GatewayRequest) -> Response:
            response = super()._page(request)
            response.headers["Content-Security-Policy"] = policy
            return response

    front = StrictFront(built)
    front.open(world.client.app, Backstage(pump=world.pump, systems={}, people=list, registered=bool))
    served = Server(front)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def browser() -> Iterator[Any]:
    """Start a browser without a window that keeps its log."""
    from selenium import webdriver

    place, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    assert place is not None, "chromium is missing: run infra/proof.sh."
    assert driver is not None, "chromedriver is missing: run infra/proof.sh."
    options = webdriver.ChromeOptions()
    options.binary_location = place
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(one)
    opened: Any = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield opened
    complaints = [one["message"] for one in opened.get_log("browser") if "Content Security Policy" in one["message"]]
    opened.quit()
    assert complaints == []


def visit(browser: Any, server: Server, page: str) -> None:
    """Open a page and wait until it asks."""
    browser.get(f"http://localhost:{server.port}/{page}")
    wait_for(browser, lambda: browser.find_element("class name", "page-rating").is_displayed())


def wait_for(browser: Any, happens: Any) -> None:
    """Wait until something is so."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 10).until(lambda _: happens())


def button(browser: Any, answer: str) -> Any:
    """Find the button of an answer."""
    return browser.find_element("css selector", f".page-rating [data-answer={answer}]")


def said(browser: Any) -> str:
    """Return what the widget says now."""
    return str(browser.find_element("css selector", ".page-rating [role=status]").text)


def sums() -> dict[str, dict[str, int]]:
    """Return what is counted by page, without zeros."""
    names = ("useful", "not_useful", "no_answer", "unclear", "outdated", "mistake")
    return {
        one.place: {name: int(getattr(one, name)) for name in names if getattr(one, name)} for one in PageRating.scan()
    }


def test_one_press_rates_the_page_and_is_remembered(server: Server, browser: Any) -> None:
    """«Да» counts, thanks are told and focused; the page does not ask again in this tab, other pages do."""
    visit(browser, server, "recovery/")
    assert said(browser) == ""
    button(browser, "useful").click()
    wait_for(browser, lambda: said(browser) == THANKS)
    assert browser.switch_to.active_element.text == THANKS
    assert not button(browser, "useful").is_displayed()
    visit(browser, server, "recovery/")
    assert (said(browser), button(browser, "useful").is_displayed()) == (THANKS, False)
    visit(browser, server, "")
    assert said(browser) == ""
    button(browser, "useful").click()
    wait_for(browser, lambda: said(browser) == THANKS)
    assert sums() == {"recovery/#1.0": {"useful": 1}, "./#1.0": {"useful": 1}}


def test_a_reason_is_chosen_by_the_keyboard(server: Server, browser: Any) -> None:
    """«Нет» opens the reasons and moves the focus there; Tab and Enter send one."""
    from selenium.webdriver.common.keys import Keys

    visit(browser, server, "help/glossary/")
    no = button(browser, "why")
    assert (no.get_attribute("aria-expanded"), button(browser, "unclear").is_displayed()) == ("false", False)
    browser.execute_script("arguments[0].focus()", no)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert (no.get_attribute("aria-expanded"), button(browser, "unclear").is_displayed()) == ("true", True)
    assert browser.switch_to.active_element.text == "Не нашлось ответа"
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait_for(browser, lambda: said(browser) == THANKS)
    assert sums() == {"help/glossary/#1.0": {"not_useful": 1, "unclear": 1}}


def test_no_without_a_reason_counts_too(server: Server, browser: Any) -> None:
    """«Другое» names none."""
    visit(browser, server, "password/")
    button(browser, "why").click()
    button(browser, "not_useful").click()
    wait_for(browser, lambda: said(browser) == THANKS)
    assert sums() == {"password/#1.0": {"not_useful": 1}}


def test_a_lost_answer_can_be_sent_again_and_counts_once(server: Server, browser: Any) -> None:
    """The reply is lost after the cabinet has counted: the page says what to do, and a second press adds nothing."""
    visit(browser, server, "recovery/")
    browser.execute_script(
        "const ask = window.fetch; window.fetch = (...all) => ask(...all).then(() => {"
        " window.fetch = ask; throw new TypeError('lost'); })"
    )
    button(browser, "useful").click()
    wait_for(browser, lambda: "нажмите ещё раз" in said(browser))
    assert sums() == {"recovery/#1.0": {"useful": 1}}
    button(browser, "useful").click()
    wait_for(browser, lambda: said(browser) == THANKS)
    assert sums() == {"recovery/#1.0": {"useful": 1}}


def test_a_refusal_is_told_in_its_own_words(server: Server, browser: Any) -> None:
    """The day's ratings are used up: the cabinet's sentence is shown, nothing is remembered."""
    for _ in range(RATINGS_A_DAY):
        visit(browser, server, "recovery/")
        button(browser, "useful").click()
        wait_for(browser, lambda: said(browser) == THANKS)
        browser.execute_script("sessionStorage.clear()")
    visit(browser, server, "recovery/")
    button(browser, "useful").click()
    wait_for(browser, lambda: "можно поставить завтра" in said(browser))
    assert button(browser, "useful").is_displayed()


def test_a_page_of_an_old_version_that_was_moved_says_so(
    server: Server, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason stands in the wrong field, and that sentence is shown."""
    monkeypatch.setattr(rate_page, "rated", lambda: Rated(versions=frozenset({"1.0"}), pages=frozenset()))
    visit(browser, server, "recovery/")
    button(browser, "useful").click()
    wait_for(browser, lambda: "Такой страницы в справке нет" in said(browser))
    assert sums() == {}


def test_without_a_cabinet_the_page_says_so(built: Path, browser: Any) -> None:
    """From a plain file server the answer cannot be sent; without the script nothing is offered that cannot be done."""
    plain = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(built)))
    Thread(target=plain.serve_forever, daemon=True).start()
    page = f"http://localhost:{plain.server_port}/recovery/"
    try:
        browser.get(page)
        wait_for(browser, lambda: button(browser, "useful").is_displayed())
        button(browser, "useful").click()
        wait_for(browser, lambda: "ответ не отправлен" in said(browser))
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.get(page)
        assert not browser.find_element("class name", "page-rating").is_displayed()
    finally:
        plain.shutdown()
        plain.server_close()
