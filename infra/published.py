"""The published tree: `latest` and each version in a folder of its own, and at the root what leads to `latest`.

Older versions say that they are old and ask not to be indexed. Addresses without a version, which letters, refusals and
other people's bookmarks name, answer for ever: a page of `latest` leads from there, a file is there itself.
"""

import json
import posixpath
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from docs.hooks import addresses

LATEST: Final = "latest"
VERSIONS: Final = "versions.json"
_MARK: Final = re.compile(r"<!--old-->.*?<!--/old-->", re.DOTALL)
_BODY: Final = re.compile(r"<body[^>]*>")
_NO_INDEX: Final = '<!--old--><meta name="robots" content="noindex"><!--/old-->'
_BANNER: Final = (
    '<!--old--><aside class="old-version" aria-label="Старая версия"><p>Это старая версия справки, {number}. '
    '<a href="{href}">{where}</a></p></aside><!--/old-->'
)
_SAME: Final = "Открыть эту страницу в последней версии"
_GONE: Final = "Этой страницы больше нет: открыть последнюю версию"


def finish(tree: Path) -> None:
    """Bring the folders that mike has made into the state that this module's docstring tells of."""
    numbers = versions(tree)
    for old in numbers[1:]:
        for page in (tree / old).rglob("*.html"):
            page.write_text(_mark(page.read_text("utf-8"), tree, old, page), "utf-8")
    for entry in tree.iterdir():
        if entry.name not in {LATEST, VERSIONS, ".nojekyll", *numbers}:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for file in _files(tree / LATEST):
        _lead(tree, file.relative_to(tree / LATEST))


def versions(tree: Path) -> list[str]:
    """Return the published versions, newest first."""
    return [one["version"] for one in json.loads((tree / VERSIONS).read_text("utf-8"))]


def _lead(tree: Path, file: Path) -> None:
    target = tree / file
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.name == "index.html":
        address = file.as_posix().removesuffix("index.html")
        target.write_text(addresses.redirect(address, f"{LATEST}/{address}"), "utf-8")
    else:
        shutil.copyfile(tree / LATEST / file, target)


def _mark(text: str, tree: Path, old: str, page: Path) -> str:
    file = page.relative_to(tree / old).as_posix()
    is_there = (tree / LATEST / file).is_file()
    address = file.removesuffix("index.html") if is_there else ""
    href = posixpath.relpath(f"{LATEST}/{address}", posixpath.dirname(f"{old}/{file}"))
    href += "/" if not address or address.endswith("/") else ""
    banner = _BANNER.format(number=old, href=href, where=_SAME if is_there else _GONE)
    plain = _MARK.sub("", text).replace("<head>", f"<head>{_NO_INDEX}", 1)
    return _BODY.sub(lambda body: body[0] + banner, plain, count=1)


def _files(folder: Path) -> Iterator[Path]:
    return (one for one in folder.rglob("*") if one.is_file())
