"""What a build of the site adds to the written pages: the API reference and openapi.json. Nothing is fetched."""

import sys
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).resolve().parents[2]
for _place in (ROOT, ROOT / "functions", ROOT / "docs" / "hooks"):
    if str(_place) not in sys.path:
        sys.path.insert(0, str(_place))

import api_pages  # noqa: E402 - found through the paths above

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
    """Add the generated pages and the description for programs."""
    for name, markdown in api_pages.pages().items():
        files.append(File.generated(config, name, content=markdown))
    files.append(File.generated(config, "openapi.json", content=openapi.text()))
    return files


def on_post_page(output: str, **_: Any) -> str:
    """Give names to what a screen reader would find nameless."""
    return output.replace(NAMELESS, f'{NAMELESS} aria-label="Поиск"')
