"""A maintainer publishes in a repository of his own: two versions, their tree, their feed and their PDF files."""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser
import pytest
from conftest import ROOT
from pypdf import PdfReader

from docs.hooks import addresses, changes, pdf

NEXT: str = "{}.{}".format(
    *(number + step for number, step in zip(changes.key(changes.versions()[0].number), (0, 1), strict=True))
)
FIRST: str = changes.versions()[0].number
NEW = "Сказано о новом."


@dataclass
class Repository:
    """A clone with what is being worked on, committed."""

    place: Path

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        return subprocess.run(["git", *arguments], cwd=self.place, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A change")

    def publish(self, *arguments: str) -> tuple[int, str]:
        """Run the program; returns its code and what it says."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CABINET_")}
        command = [sys.executable, "-m", "infra.publish", *arguments]
        done = subprocess.run(command, cwd=self.place, env=clean, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def change(self, name: str, old: str, new: str) -> None:
        """Edit a file."""
        text = (self.place / name).read_text("utf-8")
        assert old in text
        (self.place / name).write_text(text.replace(old, new, 1), "utf-8")

    def announce(self, number: str) -> None:
        """Write the next version into changes.yml."""
        newest = changes.versions()[0]
        entry = f"  - {{kind: corrected, page: contacts.md, text: {NEW}}}"
        head = f'- version: "{number}"\n  date: {newest.day}\n  product: {newest.product}\n  entries:\n  {entry}\n'
        self.change("docs/data/changes.yml", f'- version: "{newest.number}"', f'{head}- version: "{newest.number}"')


def repository(place: Path) -> Repository:
    """Copy what stands in the work tree into a repository of its own."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in names:
        if name and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)
    made = Repository(place)
    made.git("init", "--quiet", "--initial-branch", "work")
    made.git("config", "user.name", "Maintainer")
    made.git("config", "user.email", "maintainer@example.org")
    made.commit()
    return made


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Give a repository in which nothing has been published."""
    return repository(tmp_path_factory.mktemp("untouched"))


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Publish, move a page, publish the next version: as a maintainer does it."""
    made = repository(tmp_path_factory.mktemp("twice"))
    code, said = made.publish(FIRST)
    assert code == 0, said
    made.git("add", "--all")
    made.git("commit", "--quiet", "--allow-empty", "--message", "The promised addresses")
    made.announce(NEXT)
    made.git("mv", "docs/help/glossary.md", "docs/help/words.md")
    made.change("mkdocs.yml", "help/glossary.md", "help/words.md")
    made.change("docs/hooks/facts.py", '"help/glossary.md"', '"help/words.md"')
    made.change("docs/data/redirects.yml", "{}", "help/glossary/: help/words.md")
    made.change(
        "docs/data/changes.yml", f"{NEW}}}", f"{NEW}}}\n    - {{kind: added, page: help/words.md, text: Словарь.}}"
    )
    for page in (made.place / "docs").rglob("*.md"):
        page.write_text(page.read_text("utf-8").replace("glossary.md", "words.md"), "utf-8")
    made.commit()
    code, said = made.publish(NEXT)
    assert code == 0, said
    return made


@pytest.mark.parametrize("number", ["", "2", "1.2.3", "v1.0", "١.٠", "1.0\n"])
def test_what_is_no_version_is_refused(untouched: Repository, number: str) -> None:
    code, said = untouched.publish(number)
    assert code == 1
    assert "is no version of the documentation: write two numbers" in said
    assert "refs/heads/site" not in untouched.git("for-each-ref")


def test_a_version_without_its_list_is_refused(untouched: Repository) -> None:
    code, said = untouched.publish("99.0")
    assert (code, said.count("\n")) == (1, 1)
    assert "docs/data/changes.yml says nothing of version 99.0" in said


def test_a_work_tree_with_changes_is_refused(untouched: Repository) -> None:
    (untouched.place / "docs/draft.txt").write_text("x", "utf-8")
    code, said = untouched.publish(FIRST)
    (untouched.place / "docs/draft.txt").unlink()
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("Not committed: docs/draft.txt.")


