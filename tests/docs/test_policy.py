"""The site under the policy that the CDN gives it, in a real browser."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from werkzeug.wrappers import Response

from infra import site
from infra.local.gateway import GatewayRequest
from infra.local.server import Front, Server
from infra.templates import edge

pytestmark = pytest.mark.proof
PAGES = (
    *("", "sign-in/", "errors/", "not-me/", "esia/return.html", "api/profile/"),
    *("developers/schemes/", "assets/diagrams/scheme-esia.svg"),
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the help centre."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True, capture_output=True)
    return folder


def complaints(folder: Path, policy: str) -> list[str]:
    """Open pages under a policy and return what the browser says of it."""
    from selenium import webdriver

    class StrictFront(Front):
        def _page(self, request: GatewayRequest) -> Response:
            response = super()._page(request)
            response.headers["Content-Security-Policy"] = policy
            return response

    place, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    assert place is not None, "chromium is missing: run infra/proof.sh."
    assert driver is not None, "chromedriver is missing: run infra/proof.sh."
    options = webdriver.ChromeOptions()
    options.binary_location = place
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(one)
    served = Server(StrictFront(folder))
    served.start()
    browser: Any = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        found = []
        for page in PAGES:
            browser.get(f"http://localhost:{served.port}/{page}")
            found += [str(one["message"]) for one in browser.get_log("browser")]
        return [one for one in found if "Content Security Policy" in one]
    finally:
        browser.quit()
        served.stop()


def test_the_site_works_under_the_policy_of_the_cdn(built: Path) -> None:
    """No script or style of any kind of page is refused; without the digests the theme's own scripts would be."""
    scripts = site.scripts(built)
    assert len(edge.site_policy(scripts)) <= site.MAX_POLICY
    assert complaints(built, edge.site_policy(scripts)) == []
    assert complaints(built, edge.site_policy("'self'")) != []
