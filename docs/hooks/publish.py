"""What a build of the site adds: the API reference, openapi.json, the journal's verifier, search, changes, moved pages, PDF.

Nothing is fetched. `CABINET_PDF=1` makes the PDF files too; `mike` names the version that it builds.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocs.utils.templates import TemplateContext

ROOT: Final = Path(__file__).resolve().parents[2]
for _place in (ROOT, ROOT / "functions"):
    if str(_place) not in sys.path:
        sys.path.insert(0, str(_place))

from docs.hooks import (  # noqa: E402 - found through the two paths above
    addresses,
    api_pages,
    changes,
    facts,
    pdf,
    rated,
    search,
    steps,
)
from infra import openapi  # noqa: E402 - see above

DEVELOPERS: Final = "Разработчикам"
WITH_PDF: Final = os.environ.get("CABINET_PDF") == "1"
WHOLE_ON: Final = ("help/index.md", changes.PAGE)
# What the theme writes so that screen readers meet several landmarks of one name, or of none.
_UNNAMED: Final = re.compile(r'(<nav class="md-nav" data-md-level="\d" aria-labelledby="__nav_\w+)_label"')
_TITLE: Final = re.compile(r'<label class="md-nav__title" for="(__nav_\w+)"')
_PART_OF_CONTENTS: Final = re.compile(r'<nav class="md-nav" aria-label="[^"]*"')


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the domains of the reference into the navigation; read what changed; a version of several can be changed for another."""
    section: list[Any] = next(one[DEVELOPERS] for one in config.nav or [] if DEVELOPERS in one)
    section.append({"Справочник операций": api_pages.navigation()})
    config.extra["changes"] = changes.versions()
    if "MIKE_DOCS_VERSION" in os.environ:
        config.extra["version"] = {"provider": "mike"}
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, the description for programs, and the program that checks one's journal."""
    for name, markdown in api_pages.pages().items():
        files.append(File.generated(config, name, content=markdown))
    files.append(File.generated(config, "openapi.json", content=openapi.text()))
    verifier = (ROOT / "infra/verify_journal.py").read_text(encoding="utf-8")
    files.append(File.generated(config, "verify_journal.py", content=verifier))
    known = config.extra["changes"]
    files.append(
        File.generated(config, changes.FEED, content=changes.feed(config.site_url or "", config.site_name, known))
    )
    there = [one.dest_uri for one in files]
    if faults := list(addresses.faults(there)):
        raise PluginError("\n".join(faults))
    for old, to in addresses.moved().items():
        page = addresses.redirect(old, to)
        files.append(File.generated(config, addresses.file_of(old), content=page))
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, **_: Any) -> Navigation:
    """Learn the sections, each of which has its PDF."""
    config.extra["sections"] = pdf.sections_of(nav)
    return nav


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Fill the short-codes of a written page and show its steps."""
    path = page.file.src_uri
    return markdown if path.startswith("api/") else steps.render(facts.render(markdown, path), path)


def on_page_context(context: TemplateContext, page: Page, config: MkDocsConfig, **_: Any) -> TemplateContext:
    """Give the page's template its date, its changes, its PDF files and what it asks readers about."""
    path = page.file.src_uri
    told = {
        "page_changes": changes.of_page(path, config.extra["changes"]),
        "updates": changes.address_of(changes.PAGE),
        "papers": _papers(page, config) if WITH_PDF else [],
        "rating": rated.of(page.file.url),
    }
    context.update(told)  # type: ignore[typeddict-item]
    return context


def _papers(page: Page, config: MkDocsConfig) -> list[dict[str, str]]:
    """Return the PDF files that a page leads to: its section's, and from «Помощь» and «Обновления» the whole."""
    number = config.extra["changes"][0].number
    address = page.file.dest_uri.removesuffix("index.html")
    found = [
        {
            "url": f"{pdf.FOLDER}/{one.file}",
            "name": f"{one.title}, версия {number}.pdf",
            "label": f"«{one.title}» в PDF",
        }
        for one in config.extra["sections"]
        if address in one.pages
    ]
    if page.file.src_uri in WHOLE_ON:
        name = f"{config.site_name}, версия {number}.pdf"
        found.append({"url": f"{pdf.FOLDER}/{pdf.WHOLE}", "name": name, "label": "Вся справка в PDF"})
    return found


def on_post_build(config: MkDocsConfig, **_: Any) -> None:
    """Write the index of the search, when the theme's plugin has written its own; print the sections and the whole."""
    search.write(Path(config.site_dir))
    if not WITH_PDF:
        return
    newest = config.extra["changes"][0]
    day = facts.day("", newest.day)
    home = f"{(config.site_url or '').rstrip('/')}/"
    site = Path(config.site_dir)
    pdf.Contents(config.site_name, newest.number, str(newest.day), day, home, config.extra["sections"]).write(site)
    pdf.make(site)


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """Name the feed to programs that read feeds, and the parts of the navigation to screen readers."""
    href = get_relative_url(changes.FEED, page.url)
    link = f'<link rel="alternate" type="application/atom+xml" title="Обновления" href="{href}">'
    return _landmarks(output.replace("</head>", f"{link}\n</head>", 1))


def on_post_template(output_content: str, template_name: str, **_: Any) -> str:
    """Name them on the page for lost readers too."""
    return _landmarks(output_content) if template_name == "404.html" else output_content


def _landmarks(html: str) -> str:
    """Name each section of the navigation by its title; parts of a page's contents are no landmarks."""
    named = _TITLE.sub(r'<label class="md-nav__title" id="\1_title" for="\1"', _UNNAMED.sub(r'\1_title"', html))
    return _PART_OF_CONTENTS.sub('<nav class="md-nav" role="none"', named)