@pytest.mark.proof
def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """A page with a wrong short-code: the reason is shown, no branch is there, and the second try succeeds elsewhere."""
    made = repository(tmp_path)
    made.change("docs/contacts.md", "# Изменить контакты", '# Изменить контакты\n\n{{ refusal("no-such") }}')
    made.commit()
    code, said = made.publish(FIRST)
    assert code == 1
    assert "There is no refusal no-such." in said
    assert said.endswith("The version could not be built: see above.\n")
    assert made.git("for-each-ref", "--format=%(refname)").split() == ["refs/heads/work"]
    assert not (tmp_path / "build/published").exists()


@pytest.mark.proof
def test_a_version_is_not_published_twice_nor_for_another_address(twice: Repository) -> None:
    """The branch stays where it is."""
    before = twice.git("rev-parse", "site")
    code, said = twice.publish(NEXT)
    assert (code, said) == (1, f"Version {NEXT} is published already: choose the next number.\n")
    code, said = twice.publish(FIRST)
    assert (code, said) == (1, f"Version {FIRST} is published already: choose the next number.\n")
    third = changes.key(NEXT)
    other = f"{third[0]}.{third[1] + 1}"
    clone = Repository(twice.place.with_name("clone"))
    subprocess.run(["git", "clone", "--quiet", str(twice.place), str(clone.place)], check=True)
    clone.git("config", "user.name", "Maintainer")
    clone.git("config", "user.email", "maintainer@example.org")
    clone.change("docs/data/changes.yml", f'"{NEXT}"', f'"{other}"')
    clone.commit()
    code, said = clone.publish(other, "--stage", "prod")
    assert code == 1
    assert "The branch site is built for http://localhost:8080/, not for https://" in said
    assert twice.git("rev-parse", "site") == before


@pytest.mark.proof
def test_what_is_deployed_is_what_was_published_for_that_address(twice: Repository) -> None:
    """In a clone too, which knows the branch of its remote only; for another address the pages are built as they are."""
    clone = Repository(twice.place.with_name("deploying"))
    subprocess.run(["git", "clone", "--quiet", str(twice.place), str(clone.place)], check=True)
    asked = "from infra import publish; print(publish.folder_for('http://localhost:8080/', 'dev'))"
    said = subprocess.run(
        [sys.executable, "-c", asked], cwd=clone.place, check=True, capture_output=True, text=True
    ).stdout
    assert said.strip() == str(clone.place / "build/published")
    assert json.loads((clone.place / "build/published/versions.json").read_text("utf-8"))[0]["version"] == NEXT
    code, said = clone.publish("--stage", "prod")
    assert (code, said.strip()) == (0, str(clone.place / "build/site-prod"))
    start = (clone.place / "build/site-prod/index.html").read_text("utf-8")
    assert '<link rel="canonical" href="https://cabinet.example.org/">' in start


@pytest.mark.proof
def test_the_branch_and_the_folder_hold_the_same_tree(twice: Repository) -> None:
    """Nothing else is left behind: no draft, no work tree."""
    folder = twice.place / "build/published"
    files = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
    assert set(twice.git("-c", "core.quotepath=off", "ls-tree", "-r", "--name-only", "site").splitlines()) == files
    assert twice.git("for-each-ref", "--format=%(refname)", "refs/heads").split() == [
        "refs/heads/site",
        "refs/heads/work",
    ]
    assert [one.name for one in (twice.place / "build").iterdir()] == ["published"]
    versions = json.loads((folder / "versions.json").read_text("utf-8"))
    assert [(one["version"], one["aliases"]) for one in versions] == [(NEXT, ["latest"]), (FIRST, [])]
    for file in (folder / NEXT).rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (folder / "latest" / file.relative_to(folder / NEXT)).read_bytes()


@pytest.mark.proof
def test_only_the_newest_version_is_indexed_and_canonical(twice: Repository) -> None:
    """Pages of both name the page in `latest` as the one to keep; the older ask not to be indexed."""
    folder = twice.place / "build/published"
    for number, is_old in ((FIRST, True), (NEXT, False), ("latest", False)):
        page = (folder / number / "contacts/index.html").read_text("utf-8")
        assert '<link rel="canonical" href="http://localhost:8080/latest/contacts/">' in page
        assert ('content="noindex"' in page) is is_old
        assert ("Это старая версия справки" in page) is is_old
        assert (NEW in page) is not is_old


