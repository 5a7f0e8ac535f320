"""The help centre on paper: a PDF of each section of the navigation and one of the whole; `python -m docs.hooks.pdf SITE`.

Made from the built pages, and from `pdf/contents.json` beside them, which the build writes. Nothing is fetched but the
site's own pictures. A link to a page of the same book leads inside it, any other to the site.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree import ElementTree as ET

FOLDER: Final = "pdf"
WHOLE: Final = "all.pdf"
CONTENTS: Final = "contents.json"
STYLE: Final = Path(__file__).with_suffix(".css")
# Packages of Debian: what WeasyPrint calls, and the fonts of the style sheet.
PACKAGES: Final = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-paratype", "fonts-dejavu-core")
# What a page has for the screen alone.
_TAGS: Final = {"script", "noscript", "style", "template", "form", "button", "input", "label", "nav", "aside"}
_CLASSES: Final = {"headerlink", "md-button", "md-content__button"}
_LEVELS: Final = re.compile(r"h([1-5])")
_LATIN: Final = str.maketrans(
    dict(zip("абвгдеёзийклмнопрстуфыэ ", "abvgdeeziyklmnoprstufye-", strict=True))
    | {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
)


class PdfError(RuntimeError):
    """A PDF cannot be made, or would not be whole."""


@dataclass(frozen=True)
class Section:
    """A section of the navigation: its title, its file and the addresses of its pages, in their order."""

    title: str
    file: str
    pages: list[str]


@dataclass(frozen=True)
class Contents:
    """What the books are made of; `home` is the address of the site, `day` is YYYY-MM-DD and `date` the same in words."""

    title: str
    version: str
    day: str
    date: str
    home: str
    sections: list[Section]

    @classmethod
    def of(cls, site: Path) -> "Contents":
        """Read what the build has written."""
        found = json.loads((site / FOLDER / CONTENTS).read_text("utf-8"))
        return cls(**found | {"sections": [Section(**one) for one in found["sections"]]})

    def write(self, site: Path) -> None:
        """Leave it for `make`."""
        (site / FOLDER).mkdir(exist_ok=True)
        (site / FOLDER / CONTENTS).write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), "utf-8")


def sections_of(navigation: Any) -> list[Section]:
    """Return the sections of the site's navigation: what stands at its top, with all pages below."""
    found = []
    for item in navigation.items:
        pages = [page.file.dest_uri.removesuffix("index.html") for page in _pages(item)]
        found.append(Section(item.title, f"{name_of(item.title)}.pdf", pages))
    return found


def _pages(item: Any) -> Iterator[Any]:
    if item.is_page:
        yield item
    for child in item.children or ():
        yield from _pages(child)


def name_of(title: str) -> str:
    """Return a section's title in Latin letters, fit for an address."""
    return re.sub(r"[^a-z0-9-]", "", title.lower().translate(_LATIN))


def make(site: Path) -> list[Path]:
    """Write every book into the site and return their files."""
    contents = Contents.of(site)
    made = [_write(site, contents, [one], one.title, one.file) for one in contents.sections]
    return [*made, _write(site, contents, contents.sections, "", WHOLE)]


def _write(site: Path, contents: Contents, sections: list[Section], title: str, file: str) -> Path:
    weasyprint = _weasyprint()
    complaints = _Complaints()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(complaints)
    try:
        document = weasyprint.HTML(
            string=Book(site, contents, sections, title).html(),
            base_url=f"{site.resolve().as_uri()}/",
            url_fetcher=_fetcher(weasyprint, site),
        )
        target = site / FOLDER / file
        document.write_pdf(target, stylesheets=[weasyprint.CSS(filename=STYLE)], pdf_variant="pdf/ua-1")
    except weasyprint.urls.FatalURLFetchingError as foreign:
        raise PdfError(f"{file} would not be whole: {foreign}") from foreign
    finally:
        logger.removeHandler(complaints)
    if complaints.found:
        raise PdfError(f"{file} would not be whole: {'; '.join(complaints.found)}")
    return target


