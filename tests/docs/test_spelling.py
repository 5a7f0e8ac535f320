"""Russian spelling of everything that a reader sees, by hunspell with the project's own list of words."""

import re
import subprocess
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import ROOT
from webpages import addresses, program

pytestmark = pytest.mark.proof
LISTED = ROOT / "docs/engineering/words.txt"
WORD = re.compile(r"[А-Яа-яЁё]{2,}(?:-[А-Яа-яЁё]+)*")
UNREAD = {"code", "pre", "script", "style", "svg"}
SILENT = {"search-engine.js"}  # endings and keyboards: nothing of it is shown
SEEN_ATTRIBUTES = ("alt", "aria-label", "content", "placeholder", "title")


class Text(HTMLParser):
    """Collects the Russian words of a page, code left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: set[str] = set()
        self._unread = 0
        self.feed(page)
        assert self._unread == 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in UNREAD
        for name, value in attrs:
            if name in SEEN_ATTRIBUTES and value:
                self.words |= set(WORD.findall(value))

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in UNREAD

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.words |= set(WORD.findall(data.replace("\N{SOFT HYPHEN}", "")))


def unknown(words: set[str]) -> set[str]:
    """Return the words that hunspell does not know."""
    command = [program("hunspell"), "-d", "ru_RU", "-i", "utf-8", "-l"]
    typed = "\n".join(sorted(words))
    ran = subprocess.run(command, input=typed, capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8"})
    return set(ran.stdout.split())


def places(site: Path) -> dict[str, set[str]]:
    """Return every Russian word that the site shows, and where: on pages, the reference's too, and in its own scripts."""
    found = defaultdict(set)
    for page in addresses(site):
        file = site / page / "index.html" if not page or page.endswith("/") else site / page
        for word in Text(file.read_text("utf-8")).words:
            found[word].add(page)
    for script in (one for one in (ROOT / "docs/assets").glob("*.js") if one.name not in SILENT):
        for word in WORD.findall(script.read_text("utf-8")):
            found[word].add(script.name)
    return found


def test_every_word_is_spelt_as_the_dictionary_or_the_project_has_it(built_site: Path) -> None:
    """An unknown word fails with its places, and so does a listed word that is not needed."""
    seen, listed = places(built_site), LISTED.read_text("utf-8").split()
    strange = unknown(set(seen))
    wrong = {
        word: sorted({page for whole in seen if word in whole.split("-") for page in seen[whole]}) for word in strange
    }
    assert {word: pages[:3] for word, pages in sorted(wrong.items()) if word not in listed} == {}
    assert sorted(set(listed) - strange) == []
    assert listed == sorted(set(listed))


def test_a_slip_is_noticed() -> None:
    """Planted: a wrong letter in a text, a heading and a name; right words, code and scripts are let through."""
    page = '<h1>Востановление</h1><p>Ваш <b>пороль</b> и <code>пороьл</code></p><img alt="доккумент"><script>"ашипка"</script>'
    assert unknown(Text(page).words) == {"Востановление", "пороль", "доккумент"}
