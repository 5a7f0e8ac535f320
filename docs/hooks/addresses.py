"""Addresses that were published once and must go on answering: pages that moved, and the list of all promised ones."""

import html
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from docs.hooks import changes, facts

SCRIPT: Final = "assets/moved.js"
# What the theme and the build make of themselves: nobody is told to come back to it.
_OWN: Final = ("assets/", "search/", "stylesheets/", "javascripts/", "pdf/", "404.html", "sitemap.xml")
_PAGE: Final = """<!doctype html>
<html lang="ru">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="robots" content="noindex">
  <title>Страница переехала</title>
  <noscript><meta http-equiv="refresh" content="0; url={to}"></noscript>
  <script type="module" src="{script}"></script>
</head>
<body>
  <main>
    <h1>Страница переехала</h1>
    <p><a id="moved" href="{to}">Открыть её на новом месте</a></p>
  </main>
</body>
</html>
"""


def moved() -> dict[str, str]:
    """Return the addresses that lead elsewhere, each with the address and anchor that it leads to."""
    found = {}
    for old, target in facts.data("redirects").items():
        page, hash_sign, anchor = target.partition("#")
        facts.title_of(page)
        found[old] = changes.address_of(page) + hash_sign + anchor
    return found


def promised() -> set[str]:
    """Return every address that was ever published, below the root of the site."""
    return set(facts.data("published_pages"))


def redirect(old: str, to: str, script: str = SCRIPT) -> str:
    """Return the page that leads from an address to another; query and anchor come along."""
    here = posixpath.dirname(file_of(old)) or "."
    return _PAGE.format(to=html.escape(_relative(to, here)), script=_relative(script, here))


def file_of(address: str) -> str:
    """Return the file that an address is served from."""
    return f"{address}index.html" if address.endswith("/") or not address else address


def of_files(files: list[str]) -> set[str]:
    """Return the addresses of a site's files that are promised with its publication."""
    kept = (one for one in files if not one.startswith(_OWN))
    return {one.removesuffix("index.html") for one in kept if one.endswith(".html") or "/" not in one}


def of_site(site: Path) -> set[str]:
    """Return the promised addresses of a built site."""
    return of_files([one.relative_to(site).as_posix() for one in site.rglob("*") if one.is_file()])


def faults(files: list[str]) -> Iterator[str]:
    """Yield a sentence for each promise that a site of these files breaks, and for each redirection that it does not need."""
    there, leading = of_files(files), moved()
    for lost in sorted(promised() - there - leading.keys()):
        yield f"The published address {lost} is gone: name in docs/data/redirects.yml where it leads now."
    for needless in sorted(there & leading.keys()):
        yield f"docs/data/redirects.yml leads away from {needless}, which is a page."


def _relative(target: str, here: str) -> str:
    path, hash_sign, anchor = target.partition("#")
    found = posixpath.relpath(path or ".", here)
    return found + ("/" if path.endswith("/") or not path else "") + hash_sign + anchor
