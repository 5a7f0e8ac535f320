"""Lighthouse on a phone's settings: speed, accessibility, good practice, what search engines need; and what the first page weighs."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webpages import build, program, served, tool

pytestmark = pytest.mark.proof
PAGES = ("", "registration/", "errors/")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LEAST = 95  # of 100, in each category
FIRST_PAGE_BYTES = 150_000  # over the wire, compressed, with all that the page brings


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the built help centre."""
    with served(build(tmp_path_factory.mktemp("site"))) as (address, _):
        yield address


def report(page: str) -> dict[str, Any]:
    """Let Lighthouse open a page as a middling phone on a slow network would."""
    command = [
        program("node"),
        str(tool("lighthouse/cli/index.js")),
        page,
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage",
        "--no-enable-error-reporting",
    ]
    environment = os.environ | {"CHROME_PATH": program("chromium")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_phone_is_served_well(address: str, page: str, tmp_path: Path) -> None:
    """At least 95 in each category; the first page is light. The figures are printed."""
    told = report(address + page)
    points = {name: round(told["categories"][name]["score"] * 100) for name in CATEGORIES}
    weight = told["audits"]["total-byte-weight"]["numericValue"]
    (tmp_path / "report.json").write_text(json.dumps(told), "utf-8")
    print(f"\n/{page}: {points}, {weight / 1000:.0f} kB")  # noqa: T201 - the figure of the proof
    assert min(points.values()) >= LEAST, tmp_path / "report.json"
    assert page or weight <= FIRST_PAGE_BYTES
