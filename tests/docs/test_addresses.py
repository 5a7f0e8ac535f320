"""What was published once keeps answering: a page that is gone without a redirection stops the build."""

from pathlib import Path
from urllib.parse import urljoin

import pytest

from docs.hooks import addresses, facts
from docs.hooks.facts import FactError

SITE = [
    "index.html",
    "contacts/index.html",
    "esia/return.html",
    "openapi.json",
    "assets/a.html",
    "404.html",
    "pdf/a.pdf",
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give data files of one's own."""
    monkeypatch.setattr(facts, "DATA", tmp_path)
    (tmp_path / "redirects.yml").write_text("{}", "utf-8")
    (tmp_path / "published_pages.yml").write_text('["", contacts/, openapi.json]', "utf-8")
    return tmp_path


def test_pages_and_files_of_the_root_are_promised() -> None:
    """Not what the theme and the build make of themselves."""
    assert addresses.of_files(SITE) == {"", "contacts/", "esia/return.html", "openapi.json"}


def test_something_is_promised() -> None:
    """The start page and what letters, refusals and ЕСИА lead to are among it."""
    assert {"", "errors/", "not-me/", "esia/return.html", "openapi.json"} <= addresses.promised()


def test_a_lost_page_is_named_until_it_is_redirected(data: Path) -> None:
    """Planted: a page gone; then where it went is written down; then a redirection that leads away from a page."""
    assert list(addresses.faults(SITE)) == []
    gone = [one for one in SITE if not one.startswith("contacts/")]
    (said,) = addresses.faults(gone)
    assert "contacts/ is gone" in said
    (data / "redirects.yml").write_text("contacts/: profile.md#contacts", "utf-8")
    assert list(addresses.faults(gone)) == []
    (said,) = addresses.faults(SITE)
    assert "leads away from contacts/" in said


def test_a_redirection_to_nowhere_is_refused(data: Path) -> None:
    """The page that it leads to must be there."""
    (data / "redirects.yml").write_text("contacts/: nowhere.md", "utf-8")
    with pytest.raises(FactError, match=r"nowhere\.md"):
        addresses.moved()


@pytest.mark.parametrize(
    ("old", "to", "href"),
    [
        ("contacts/", "profile/#contacts", "../profile/#contacts"),
        ("help/old/", "", "../../"),
        ("", "latest/", "latest/"),
        ("old.html", "latest/old.html", "latest/old.html"),
        ("a/b/", "latest/a/b/", "../../latest/a/b/"),
    ],
)
def test_a_redirection_works_below_any_path(old: str, to: str, href: str) -> None:
    """Link and script are relative, and lead where they should."""
    page = addresses.redirect(old, to)
    assert f'id="moved" href="{href}"' in page
    assert f'url={href}"' in page
    script = page.partition('module" src="')[2].partition('"')[0]
    for root in ("http://host/", "http://host/1.0/"):
        assert urljoin(f"{root}{old}", script) == f"{root}{addresses.SCRIPT}"
        assert urljoin(f"{root}{old}", href) == f"{root}{to}"
