"""The index of the site's search, by stems of Russian words: `python docs/hooks/search.py SITE_DIR`.

Sections are those that the theme's own plugin has cut (`search/search_index.json`); `docs/assets/search-engine.js` reads
what is written here, `search/index.json`, and has the same rules of words.

    pages     [address, title, boost]
    sections  [page, anchor, heading, text]
    terms     stem: weight in tenths, then (distance to the next section, how much it says there in tenths), …
    synonyms  [stems as people type them, stems as the pages say it]
"""

import html
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import snowballstemmer
import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
SYNONYMS: Final = ROOT / "docs/data/synonyms.yml"
THEIRS: Final = "search/search_index.json"
OURS: Final = "search/index.json"

_WORD: Final = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)+|[a-zа-я0-9]+")
_STEMMER: Final = snowballstemmer.stemmer("russian")
_INLINE: Final = re.compile(r"</?(?:code|su[bp])>")
_TAG: Final = re.compile(r"<[^>]+>")
# Too common to be looked for in texts; in titles they count («Это не я»).
_SMALL: Final = (
    "а без бы в вам вас ваш во вы где да для до его ее если есть же за и из или им их к как ко когда ли мне можно на над не "
    "нет ни но о об он она они от по под при с со так то только у что чтобы эта эти это этот"
)
_SMALL_WEIGHT: Final = 0.4
_PAGE_TITLE, _PAGE_TITLE_BELOW, _HEADING, _TEXT = 5.0, 2.0, 3.0, 2.2
_SHORT: Final = 200  # characters that are shown of a page that stands behind


@dataclass(frozen=True)
class Section:
    """A piece of a page with an address of its own."""

    page: str
    page_title: str
    boost: float
    anchor: str
    title: str
    text: str


def write(site: Path) -> None:
    """Write the index of a built site beside the theme's own."""
    entries = json.loads((site / THEIRS).read_text("utf-8"))["docs"]
    made = index(sections(entries), synonyms())
    (site / OURS).write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")), "utf-8")


def words(text: str) -> list[str]:
    """Return the words of a text as they are looked for; a name of several parts also gives its parts."""
    found = []
    for word in _WORD.findall(text.lower().replace("ё", "е")):
        found.append(word)
        if not word.isalnum():
            found += re.split(r"[-_.]", word)
    return found


@cache
def stem(word: str) -> str:
    """Return what is common to the forms of a word."""
    return str(_STEMMER.stemWord(word))


def synonyms(file: Path = SYNONYMS) -> list[tuple[list[str], list[str]]]:
    """Return pairs of stems: what people type and what the pages say. Forms of one word make one pair."""
    rows = yaml.safe_load(file.read_text("utf-8"))
    pairs = [(typed, means) for row in rows for typed in row["typed"] for means in row["means"]]
    stems = [tuple(tuple(stem(word) for word in words(text)) for text in pair) for pair in pairs]
    return [(list(typed), list(means)) for typed, means in dict.fromkeys(stems)]


def sections(entries: Iterable[dict[str, Any]]) -> list[Section]:
    """Return the pieces of all pages; a page that stands behind is one piece."""
    found: dict[str, list[Section]] = defaultdict(list)
    for one in entries:
        page, _, anchor = one["location"].partition("#")
        title, text = (_plain(one[name]) for name in ("title", "text"))
        above = found[page][0].page_title if found[page] else title
        found[page].append(Section(page, above, one.get("boost", 1), anchor, title, text))
    return [one for pieces in found.values() for one in (pieces if pieces[0].boost >= 1 else [_joined(pieces)])]


def _joined(pieces: list[Section]) -> Section:
    first = pieces[0]
    text = " ".join([first.text, *(f"{one.title} {one.text}" for one in pieces[1:])])
    return Section(first.page, first.page_title, first.boost, "", first.title, text)


def _plain(marked: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", _INLINE.sub("", marked))).split())


def index(found: list[Section], pairs: list[tuple[list[str], list[str]]]) -> dict[str, Any]:
    """Return the index of sections."""
    pages = {one.page: [one.page, one.page_title, one.boost] for one in found}
    numbers = {page: number for number, page in enumerate(pages)}
    said = [_said(one) for one in found]
    used: dict[str, set[str]] = defaultdict(set)
    for one, terms in zip(found, said, strict=True):
        for term in terms:
            used[term].add(one.page)
    small = {stem(word) for word in _SMALL.split()}
    lists: dict[str, list[int]] = {}
    for term, where in sorted(used.items()):
        rare = math.log(1 + (len(pages) - len(where) + 0.5) / (len(where) + 0.5))
        lists[term] = [max(1, round(10 * (_SMALL_WEIGHT if term in small else rare)))]
    last = dict.fromkeys(lists, 0)
    for number, terms in enumerate(said):
        for term, much in terms.items():
            lists[term] += [number - last[term], max(1, round(10 * much))]
            last[term] = number
    return {
        "pages": list(pages.values()),
        "sections": [[numbers[one.page], one.anchor, one.title, _shown(one)] for one in found],
        "terms": lists,
        "synonyms": pairs,
    }


def _shown(one: Section) -> str:
    return one.text if one.boost >= 1 or len(one.text) <= _SHORT else f"{one.text[:_SHORT].rsplit(' ', 1)[0]} …"


def _said(one: Section) -> dict[str, float]:
    """Return how much a section says of each of its terms: title before heading before text, and less in a long text."""
    much: dict[str, float] = defaultdict(float)
    is_top = one.title == one.page_title
    for word in set(words(one.page_title)):
        much[stem(word)] += _PAGE_TITLE if is_top else _PAGE_TITLE_BELOW
    for word in set() if is_top else set(words(one.title)):
        much[stem(word)] += _HEADING
    text = [stem(word) for word in words(one.text) if word not in _SMALL.split()]
    for term, count in Counter(text).items():
        much[term] += _TEXT * count / (count + 0.5 + len(text) / 200)
    return much


if __name__ == "__main__":
    write(Path(sys.argv[1]))
