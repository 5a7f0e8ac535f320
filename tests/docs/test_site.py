"""The built help centre: complete, whole, and quiet towards other hosts."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import feedparser
import pytest

from chalicelib.accounts.schemas import POLICY_VERSION
from chalicelib.kit import catalogue
from chalicelib.kit.problem import known
from docs.hooks import rated
from infra.openapi import describe, of_the_gateway

ROOT = Path(__file__).resolve().parents[2]
HOST = "http://localhost:8080"
REQUESTED_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "modulepreload",
    "manifest",
    "preconnect",
    "dns-prefetch",
}


class Page(HTMLParser):
    """What a page holds that the checks look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lang = ""
        self.ids: set[str] = set()
        self.repeated: list[str] = []
        self.links: list[str] = []
        self.requested: list[str] = []
        self.headings: dict[str, str] = {}
        self.classes: set[str] = set()
        self._heading = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        self.classes |= set(of.get("class", "").split())
        if "id" in of:
            self.repeated += [of["id"]] if of["id"] in self.ids else []
            self.ids.add(of["id"])
        if tag == "html":
            self.lang = of.get("lang", "")
        if tag == "a" and "href" in of:
            self.links.append(of["href"])
        if tag == "link" and set(of.get("rel", "").split()) & REQUESTED_LINKS:
            self.requested.append(of["href"])
        self.requested += [of[name] for name in ("src", "data", "poster") if name in of and tag != "a"]
        self.requested += [one.split()[0] for one in of.get("srcset", "").split(",") if one.strip()]
        if tag == "h3":
            self._heading = of.get("id", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"h3", "a"}:  # the permanent link inside a heading is not its text
            self._heading = ""

    def handle_data(self, data: str) -> None:
        if self._heading:
            self.headings.setdefault(self._heading, data.strip())


