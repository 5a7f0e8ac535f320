"""The published tree: the newest version leads, older ones say that they are old, addresses without a version answer."""

import json
from pathlib import Path

import pytest

from infra import published

PAGE = '<!doctype html>\n<html><head><meta charset="utf-8"></head><body dir="ltr">Текст</body></html>'
NO_INDEX = '<meta name="robots" content="noindex">'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make what mike leaves behind after two versions: 1.0 has a page that 1.1 has not."""
    rows = [
        {"version": "1.1", "title": "1.1", "aliases": ["latest"]},
        {"version": "1.0", "title": "1.0", "aliases": []},
    ]
    (tmp_path / published.VERSIONS).write_text(json.dumps(rows), "utf-8")
    for folder, names in {
        "1.0": ["", "contacts/", "gone/"],
        "1.1": ["", "contacts/"],
        "latest": ["", "contacts/"],
    }.items():
        for name in names:
            write(tmp_path / folder / name / "index.html", PAGE)
        write(tmp_path / folder / "esia/return.html", PAGE)
        write(tmp_path / folder / "updates.xml", f"<feed>{folder}</feed>")
    write(tmp_path / "forgotten/index.html", PAGE)
    write(tmp_path / ".nojekyll", "")
    return tmp_path


def write(path: Path, text: str) -> None:
    """Write a file where there may be no folder yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def read(path: Path) -> str:
    """Read a page, whichever it is."""
    return (path / "index.html" if path.is_dir() else path).read_text("utf-8")


def test_only_older_versions_are_marked(tree: Path) -> None:
    """Not indexed, and a banner with the version and a link to the same page, or to the start where there is none."""
    published.finish(tree)
    old = read(tree / "1.0/contacts")
    assert NO_INDEX in old.partition("</head>")[0]
    assert 'version" aria-label="Старая версия"><p>Это старая версия справки, 1.0.' in old.partition("<body")[2]
    assert 'href="../../latest/contacts/">Открыть эту страницу' in old
    assert 'href="../latest/">Открыть эту страницу' in read(tree / "1.0")
    assert 'href="../../latest/esia/return.html"' in read(tree / "1.0/esia/return.html")
    assert 'href="../../latest/">Этой страницы больше нет' in read(tree / "1.0/gone")
    for folder in ("1.1", "latest"):
        assert read(tree / folder / "contacts") == PAGE


def test_the_root_leads_to_the_newest_and_keeps_files(tree: Path) -> None:
    """Pages lead, files are copies, and nothing of an earlier root is left."""
    published.finish(tree)
    assert 'href="latest/"' in read(tree / "index.html")
    assert 'href="../latest/contacts/"' in read(tree / "contacts")
    assert read(tree / "esia/return.html") == PAGE
    assert read(tree / "updates.xml") == "<feed>latest</feed>"
    assert not (tree / "forgotten").exists()
    assert (tree / ".nojekyll").exists()


def test_a_second_time_changes_nothing_and_follows_the_newest(tree: Path) -> None:
    """Marks do not pile up; a page that came back is led to again."""
    published.finish(tree)
    before = {one: one.read_bytes() for one in tree.rglob("*") if one.is_file()}
    published.finish(tree)
    assert {one: one.read_bytes() for one in tree.rglob("*") if one.is_file()} == before
    write(tree / "latest/gone/index.html", PAGE)
    published.finish(tree)
    assert 'href="../../latest/gone/">Открыть эту страницу' in read(tree / "1.0/gone")
    assert read(tree / "1.0/gone").count("noindex") == 1
