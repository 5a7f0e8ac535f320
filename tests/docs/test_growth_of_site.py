"""The help centre stays quick to build when it has grown to 500 pages."""

import shutil
import time
from pathlib import Path

import pytest
from conftest import ROOT
from webpages import addresses, build

from docs.hooks import api_pages

pytestmark = pytest.mark.proof
PAGES = 500
A_SECTION = 25  # pages of one part of the navigation
MOST_SECONDS = 60


def grown(project: Path) -> Path:
    """Copy the help centre, and its longest pages over and over, each in the navigation; returns the copy's folder."""
    for name in ("functions", "infra"):
        (project / name).symlink_to(ROOT / name)
    docs = Path(shutil.copytree(ROOT / "docs", project / "docs", ignore=shutil.ignore_patterns("__pycache__")))
    written = sorted(docs.glob("*.md"), key=lambda one: one.stat().st_size)
    navigation = [(ROOT / "mkdocs.yml").read_text("utf-8").rstrip()]
    for number in range(PAGES - len(written) - len(api_pages.pages())):
        model, name = written[-1 - number % A_SECTION], f"copy-{number}.md"
        shutil.copy(model, docs / name)
        if number % A_SECTION == 0:
            navigation.append(f"  - Копии с {number}:")
        navigation.append(f"      - Копия {number}: {name}")
    (project / "mkdocs.yml").write_text("\n".join(navigation), "utf-8")
    return project


def test_five_hundred_pages_are_built_within_a_minute(tmp_path: Path) -> None:
    """A strict build of the whole, all pages in the navigation; the figures are printed."""
    (tmp_path / "project").mkdir()
    project = grown(tmp_path / "project")
    started = time.monotonic()
    site = build(tmp_path / "site", project)
    seconds, pages = time.monotonic() - started, len(addresses(site))
    print(f"\n{pages} pages in {seconds:.1f} s")  # noqa: T201 - the figure is what the proof is for
    assert pages >= PAGES
    assert seconds <= MOST_SECONDS