@pytest.mark.proof
def test_every_address_of_the_version_before_still_answers(twice: Repository) -> None:
    """In `latest` and without a version; the page that moved leads to its new place; the list is kept for the next time."""
    folder = twice.place / "build/published"
    before = addresses.of_site(folder / FIRST)
    assert "help/glossary/" in before
    for address in before:
        assert (folder / "latest" / addresses.file_of(address)).is_file(), address
        assert (folder / addresses.file_of(address)).is_file(), address
    assert 'href="../words/"' in (folder / "latest/help/glossary/index.html").read_text("utf-8")
    listed = (twice.place / "docs/data/published_pages.yml").read_text("utf-8")
    assert all(f"- {address}\n" in listed for address in before | {"help/words/"} if address)


@pytest.mark.proof
def test_the_feed_and_the_page_tell_of_both(twice: Repository) -> None:
    folder = twice.place / "build/published"
    read = feedparser.parse((folder / "updates.xml").read_text("utf-8"))
    assert [one.title for one in read.entries][:2] == [f"Версия {NEXT}", f"Версия {FIRST}"]
    assert all(one.link.startswith("http://localhost:8080/latest/help/updates/#v") for one in read.entries)
    assert NEW in read.entries[0].content[0].value
    assert NEW in (folder / "latest/help/updates/index.html").read_text("utf-8")


def _books(twice: Repository) -> dict[str, PdfReader]:
    return {one.name: PdfReader(one) for one in sorted((twice.place / "build/published/latest/pdf").glob("*.pdf"))}


@pytest.mark.proof
def test_every_section_has_its_book_and_pages_lead_to_it(twice: Repository) -> None:
    """Each section of the navigation and the whole; each page of a section leads to its file, «Обновления» to the whole."""
    latest = twice.place / "build/published/latest"
    contents = pdf.Contents.of(latest)
    assert set(_books(twice)) == {one.file for one in contents.sections} | {pdf.WHOLE}
    assert len(contents.sections) > 5
    for section in contents.sections:
        for page in section.pages:
            assert f'pdf/{section.file}"' in (latest / page / "index.html").read_text("utf-8")
    assert f'pdf/{pdf.WHOLE}"' in (latest / "help/updates/index.html").read_text("utf-8")


@pytest.mark.proof
def test_books_have_title_version_date_numbers_and_cyrillic(twice: Repository) -> None:
    """On the first page title, version and date; below each other page its number of how many; tagged, fonts embedded."""
    contents = pdf.Contents.of(twice.place / "build/published/latest")
    for name, book in _books(twice).items():
        cover = book.pages[0].extract_text()
        for said in (contents.title, f"Версия {NEXT} от {contents.date}"):
            assert said in cover, name
        for number, page in enumerate(book.pages, 1):
            footer = f"стр. {number} из {len(book.pages)}"
            assert (footer in page.extract_text()) is (number > 1), (name, number)
        catalogue: Any = book.trailer["/Root"]
        assert catalogue["/MarkInfo"]["/Marked"], name
        assert catalogue["/Lang"] == "ru", name
        assert "pdfuaid:part" in catalogue["/Metadata"].get_object().get_data().decode(), name
        assert _fonts(book) == {True}, name
    whole = "".join(page.extract_text() for page in _books(twice)[pdf.WHOLE].pages)
    assert NEW in re.sub(r"\s+", " ", whole)
    assert "Ссылка на этот раздел" not in whole


def _fonts(book: PdfReader) -> set[bool]:
    """Tell of each font of a book whether it is embedded."""
    found = set()
    for page in book.pages:
        resources: Any = page["/Resources"]
        for font in resources.get("/Font", {}).values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            found.add(any(name in descriptor for name in ("/FontFile", "/FontFile2", "/FontFile3")))
    return found


@pytest.mark.proof
def test_the_table_of_contents_has_the_right_numbers(twice: Repository) -> None:
    """Each row names the page on which its heading stands; bookmarks say the same."""
    for name, book in _books(twice).items():
        rows = _rows(book)
        assert rows, name
        for title, number in rows:
            assert title in re.sub(r"\s+", " ", book.pages[number - 1].extract_text()), (name, title)
        marks = {(str(one.title), book.get_destination_page_number(one) or 0) for one in _flat(book.outline)}
        assert {(title, number - 1) for title, number in rows} <= marks, name
    assert len(_rows(_books(twice)[pdf.WHOLE])) > 30


