"""What changed in which version: the page «Обновления», the feed, and each page's date and own list, all from one file.

`docs/data/changes.yml` is written by maintainers; whatever is wrong with it stops the build.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from docs.hooks import facts

PAGE: Final = "help/updates.md"
FEED: Final = "updates.xml"
KINDS: Final = {"added": "Добавлено", "corrected": "Исправлено"}
_ATOM: Final = "http://www.w3.org/2005/Atom"
_NUMBER: Final = re.compile(r"[0-9]+\.[0-9]+")
_FIELDS: Final = {"version", "date", "product", "entries"}
_ENTRY: Final = {"kind", "page", "text"}


@dataclass(frozen=True)
class Change:
    """One item of a version's list: what it did to a page."""

    version: str
    day: date
    kind: str
    page: str
    text: str

    @property
    def label(self) -> str:
        """The kind in Russian."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class Version:
    """A published version of the documentation; `product` is the version of the cabinet that it describes."""

    number: str
    day: date
    product: str
    changes: tuple[Change, ...]

    @property
    def anchor(self) -> str:
        """Where the page «Обновления» tells of it."""
        return f"v{self.number.replace('.', '-')}"

    def of(self, kind: str) -> list[Change]:
        """Return the changes of a kind, in the order of the file."""
        return [one for one in self.changes if one.kind == kind]


@dataclass(frozen=True)
class PageChanges:
    """What a page says of itself: the version and day of its last change, and its items, newest first."""

    version: Version
    day: str
    items: list[Change]
    generated: bool


def versions() -> list[Version]:
    """Return all versions, newest first."""
    return read(facts.data("changes"))


def read(rows: Any) -> list[Version]:
    """Judge and return what the file says; FactError names what is wrong."""
    found = [_version(row) for row in rows]
    if not found:
        raise _wrong("names no version")
    for newer, older in pairwise(found):
        if key(newer.number) <= key(older.number) or newer.day < older.day:
            raise _wrong(f"has {newer.number} before {older.number}: the newest version comes first")
    return found


def key(number: str) -> tuple[int, ...]:
    """Return what version numbers are sorted by."""
    return tuple(int(part) for part in number.split("."))


def is_number(number: str) -> bool:
    """Tell whether a version is of the form N.N."""
    return _NUMBER.fullmatch(number) is not None


def of_page(page: str, known: list[Version]) -> PageChanges:
    """Return what a page says of itself. A written page that no list names came with the first version."""
    items = [one for version in known for one in version.changes if one.page == page]
    generated = page.startswith("api/") or page == PAGE
    named = (version for version in known if page in {one.page for one in version.changes})
    version = known[0] if generated else next(named, known[-1])
    return PageChanges(version, facts.day(page, version.day), items, generated)


def unnamed(pages: list[str], published: set[str], known: list[Version]) -> list[str]:
    """Return the pages that are new and that no version tells of. The first version need not name each of its pages."""
    if len(known) == 1:
        return []
    named = {one.page for version in known for one in version.changes}
    return sorted(page for page in pages if page not in named and address_of(page) not in published)


def address_of(page: str) -> str:
    """Return the address of a page below the root of the site by its path in `docs`."""
    path = page.removesuffix(".md")
    return path.removesuffix("index") if path == "index" or path.endswith("/index") else f"{path}/"


def feed(site_url: str, title: str, known: list[Version]) -> str:
    """Return the Atom feed: an entry a version, with its lists; links are absolute, ids outlive a change of scheme."""
    home = f"{site_url.rstrip('/')}/"
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "ru"})
    _texts(root, {"id": f"tag:{_host(home)},{known[-1].day}:updates", "title": f"{title}: обновления"})
    _texts(root, {"updated": _moment(known[0].day)})
    ET.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": home + FEED})
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": home + address_of(PAGE)})
    ET.SubElement(ET.SubElement(root, "author"), "name").text = title
    for version in known:
        _entry(root, home, version)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _entry(root: ET.Element, home: str, version: Version) -> None:
    entry = ET.SubElement(root, "entry")
    moment = _moment(version.day)
    _texts(entry, {"id": f"tag:{_host(home)},{version.day}:{version.number}", "title": f"Версия {version.number}"})
    _texts(entry, {"published": moment, "updated": moment})
    ET.SubElement(entry, "link", {"href": f"{home}{address_of(PAGE)}#{version.anchor}"})
    ET.SubElement(entry, "content", {"type": "html"}).text = "".join(_html(home, version))


def _html(home: str, version: Version) -> Iterator[str]:
    for kind, label in KINDS.items():
        if changes := version.of(kind):
            yield f"<p>{label}:</p><ul>"
            for one in changes:
                yield f'<li><a href="{home}{address_of(one.page)}">{html.escape(one.text)}</a></li>'
            yield "</ul>"


def _texts(of: ET.Element, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        ET.SubElement(of, name).text = text


def _host(home: str) -> str:
    return urlsplit(home).hostname or ""


def _moment(day: date) -> str:
    return f"{day}T00:00:00Z"


def _version(row: dict[str, Any]) -> Version:
    if set(row) != _FIELDS or not row["entries"]:
        raise _wrong(f"has a version that is not made of {', '.join(sorted(_FIELDS))}")
    number, day = row["version"], row["date"]
    if not (isinstance(number, str) and is_number(number) and isinstance(day, date)):
        raise _wrong(f'has {number!r} of {day!r}: write version: "1.0" and date: 2026-11-25')
    return Version(number, day, str(row["product"]), tuple(_change(number, day, one) for one in row["entries"]))


def _change(number: str, day: date, entry: dict[str, str]) -> Change:
    if set(entry) != _ENTRY or entry["kind"] not in KINDS or not entry["text"].strip():
        raise _wrong(f"has an entry of {number} that is not made of kind (added, corrected), page and text: {entry}")
    if re.search(r"[*_`<>\[\]{}]", entry["text"]):
        raise _wrong(f"has a text that is not plain: {entry['text']}")
    try:
        facts.title_of(entry["page"])
    except facts.FactError as missing:
        raise _wrong(f"has a change of {number} to a page that is not there: {missing}") from missing
    return Change(number, day, entry["kind"], entry["page"], entry["text"])


def _wrong(what: str) -> facts.FactError:
    return facts.FactError(f"docs/data/changes.yml {what.rstrip('.')}.")
