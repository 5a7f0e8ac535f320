"""Every page is right HTML for the Nu checker, beyond what the theme itself writes otherwise (nu_exceptions.txt)."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from webpages import program, tool

pytestmark = pytest.mark.proof
LISTED = Path(__file__).with_name("nu_exceptions.txt")


def errors(place: Path) -> list[dict[str, Any]]:
    """Return what Nu takes for an error in the pages of a folder."""
    command = [program("java"), "-jar", str(tool("vnu-jar/build/dist/vnu.jar")), "--format", "json", "--skip-non-html"]
    ran = subprocess.run([*command, str(place)], capture_output=True, text=True, check=False, timeout=300)
    told: list[dict[str, Any]] = json.loads(ran.stderr)["messages"]
    assert not [one for one in told if one["type"] == "non-document-error"]
    return [one for one in told if one["type"] == "error"]


def exceptions() -> list[tuple[str, str]]:
    """Return what is known of the theme: a part of the tag, and how the message begins."""
    return [tuple(line.split("\t")) for line in LISTED.read_text("utf-8").splitlines()]  # type: ignore[misc]


def fits(error: dict[str, Any], exception: tuple[str, str]) -> bool:
    """Tell whether an error is one of the theme's."""
    start, length = error["hiliteStart"], error["hiliteLength"]
    part, message = exception
    return part in error["extract"][start : start + length] and error["message"].startswith(message)


def test_nu_finds_nothing_beyond_what_the_theme_writes(built_site: Path) -> None:
    """No error is without its exception, and no exception without its error."""
    found, known = errors(built_site), exceptions()
    unknown = [one for one in found if not any(fits(one, exception) for exception in known)]
    assert [(one["url"], one["lastLine"], one["message"]) for one in unknown] == []
    assert [exception for exception in known if not any(fits(one, exception) for one in found)] == []


def test_a_wrong_page_is_noticed(tmp_path: Path) -> None:
    """Planted: a page without a title, with an anchor twice."""
    wrong = '<!doctype html><html lang="ru"><head></head><body><p id="a">А</p><p id="a">Б</p></body></html>'
    (tmp_path / "index.html").write_text(wrong, "utf-8")
    messages = [one["message"] for one in errors(tmp_path)]
    assert any("title" in one for one in messages)
    assert any("Duplicate ID" in one for one in messages)
