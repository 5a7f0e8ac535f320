"""Which pages readers may rate: all written ones. `python docs/hooks/rated.py` writes the list that the cabinet goes by.

The operation `rate_page` counts nothing else, so that nobody fills its table with pages that do not exist.
"""

import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mkdocs.config import load_config
from mkdocs.structure.files import get_files

ROOT: Final = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from docs.hooks import facts  # noqa: E402 - found through the path above

LIST: Final = ROOT / "functions/chalicelib/help/data/pages.json"
_REFERENCE: Final = "api/"


def version() -> str:
    """Return the version of the pages as they are now."""
    newest: str = facts.data("changes")[0]["version"]
    return newest


def found() -> dict[str, list[str]]:
    """Return all versions, and the addresses of all pages that a build of the site would have, without the reference."""
    config = load_config(str(ROOT / "mkdocs.yml"))
    config.plugins.on_startup(command="build", dirty=False)
    config = config.plugins.on_config(config)
    files = config.plugins.on_files(get_files(config), config=config)
    pages = [one.url for one in files.documentation_pages() if not one.src_uri.startswith(_REFERENCE)]
    versions = [one["version"] for one in facts.data("changes")]
    return {"versions": versions, "pages": sorted(pages)}


def of(address: str) -> dict[str, Any] | None:
    """Return what the question below a page needs to know, or None when the page is not rated."""
    return {"page": address, "version": version()} if address in _listed() else None


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    return frozenset(json.loads(LIST.read_text("utf-8"))["pages"])


if __name__ == "__main__":
    LIST.write_text(json.dumps(found(), indent=1) + "\n", encoding="utf-8")