@dataclass
class Site:
    """A built site."""

    root: Path
    log: str = ""
    pages: dict[str, Page] = field(default_factory=dict)

    @cached_property
    def addresses(self) -> set[str]:
        """Every address that answers."""
        files = [one.relative_to(self.root).as_posix() for one in self.root.rglob("*") if one.is_file()]
        return {f"/{one.removesuffix('index.html') if one.endswith('index.html') else one}" for one in files}

    def leads_somewhere(self, source: str, link: str) -> bool:
        """Tell whether a link of a file leads to another site, or to what is there, with its anchor."""
        target = urlsplit(urljoin(HOST + source, link))
        if f"{target.scheme}://{target.netloc}" != HOST:
            return True
        path, anchor = unquote(target.path), unquote(target.fragment)
        return path in self.addresses and not (anchor and path in self.pages and anchor not in self.pages[path].ids)

    def text(self, address: str) -> str:
        """Return a page as it lies there."""
        return (self.root / address.lstrip("/") / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    root = tmp_path_factory.mktemp("site")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CABINET_")}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(root)]
    environment["NO_MKDOCS_2_WARNING"] = "1"
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert built.returncode == 0, built.stderr
    made = Site(root, built.stderr)
    for file in sorted(root.rglob("*.html")):
        address = f"/{file.relative_to(root).as_posix()}".removesuffix("index.html")
        made.pages[address] = Page(file.read_text("utf-8"))
    return made


def codes() -> dict[str, str]:
    """Return the title of every code that a client may meet."""
    catalogue.load()
    ours = {code: one.title for code, one in known().items() if one.__module__.startswith("chalicelib.")}
    return ours | {said.code: said.title for said in of_the_gateway()}


def test_the_build_warns_of_nothing(site: Site) -> None:
    assert "WARNING" not in site.log
    assert len(site.pages) > len(catalogue.operations)


def test_nothing_is_requested_from_another_host(site: Site) -> None:
    foreign = {
        one
        for address, page in site.pages.items()
        for one in page.requested
        if not one.startswith("data:") and not urljoin(HOST + address, one).startswith(f"{HOST}/")
    }
    assert foreign == set()
    for sheet in site.root.rglob("*.css"):
        found = re.findall(r"""(?:url\(|@import\s)\s*["']?(?:https?:)?//[^)"';]+""", sheet.read_text("utf-8"))
        assert found == [], sheet.name
    loading = {"mermaid", "md-source"}  # for these the theme's script would ask other hosts
    assert not [address for address, page in site.pages.items() if page.classes & loading]


def test_every_internal_link_and_anchor_leads_somewhere(site: Site) -> None:
    broken = [
        (address, link)
        for address, page in site.pages.items()
        for link in [*page.links, *page.requested]
        if not site.leads_somewhere(address, link)
    ]
    assert broken == []


def test_addresses_in_other_files_lead_somewhere_too(site: Site) -> None:
    """The site map, the feed, style sheets, the site's own scripts, and openapi.json with its anchors of refusals."""
    named = [("sitemap.xml", one) for one in re.findall(r"<loc>(.+?)</loc>", (site.root / "sitemap.xml").read_text())]
    named += [
        ("updates.xml", one) for one in re.findall(r'href="(.+?)"', (site.root / "updates.xml").read_text("utf-8"))
    ]
    for sheet in site.root.rglob("*.css"):
        found = re.findall(r"""url\(["']?([^"')]+)""", sheet.read_text("utf-8"))
        named += [(sheet.relative_to(site.root).as_posix(), one) for one in found if not one.startswith("data:")]
    for script in (ROOT / "docs/assets").glob("*.js"):
        found = re.findall(r"""["'](\.{1,2}/[^"'`$ ]+)["']""", script.read_text("utf-8"))
        named += [(f"assets/{script.name}", one) for one in found]
    described = re.findall(r'"https://cabinet\.example\.org/([^"]*)"', (site.root / "openapi.json").read_text("utf-8"))
    named += [("openapi.json", one) for one in described]
    assert not any(site.leads_somewhere("/", one) for one in ("nowhere/", "errors/#nowhere"))
    assert {source.rpartition("/")[2] for source, _ in named} > {"sitemap.xml", "updates.xml", "openapi.json"}
    assert [(source, one) for source, one in named if not site.leads_somewhere(f"/{source}", one)] == []


def test_no_page_repeats_an_anchor(site: Site) -> None:
    assert {address: page.repeated for address, page in site.pages.items() if page.repeated} == {}


def test_every_code_has_its_entry_and_every_entry_its_code(site: Site) -> None:
    assert site.pages["/errors/"].headings == codes()


def test_every_entry_says_what_why_and_what_to_do() -> None:
    entries = re.split(r"^### ", (ROOT / "docs/errors.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    lacking = [
        entry.splitlines()[0]
        for entry in entries
        if not all(f"**{part}.**" in entry for part in ("Что случилось", "Почему", "Что сделать"))
    ]
    assert lacking == []


def test_every_operation_has_a_page_of_the_reference(site: Site) -> None:
    catalogue.load()
    wanted = {f"/api/{one.domain}/{one.name}/" for one in catalogue.operations.values() if not one.internal}
    found = {address for address in site.pages if re.fullmatch(r"/api/\w+/\w+/", address)}
    assert found == wanted


def test_every_written_page_asks_whether_it_was_useful(site: Site) -> None:
    """A page that is not asked about is missing in the list of `docs/hooks/rated.py`, or should not be there any more."""
    asked = {address for address, page in site.pages.items() if "page-rating" in page.classes}
    written = {one for one in site.pages if one.endswith("/") and not one.startswith("/api/")}
    assert asked == written
    assert {urljoin("/", one) for one in rated.found()["pages"]} == asked


def test_the_list_of_rated_pages_is_the_sites() -> None:
    """`python docs/hooks/rated.py` writes it; the cabinet counts what stands in it and nothing else."""
    listed = json.loads(rated.LIST.read_text("utf-8"))
    assert listed == rated.found()
    assert rated.version() == listed["versions"][0]


def test_the_published_description_is_the_catalogues(site: Site) -> None:
    raw = (site.root / "openapi.json").read_text("utf-8")
    assert json.loads(raw) == describe()
    assert "\\u04" not in raw


def test_the_program_that_checks_a_journal_can_be_taken_from_the_site(site: Site) -> None:
    published = (site.root / "verify_journal.py").read_text("utf-8")
    assert published == (ROOT / "infra/verify_journal.py").read_text("utf-8")
    assert "chalicelib" not in published


def test_every_page_is_in_russian(site: Site) -> None:
    assert {page.lang for page in site.pages.values()} == {"ru"}
    assert "Not found" not in (site.root / "404.html").read_text("utf-8")


def test_engineering_notes_and_hooks_are_not_published(site: Site) -> None:
    assert [one for one in site.addresses if one.startswith(("/engineering", "/hooks"))] == []
    search = json.loads((site.root / "search/search_index.json").read_text("utf-8"))
    assert "engineering" not in {one["location"].split("/")[0] for one in search["docs"]}


def test_the_page_of_return_asks_for_the_policy_in_force() -> None:
    """The version that a person agrees to there is the one that registration takes, and its words name it too."""
    page = (ROOT / "docs/esia/return.html").read_text(encoding="utf-8")
    assert re.findall(r'id="policy"[^>]*data-version="([^"]+)"', page) == [POLICY_VERSION]
    assert f"(версия {POLICY_VERSION})" in page


def test_every_page_says_when_it_changed_and_leads_to_the_updates(site: Site) -> None:
    """Each has its date and version; without the PDF files no page leads to one."""
    pages = {address: page for address, page in site.pages.items() if address.endswith("/")}
    assert [address for address, page in pages.items() if "page-changes" not in page.classes] == []
    leading = {urlsplit(urljoin(address, link)).path for address, page in pages.items() for link in page.links}
    assert "/help/updates/" in leading
    assert [one for one in leading if one.endswith(".pdf")] == []


def test_the_feed_is_found_and_leads_to_pages_of_the_site(site: Site) -> None:
    """Every page names it; every link of it is a page, its anchor too."""
    feed = (site.root / "updates.xml").read_text("utf-8")
    read = feedparser.parse(feed)
    links = [urlsplit(one.link) for one in read.entries]
    links += [
        urlsplit(one) for one in re.findall(r'href="([^"]+)"', "".join(one.content[0].value for one in read.entries))
    ]
    assert len(links) > len(read.entries) > 0
    for link in links:
        assert link.path in site.pages
        assert not link.fragment or link.fragment in site.pages[link.path].ids
    for address in (one for one in site.pages if one.endswith("/")):
        found = re.search(r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]+)"', site.text(address))
        assert found is not None, address
        assert urljoin(HOST + address, found[1]) == f"{HOST}/updates.xml"
