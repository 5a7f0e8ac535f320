"""Bringing the built site to its bucket: what pages refer to first, pages after it, nothing deleted."""

import base64
import hashlib
import mimetypes
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

ALWAYS: Final = "public, max-age=31536000, immutable"
SHORTLY: Final = "public, max-age=300"
MAX_POLICY: Final = 1783  # characters of a Content-Security-Policy that CloudFront takes
_NAMED_BY_CONTENT: Final = re.compile(r"\.[0-9a-f]{8}\.")
_CANONICAL: Final = re.compile(r'<link rel="canonical" href="([^"]*?)(?:latest/)?">')
_DATA: Final = ("application/json", "application/ld+json")
_TYPES: Final = {".md": "text/markdown", ".map": "application/json", ".woff2": "font/woff2", ".xml": "application/xml"}


class NoSite(FileNotFoundError):  # noqa: N818 - a statement
    """The site is not built."""


class _Scripts(HTMLParser):
    """Collects the text of inline scripts that a browser runs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._inside = tag == "script" and "src" not in given and given.get("type") not in _DATA
        if self._inside:
            self.found.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"


def scripts(site: Path) -> str:
    """Return the digests of all inline scripts of the site as a policy names them."""
    if not (site / "index.html").exists():
        raise NoSite(f"There is no site in {site}: run make docs first.")
    digests = set()
    for page in site.rglob("*.html"):
        parser = _Scripts()
        parser.feed(page.read_text("utf-8"))
        digests |= {hashlib.sha256(one.encode()).digest() for one in parser.found}
    return " ".join(sorted(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests))


def address_in(start_page: str) -> str | None:
    """Return the address that a site's pages are built for, by its start page; None when that does not say."""
    found = _CANONICAL.search(start_page)
    return found[1] if found else None


def upload(s3: Any, bucket: str, site: Path) -> int:
    """Put the files that the bucket lacks or has otherwise; returns how many."""
    there = _there(s3, bucket)
    files = sorted((one for one in site.rglob("*") if one.is_file()), key=lambda one: (one.suffix == ".html", one))
    put = 0
    for path in files:
        key, content = path.relative_to(site).as_posix(), path.read_bytes()
        if there.get(key) == hashlib.md5(content, usedforsecurity=False).hexdigest():
            continue
        s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=kind_of(path), CacheControl=life_of(path))
        put += 1
    return put


def kind_of(path: Path) -> str:
    """Return the content type of a file; text says its character set."""
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix == ".gz":
        kind = "application/gzip"
    is_text = kind.startswith("text/") or kind in {"application/javascript", "application/json", "application/xml"}
    return f"{kind}; charset=utf-8" if is_text else kind


def life_of(path: Path) -> str:
    """Return how long a file may be kept: for ever when its name follows its content, else five minutes."""
    return ALWAYS if _NAMED_BY_CONTENT.search(path.name) else SHORTLY


def _there(s3: Any, bucket: str) -> dict[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {one["Key"]: one["ETag"].strip('"') for page in pages for one in page.get("Contents", [])}
