"""Diagrams of the help centre are drawn from their present sources, readable by everybody, and the same when drawn again."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from docs.hooks import facts
from infra import diagrams

SOURCES = sorted(diagrams.SOURCES.glob("*.mmd"))
RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
ALLOWED = {"svg", "title", "desc", "g", "rect", "path", "line", "polygon", "circle", "text", "tspan", "marker", "defs"}


def picture_of(source: Path) -> Path:
    """Return the file of a diagram's picture."""
    return diagrams.PICTURES / f"{source.stem}.svg"


def shape(picture: str) -> list[tuple[str, str]]:
    """Return the elements of a picture in order, with their texts: what does not hang on the fonts of a machine."""
    return [(one.tag, (one.text or "").strip()) for one in ET.fromstring(picture).iter()]  # noqa: S314 - our own file


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.stem)
def test_a_picture_is_drawn_from_its_present_source(source: Path) -> None:
    """Whoever changes a diagram draws it anew: `python -m infra.diagrams`."""
    root = ET.fromstring(picture_of(source).read_text("utf-8"))  # noqa: S314 - our own file
    assert root.attrib["data-source"] == diagrams.digest(source)


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.stem)
def test_a_picture_can_be_read_without_eyes_and_under_the_policy(source: Path) -> None:
    """It is one image with a Russian name and description, and has no style sheet, script or foreign content."""
    root = ET.fromstring(picture_of(source).read_text("utf-8"))  # noqa: S314 - our own file
    assert root.attrib["role"] == "img"
    named = {one.attrib["id"]: one.text or "" for one in root if "id" in one.attrib and one.text}
    spoken = [named[name] for name in root.attrib["aria-labelledby"].split()]
    assert spoken == list(diagrams.said(source))
    assert all(map(RUSSIAN.search, spoken))
    assert {one.tag.removeprefix(diagrams.SVG) for one in root.iter()} <= ALLOWED
    assert [one.tag for one in root.iter() if {"style", "href", "class"} & set(one.attrib)] == []


def test_every_picture_has_a_source_and_stands_on_a_page() -> None:
    """No picture is left behind, and none is drawn for nobody."""
    names = {one.stem for one in SOURCES}
    assert {one.stem for one in diagrams.PICTURES.iterdir()} == names
    pages = "".join(one.read_text("utf-8") for one in (facts.ROOT / "docs").rglob("*.md"))
    assert set(re.findall(r'\{\{ diagram\("([\w-]+)"\) \}\}', pages)) == names


def test_a_page_says_in_words_what_a_diagram_shows() -> None:
    """The short-code gives the picture, a link to its full size, and the words below it."""
    shown = facts.render('{{ diagram("retry") }}', "developers/page.md")
    title, description = diagrams.said(diagrams.SOURCES / "retry.mmd")
    assert shown.startswith(f"[![Схема: {title}](../assets/diagrams/retry.svg)](../assets/diagrams/retry.svg)")
    assert shown.endswith(description)
    with pytest.raises(facts.FactError, match="no diagram"):
        facts.render('{{ diagram("no-such") }}', "page.md")


@pytest.mark.proof
@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.stem)
def test_drawing_again_gives_the_same_picture(source: Path) -> None:
    """Drawn anew, all its parts and words are the same; sizes may differ with the fonts of the machine."""
    kept = picture_of(source).read_text("utf-8")
    again = diagrams.drawn(source)
    assert shape(again) == shape(kept)
    sizes = [len(NUMBER.findall(one)) for one in (again, kept)]
    assert sizes[0] > 0
    assert abs(sizes[0] - sizes[1]) < sizes[1] / 10
