"""The help centre as a reader meets it: built strictly, served as the CDN serves it, opened in a real browser."""

import gzip
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from conftest import ROOT
from selenium import webdriver
from werkzeug.wrappers import Response

from infra import site
from infra.local.gateway import GatewayRequest
from infra.local.server import Front, Server
from infra.templates import edge

NODE_TOOLS = ROOT / ".venv/tools/node/node_modules"
COMPRESSED = ("text/", "application/javascript", "application/json", "application/xml", "image/svg")
DESKTOP, PHONE = (1280, 900), (390, 844)  # CSS pixels, width and height


def build(folder: Path, project: Path = ROOT, **environment: str) -> Path:
    """Build the help centre of a project into a folder."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    own = {name: value for name, value in os.environ.items() if not name.startswith("CABINET_")}
    whole = own | {"NO_MKDOCS_2_WARNING": "1"} | environment
    built = subprocess.run(command, cwd=project, env=whole, check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


def tool(path: str) -> Path:
    """Return a file of the packages that infra/tools/node names."""
    found = NODE_TOOLS / path
    assert found.exists(), f"{path} is missing: bash infra/tools/install.sh node"
    return found


def program(name: str) -> str:
    """Return the place of a program of the system."""
    found = shutil.which(name)
    assert found is not None, f"{name} is missing: run infra/proof.sh."
    return found


def addresses(folder: Path) -> list[str]:
    """Return the address of every page of a built site, without the first slash."""
    return [one.relative_to(folder).as_posix().removesuffix("index.html") for one in sorted(folder.rglob("*.html"))]


class Cdn(Front):
    """Serves a site with what the CDN adds: compression, terms of keeping, the policy; notes what was asked for in vain."""

    def __init__(self, folder: Path, policy: str | None = None) -> None:
        super().__init__(folder)
        self._policy = policy or edge.site_policy(site.scripts(folder))
        self.missing: list[str] = []

    def _page(self, request: GatewayRequest) -> Response:
        response = super()._page(request)
        if response.status_code == 404:
            self.missing.append(request.raw_path)
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["Cache-Control"] = site.life_of(Path(request.raw_path))
        takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
        if takes_gzip and response.direct_passthrough and (response.mimetype or "").startswith(COMPRESSED):
            response.direct_passthrough = False
            with closing(response.response):  # type: ignore[type-var] # a file: the answer to HEAD would leave it open
                response.set_data(gzip.compress(response.get_data()))
            response.headers["Content-Encoding"] = "gzip"
        return response


@contextmanager
def served(folder: Path, policy: str | None = None) -> Iterator[tuple[str, Cdn]]:
    """Serve a site on this machine; yields its address and its server."""
    front = Cdn(folder, policy)
    server = Server(front)
    server.start()
    try:
        yield f"http://localhost:{server.port}/", front
    finally:
        server.stop()


@contextmanager
def browser() -> Iterator[Any]:
    """Open a browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(one)
    opened: Any = webdriver.Chrome(options, webdriver.ChromeService(program("chromedriver")))
    try:
        resize(opened, DESKTOP)
        yield opened
    finally:
        opened.quit()


def resize(opened: Any, size: tuple[int, int]) -> None:
    """Give the page a width and a height, a phone's if it is narrow."""
    width, height = size
    said = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < DESKTOP[0]}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", said)


def prefer(opened: Any, scheme: str, media: str = "") -> None:
    """Let the reader's system ask for a light or dark scheme, and show the page as on screen or on paper."""
    said = {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]}
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", said)


def forget(opened: Any, address: str) -> None:
    """Let the browser forget what the pages of an address have kept, when none of them is open to keep it again."""
    opened.get("about:blank")
    said = {"origin": address.rstrip("/"), "storageTypes": "local_storage"}
    opened.execute_cdp_cmd("Storage.clearDataForOrigin", said)
