"""What a build of the site adds: the API reference, openapi.json and the journal's verifier. Nothing is fetched."""

import sys
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[2]
for _place in (ROOT, ROOT / "functions"):
    if str(_place) not in sys.path:
        sys.path.insert(0, str(_place))

from docs.hooks import api_pages, facts, rated, steps  # noqa: E402 - found through the two paths above
from infra import openapi  # noqa: E402 - see above

DEVELOPERS: Final = "Разработчикам"
# The theme leaves the search dialog without a name.
NAMELESS: Final = 'data-md-component="search" role="dialog"'


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the domains of the reference into the navigation."""
    section: list[Any] = next(one[DEVELOPERS] for one in config.nav or [] if DEVELOPERS in one)
    section.append({"Справочник операций": api_pages.navigation()})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, the description for programs, and the program that checks one's journal."""
    for name, markdown in api_pages.pages().items():
        files.append(File.generated(config, name, content=markdown))
    files.append(File.generated(config, "openapi.json", content=openapi.text()))
    verifier = (ROOT / "infra/verify_journal.py").read_text(encoding="utf-8")
    files.append(File.generated(config, "verify_journal.py", content=verifier))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Fill the short-codes of a written page and show its steps."""
    path = page.file.src_uri
    return markdown if path.startswith("api/") else steps.render(facts.render(markdown, path), path)


def on_page_context(context: dict[str, Any], page: Page, **_: Any) -> dict[str, Any]:
    """Tell the template which page it asks readers about."""
    return context | {"rating": rated.of(page.file.url)}


def on_post_page(output: str, **_: Any) -> str:
    """Give names to what a screen reader would find nameless."""
    return output.replace(NAMELESS, f'{NAMELESS} aria-label="Поиск"')


def on_post_template(output_content: str, template_name: str, **_: Any) -> str:
    """Say in Russian that there is no such page."""
    if template_name != "404.html":
        return output_content
    said = '<h1>Такой страницы нет</h1><p>Начните с <a href="/">главной страницы</a> или найдите нужное поиском.</p>'
    changed = output_content.replace("<h1>404 - Not found</h1>", said)
    if changed == output_content:
        raise ValueError("The theme's 404 page no longer says what docs/hooks/publish.py translates.")
    return changed
