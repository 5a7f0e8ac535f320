"""docs/data/changes.yml: judged whole, told on its page, in the feed and on every page that it names."""

import tomllib
from datetime import date
from typing import Any

import feedparser
import pytest
from conftest import ROOT

from docs.hooks import addresses, changes, facts

NEWER: dict[str, Any] = {
    "version": "1.1",
    "date": date(2026, 12, 1),
    "product": "0.2.0",
    "entries": [{"kind": "corrected", "page": "contacts.md", "text": "Уточнено здесь"}],
}
OLDER: dict[str, Any] = {
    "version": "1.0",
    "date": date(2026, 11, 25),
    "product": "0.1.0",
    "entries": [
        {"kind": "added", "page": "contacts.md", "text": "Контакты & адреса."},
        {"kind": "added", "page": "profile.md", "text": "Профиль."},
    ],
}


def test_the_newest_version_describes_this_cabinet() -> None:
    """The documentation has numbers of its own; `product` ties the newest to pyproject and to the changelog's newest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    log = (ROOT / "CHANGELOG.md").read_text("utf-8").split("\n## ")[1].split()[0]
    assert changes.versions()[0].product == project == log


def test_no_new_page_is_passed_over() -> None:
    """From the second version on, each page that was not published before is told of."""
    assert changes.unnamed(facts.written_pages(), addresses.promised(), changes.versions()) == []
    both = changes.read([NEWER, OLDER])
    pages, published = ["contacts.md", "esia.md", "help/updates.md"], {"esia/"}
    assert changes.unnamed(pages, published, both) == ["help/updates.md"]
    assert changes.unnamed(pages, published, both[1:]) == []


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [OLDER, NEWER],
        [OLDER, OLDER],
        [NEWER | {"date": date(2026, 11, 24)}, OLDER],
        [OLDER | {"version": 1.0}],
        [OLDER | {"version": "1.0.0"}],
        [OLDER | {"version": "١.٠"}],
        [OLDER | {"date": "вчера"}],
        [OLDER | {"entries": []}],
        [OLDER | {"more": 1}],
        [OLDER | {"entries": [{"kind": "removed", "page": "contacts.md", "text": "Что."}]}],
        [OLDER | {"entries": [{"kind": "added", "page": "contacts.md", "text": " "}]}],
        [OLDER | {"entries": [{"kind": "added", "page": "contacts.md", "text": "Со [ссылкой](x.md)."}]}],
        [OLDER | {"entries": [{"kind": "added", "page": "contacts.md"}]}],
        [OLDER | {"entries": [{"kind": "added", "page": "nowhere.md", "text": "Что."}]}],
        [OLDER | {"entries": [{"kind": "added", "page": "engineering/tour.md", "text": "Что."}]}],
    ],
)
def test_a_wrong_list_stops_the_build(rows: list[dict[str, Any]]) -> None:
    """One sentence names the file: order, numbers, dates, kinds, texts, and a page that does not exist."""
    with pytest.raises(facts.FactError, match=r"^docs/data/changes\.yml .*[^.]\.$"):
        changes.read(rows)


@pytest.mark.parametrize(
    ("page", "number", "day", "texts"),
    [
        ("contacts.md", "1.1", "1 декабря 2026 года", ["Уточнено здесь", "Контакты & адреса."]),
        ("profile.md", "1.0", "25 ноября 2026 года", ["Профиль."]),
        ("esia.md", "1.0", "25 ноября 2026 года", []),
        ("api/profile/index.md", "1.1", "1 декабря 2026 года", []),
        (changes.PAGE, "1.1", "1 декабря 2026 года", []),
    ],
)
def test_a_page_tells_of_itself(page: str, number: str, day: str, texts: list[str]) -> None:
    """Its last change and its own items, newest first; what is made at each build is of the newest version."""
    told = changes.of_page(page, changes.read([NEWER, OLDER]))
    assert (told.version.number, told.day, [one.text for one in told.items]) == (number, day, texts)


def test_the_feed_is_read_by_an_independent_reader() -> None:
    """Entries newest first, moments, absolute links to page and anchor, escaped text; ids do not depend on the path."""
    known = changes.read([NEWER, OLDER])
    read = feedparser.parse(changes.feed("https://help.example.org/latest", "Кабинет", known))
    assert read.bozo is False
    assert read.version == "atom10"
    assert read.feed.title == "Кабинет: обновления"
    assert [one.title for one in read.entries] == ["Версия 1.1", "Версия 1.0"]
    assert read.entries[0].link == "https://help.example.org/latest/help/updates/#v1-1"
    assert read.entries[0].updated == read.feed.updated == "2026-12-01T00:00:00Z"
    assert (
        '<a href="https://help.example.org/latest/contacts/">Контакты &amp; адреса.</a>'
        in read.entries[1].content[0].value
    )
    other = feedparser.parse(changes.feed("https://help.example.org/", "Кабинет", known))
    assert [one.id for one in other.entries] == [one.id for one in read.entries]
    assert len({one.id for one in read.entries} | {read.feed.id}) == 3


@pytest.mark.parametrize(
    ("page", "address"),
    [("index.md", ""), ("contacts.md", "contacts/"), ("help/index.md", "help/"), ("help/updates.md", "help/updates/")],
)
def test_a_page_has_its_address(page: str, address: str) -> None:
    """As MkDocs gives it."""
    assert changes.address_of(page) == address
