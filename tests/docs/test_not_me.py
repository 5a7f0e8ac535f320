"""The page «Это не я» in a real browser, under a strict policy: the number leaves the address bar, one press closes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import make
import pytest
from conftest import ROOT, World
from werkzeug.wrappers import Response

from chalicelib.accounts.schemas import TellOwner
from chalicelib.accounts.tables import Account
from chalicelib.kit import outbox
from infra.local.backstage import Backstage
from infra.local.gateway import GatewayRequest
from infra.local.server import Front, Server

pytestmark = pytest.mark.proof
POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'"
CLOSED = "Доступ закрыт, все сеансы завершены."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the help centre."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(built)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True, capture_output=True)
    return built


class StrictFront(Front):
    """A front that forbids inline scripts and styles, as the cloud's does."""

    def _page(self, request: GatewayRequest) -> Response:
        response = super()._page(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response


@pytest.fixture
def server(site: Path, world: World) -> Iterator[Server]:
    """Serve site and operations from one origin, as the cloud does, with a policy that knows no inline script."""
    front = StrictFront(site)
    front.open(world.client.app, Backstage(pump=world.pump, systems={}, people=list, registered=bool))
    served = Server(front)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def browser() -> Iterator[Any]:
    """Start a browser without a window."""
    from selenium import webdriver

    place, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if place is None or driver is None:
        pytest.fail("chromium or chromedriver is missing: run infra/proof.sh.")
    options = webdriver.ChromeOptions()
    options.binary_location = place
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(one)
    opened = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield opened
    opened.quit()


def said(browser: Any) -> str:
    """Return what the page says now."""
    return str(browser.find_element("id", "not-me-status").text)


def wait_for(browser: Any, words: str) -> None:
    """Wait until the page says something."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 10).until(lambda _: words in said(browser))


def test_the_link_of_the_letter_closes_the_access(server: Server, browser: Any, world: World) -> None:
    """Nothing happens by opening; the number is gone from the address; the button closes; a second link says the same."""
    person = make.person()
    outbox.row(TellOwner(person_id=person.person_id, subject="Вход", text="Вход", not_me=True), "0" * 32).save()
    number = world.sent(person.email)[-1].partition("/not-me/#")[2].strip()
    page = f"http://localhost:{server.port}/not-me/"
    browser.get(page)
    button = browser.find_element("id", "not-me-close")
    assert not button.is_enabled()
    browser.get(f"{page}#{number}")
    wait_for(browser, "Номер из письма принят")
    assert browser.current_url == page
    assert Account.get(person.person_id).blocked is None
    browser.find_element("id", "not-me-close").click()
    wait_for(browser, CLOSED)
    blocked = Account.get(person.person_id).blocked
    assert blocked is not None
    assert blocked["by"] == "owner"
    assert not browser.find_element("id", "not-me-close").is_enabled()
    browser.get(f"{page}#{number}")
    wait_for(browser, "Номер из письма принят")
    browser.find_element("id", "not-me-close").click()
    wait_for(browser, CLOSED)


def test_a_spoilt_link_says_what_to_do(server: Server, browser: Any) -> None:
    """The cabinet's own sentence is shown, and the button stays."""
    browser.get(f"http://localhost:{server.port}/not-me/#{'A' * 60}")
    wait_for(browser, "Номер из письма принят")
    browser.find_element("id", "not-me-close").click()
    wait_for(browser, "Восстановление доступа")
    assert browser.find_element("id", "not-me-close").is_enabled()
    browser.get(f"http://localhost:{server.port}/not-me/#what")
    assert browser.current_url.endswith("#what")


def test_a_cabinet_that_does_not_answer_may_be_asked_again(server: Server, browser: Any) -> None:
    """Without a connection the page says so and keeps the number."""
    browser.get(f"http://localhost:{server.port}/not-me/#{'A' * 60}")
    wait_for(browser, "Номер из письма принят")
    browser.execute_script("window.fetch = () => Promise.reject(new TypeError('offline'))")
    browser.find_element("id", "not-me-close").click()
    wait_for(browser, "Кабинет не ответил")
    assert browser.find_element("id", "not-me-close").is_enabled()