def _rows(book: PdfReader) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for page in book.pages[1:]:
        text = page.extract_text()
        rows = re.findall(r"^(.+?) ?\.{4,} ?(\d+)$", text, re.MULTILINE)
        if not rows:
            break
        found += [(title.strip(), int(number)) for title, number in rows]
    return found


def _flat(outline: list[Any]) -> Iterator[Any]:
    for one in outline:
        if isinstance(one, list):
            yield from _flat(one)
        else:
            yield one


@pytest.mark.proof
def test_links_of_the_whole_lead_inside_it(twice: Repository) -> None:
    """A link to a page of the book is a place in it; only pages that the book has not are addresses of the site."""
    contents = pdf.Contents.of(twice.place / "build/published/latest")
    inside = {page for section in contents.sections for page in section.pages}
    places, outside = 0, []
    for page in _books(twice)[pdf.WHOLE].pages:
        for link in (one.get_object() for one in page.get("/Annots", [])):
            if "/Dest" in link or link.get("/A", {}).get("/S") == "/GoTo":
                places += 1
            else:
                outside.append(str(link["/A"]["/URI"]))
    assert places > 300
    ours = [one.removeprefix(contents.home).partition("#")[0] for one in outside if one.startswith(contents.home)]
    assert {one for one in ours if one} & inside == set()


@pytest.mark.proof
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<img src="https://example.org/x.png" alt="x">', "x.png"),
        ('<img src="../../outside.png" alt="x">', "outside.png"),
        ('<img src="/etc/hostname" alt="x">', "hostname"),
        ('<a href="#nowhere">x</a>', "nowhere"),
    ],
)
def test_nothing_foreign_and_nothing_broken_is_printed(tmp_path: Path, body: str, reason: str) -> None:
    """A picture of another host or of outside the site, and a link without its place: no book, and the reason."""
    site = tmp_path / "site"
    (site / "one").mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(b"x")
    (site / "one/index.html").write_text(f"<html><body><article><h1>Раз</h1>{body}</article></body></html>", "utf-8")
    section = pdf.Section("Раз", "raz.pdf", ["one/"])
    pdf.Contents("Имя", "1.0", "2026-11-25", "25 ноября 2026 года", "http://host/", [section]).write(site)
    with pytest.raises(pdf.PdfError, match=re.escape(reason)):
        pdf.make(site)


@pytest.fixture
def address(twice: Repository) -> Iterator[str]:
    """Serve the published tree as any static server would."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    handler = functools.partial(Quiet, directory=twice.place / "build/published")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def browser() -> Iterator[Any]:
    """Start a browser without a window."""
    from selenium import webdriver

    place, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    assert place is not None, "chromium is missing: run infra/proof.sh."
    assert driver is not None, "chromedriver is missing: run infra/proof.sh."
    options = webdriver.ChromeOptions()
    options.binary_location = place
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(one)
    opened = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield opened
    opened.quit()


@pytest.mark.proof
def test_a_reader_changes_versions_and_old_addresses_lead_on(address: str, browser: Any) -> None:
    """The selector has both and keeps the page; the banner leads to the newest; query and anchor survive a redirection."""
    from selenium.webdriver.support.ui import WebDriverWait

    def arrives(wanted: str) -> None:
        WebDriverWait(browser, 15).until(lambda _: browser.current_url == f"{address}{wanted}")

    browser.get(f"{address}/{FIRST}/contacts/")
    WebDriverWait(browser, 15).until(lambda _: browser.find_elements("css selector", ".md-version__link"))
    links = browser.find_elements("css selector", ".md-version__link")
    assert [one.get_attribute("textContent").strip() for one in links] == [NEXT, FIRST]
    browser.execute_script("arguments[0].click()", links[0])
    arrives(f"/{NEXT}/contacts/")
    browser.get(f"{address}/{FIRST}/contacts/")
    browser.find_element("css selector", ".old-version a").click()
    arrives("/latest/contacts/")
    browser.get(f"{address}/")
    arrives("/latest/")
    browser.get(f"{address}/errors/?from=letter#stale")
    arrives("/latest/errors/?from=letter#stale")
    browser.get(f"{address}/help/glossary/")
    arrives("/latest/help/words/")
    browser.get(f"{address}/not-me/#{'A' * 60}")
    arrives("/latest/not-me/")
    assert "Номер из письма принят" in browser.find_element("id", "not-me-status").text
