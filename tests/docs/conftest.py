"""One build of the help centre and one browser for the proofs that look at its pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webpages import browser, build, served


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the help centre."""
    return build(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def site_address(built_site: Path) -> Iterator[str]:
    """Serve it as the CDN does."""
    with served(built_site) as (address, _):
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Open a browser."""
    with browser() as opened:
        opened.set_script_timeout(60)
        yield opened