class Book:
    """One document in the making: which pages it has, and how they lead to each other."""

    def __init__(self, site: Path, contents: Contents, sections: list[Section], title: str) -> None:
        self._site, self._contents, self._sections, self._title = site, contents, sections, title
        addresses = [page for section in sections for page in section.pages]
        self._place = {page: f"p{number}" for number, page in enumerate(addresses, 1)}

    def html(self) -> str:
        """Return the whole document."""
        said = self._contents
        root = ET.Element("html", {"lang": "ru"})
        head = ET.SubElement(root, "head")
        ET.SubElement(head, "title").text = f"{said.title}. {self._title}".removesuffix(". ")
        for name, value in (("author", said.title), ("dcterms.created", said.day), ("dcterms.modified", said.day)):
            ET.SubElement(head, "meta", {"name": name, "content": value})
        body = ET.SubElement(root, "body")
        body.append(self._cover())
        chapters = [self._chapter(section) for section in self._sections]
        body.append(_table_of_contents(chapters))
        body.extend(chapters)
        return f"<!doctype html>{ET.tostring(root, encoding='unicode', method='html')}"

    def _cover(self) -> ET.Element:
        said = self._contents
        cover = ET.Element("section", {"class": "cover"})
        ET.SubElement(cover, "p", {"class": "cover-title"}).text = said.title
        ET.SubElement(cover, "p", {"class": "cover-part"}).text = self._title or "Справка целиком"
        ET.SubElement(cover, "p", {"class": "version"}).text = f"Версия {said.version} от {said.date}"
        ET.SubElement(ET.SubElement(cover, "p"), "a", {"href": said.home}).text = said.home
        return cover

    def _chapter(self, section: Section) -> ET.Element:
        chapter = ET.Element("section", {"class": "chapter"})
        is_one_page = len(section.pages) == 1
        if not is_one_page:
            heading = ET.SubElement(chapter, "h1", {"id": f"s-{self._place[section.pages[0]]}"})
            heading.text = section.title
        for page in section.pages:
            chapter.append(self._page(page, deeper=not is_one_page))
        return chapter

    def _page(self, page: str, *, deeper: bool) -> ET.Element:
        article = _article(self._site / page / "index.html")
        place = self._place[page]
        article.tag, article.attrib = "section", {"class": "page"}
        for one in article.iter():
            if "id" in one.attrib:
                one.set("id", f"{place}-{one.get('id')}")
            if "href" in one.attrib:
                one.set("href", self._link(page, one.attrib["href"]))
            if "src" in one.attrib:
                one.set("src", urljoin(page, one.attrib["src"]))
            if deeper and (level := _LEVELS.fullmatch(one.tag)):
                one.tag = f"h{int(level[1]) + 1}"
        heading = next(one for one in article.iter() if one.tag in {"h1", "h2"})
        heading.set("id", place)
        return article

    def _link(self, page: str, href: str) -> str:
        if urlsplit(href).scheme:
            return href
        address, anchor = _resolve(page, href)
        if address in self._place:
            return f"#{self._place[address]}" + (f"-{anchor}" if anchor else "")
        return urljoin(self._contents.home, quote(address)) + (f"#{quote(anchor)}" if anchor else "")


def _resolve(page: str, href: str) -> tuple[str, str]:
    """Return the address below the root and the anchor that a link of a page leads to."""
    target = urlsplit(urljoin(f"http://site/{quote(page)}", href))
    return unquote(target.path).lstrip("/").removesuffix("index.html"), unquote(target.fragment)


def _table_of_contents(chapters: list[ET.Element]) -> ET.Element:
    whole = ET.Element("section", {"class": "contents"})
    ET.SubElement(whole, "p", {"class": "contents-title"}).text = "Содержание"
    for chapter in chapters:
        for heading in chapter.iter():
            if heading.tag in {"h1", "h2"} and (heading.tag == "h1" or "-" not in heading.attrib["id"]):
                row = ET.SubElement(whole, "p", {"class": f"contents-{heading.tag}"})
                ET.SubElement(row, "a", {"href": f"#{heading.attrib['id']}"}).text = "".join(heading.itertext())
    return whole


def _article(file: Path) -> ET.Element:
    tree = _weasyprint().HTML(string=file.read_text("utf-8")).etree_element
    article: ET.Element | None = next(tree.iter("article"), None)
    if article is None:
        raise PdfError(f"{file} has no article.")
    _drop(article)
    article.tail = None
    return article


def _drop(parent: ET.Element) -> None:
    """Take out what is for the screen alone, and keep the text that follows it."""
    before: ET.Element | None = None
    for child in list(parent):
        if _is_for_screen(child):
            if before is None:
                parent.text = (parent.text or "") + (child.tail or "")
            else:
                before.tail = (before.tail or "") + (child.tail or "")
            parent.remove(child)
        else:
            _drop(child)
            before = child


def _is_for_screen(element: ET.Element) -> bool:
    if not isinstance(element.tag, str):  # a comment
        return True
    return element.tag in _TAGS or not _CLASSES.isdisjoint(element.get("class", "").split())


class _Complaints(logging.Handler):
    """Keeps what WeasyPrint only logs: links without a place, pictures that are missing."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())


def _fetcher(weasyprint: Any, site: Path) -> Any:
    inside = f"{site.resolve().as_uri()}/"

    class OfTheSite(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        """Gives files of the built site and nothing else."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            """Refuse whatever is not of the site."""
            if not urljoin(url, ".").startswith(inside):
                raise PdfError(f"{url} is not of the site.")
            return super().fetch(url, headers)

    return OfTheSite(allowed_protocols=["file"], allow_redirects=False, fail_on_errors=True)


def _weasyprint() -> Any:
    try:
        import weasyprint  # noqa: PLC0415 - needs libraries of the system, which a plain build does without
    except OSError as missing:
        raise PdfError(f"WeasyPrint needs libraries of the system: apt-get install {' '.join(PACKAGES)}.") from missing
    return weasyprint


if __name__ == "__main__":
    make(Path(sys.argv[1]))
