"""The index of the search: what is in it, how large it is, and that Python and the browser know the same words."""

import gzip
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import snowballstemmer
import yaml
from conftest import ROOT

from docs.hooks import search

ENGINE = ROOT / "docs/assets/search-engine.js"
GOLD = yaml.safe_load((ROOT / "tests/docs/search_gold.yml").read_text("utf-8"))
MAX_BYTES, MAX_GZIP = 1_300_000, 300_000
ENDINGS = "а ого ему ыми вшись ивший ующая нный ена ейте ость остью ейше ейшая нн ся лась ть ишь иями ью ев ь и йте"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the help centre."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(built)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True, capture_output=True)
    return built


@pytest.fixture(scope="module")
def index(site: Path) -> Any:
    return json.loads((site / search.OURS).read_text("utf-8"))


def entry(location: str, title: str, text: str, boost: float = 1) -> dict[str, Any]:
    """Return a section as the theme's plugin writes it."""
    return {"location": location, "title": title, "text": f"<p>{text}</p>", "boost": boost}


def made(*entries: dict[str, Any], synonyms: Any = ()) -> Any:
    """Return the index of some sections."""
    return search.index(search.sections(entries), list(synonyms))


def says(index: Any, word: str) -> dict[int, int]:
    """Return by section how much it says of a word."""
    said, section = {}, 0
    for step, much in zip(*[iter(index["terms"][search.stem(word)][1:])] * 2, strict=True):
        section += step
        said[section] = much
    return said


def pages_of(nav: Any) -> list[str]:
    """Return the pages of a navigation."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [page for part in parts for page in pages_of(part)]


def test_every_page_of_the_navigation_is_found(index: Any) -> None:
    """And the reference with them; what keeps itself out and engineering are not."""
    plain = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    wanted = {page.removesuffix(".md").removesuffix("index") for page in pages_of(yaml.safe_load(plain))}
    found = {address.removesuffix("/") for address, _, _ in index["pages"]}
    assert {page.removesuffix("/") for page in wanted} <= found
    assert "api/profile/read_profile" in found
    assert "not-me" not in found
    assert {address.split("/")[0] for address in found}.isdisjoint({"engineering", "hooks", "overrides", "data"})


def test_the_index_keeps_within_its_budget(site: Path) -> None:
    raw = (site / search.OURS).read_bytes()
    assert b"\\u04" not in raw
    assert len(raw) <= MAX_BYTES
    assert len(gzip.compress(raw)) <= MAX_GZIP


def test_every_address_of_the_index_is_there(site: Path, index: Any) -> None:
    for page, anchor, _, _ in index["sections"]:
        html = (site / index["pages"][page][0] / "index.html").read_text("utf-8")
        assert not anchor or f'id="{anchor}"' in html, anchor


def test_titles_say_more_than_headings_and_headings_more_than_texts() -> None:
    """And a long text says less of a word than a short one."""
    built = made(
        entry("a/", "Пароли", "Начало."),
        entry("b/", "Вход", "Начало."),
        entry("b/#c", "Смена пароля", "Начало."),
        entry("d/", "Коды", "Про пароль."),
        entry("e/", "Ключи", "Слово " * 300 + "пароль."),
    )
    said = says(built, "паролем")
    assert said[0] > said[2] > said[3] > said[4] > 0
    assert 1 not in said


def test_pages_that_stand_behind_are_one_section_with_a_short_text() -> None:
    built = made(
        entry("api/x/", "Операция", "Начало " * 50, 0.3),
        entry("api/x/#fields", "Поля", "Отчество.", 0.3),
        entry("y/", "Y", ""),
    )
    assert built["pages"] == [["api/x/", "Операция", 0.3], ["y/", "Y", 1]]
    assert [one[:3] for one in built["sections"]] == [[0, "", "Операция"], [1, "", "Y"]]
    assert len(built["sections"][0][3]) <= 202
    assert says(built, "отчества").keys() == {0}


def test_small_words_count_in_titles_only() -> None:
    built = made(entry("a/", "Это не я", "Кто."), entry("b/", "Вход", "Это не пароль."))
    assert says(built, "не").keys() == {0}


def test_synonyms_lead_to_what_the_pages_say(index: Any) -> None:
    """A row whose words no section has together finds nothing; a row that is its own answer says nothing."""
    rows = index["synonyms"]
    assert [typed for typed, means in rows if typed == means] == []
    unknown = {term for _, means in rows for term in means} - set(index["terms"])
    assert unknown == set()
    for typed, means in rows:
        assert set.intersection(*[set(says_stem(index, term)) for term in means]), typed


def says_stem(index: Any, term: str) -> list[int]:
    """Return the sections that have a stem."""
    steps = index["terms"][term][1::2]
    return [sum(steps[: place + 1]) for place in range(len(steps))]


def test_the_gold_set_is_large_and_every_third_is_set_aside() -> None:
    assert len(GOLD) >= 66
    assert len({one["query"] for one in GOLD}) == len(GOLD)
    assert all(one["pages"] for one in GOLD)
    assert [place % 3 == 2 for place in range(len(GOLD))] == [one.get("part") == "held_out" for one in GOLD]


def in_node(program: str, given: Any) -> Any:
    """Run lines of JavaScript that have the engine as `engine` and the data as `given`."""
    text = (
        f'import * as engine from {json.dumps(ENGINE.as_uri())}; import {{ readFileSync }} from "node:fs";\n'
        f'const given = JSON.parse(readFileSync(0, "utf8"));\nconsole.log(JSON.stringify({program}));'
    )
    command = ["node", "--input-type=module", "--eval", text]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.proof
def test_the_browser_and_python_cut_the_same_words_and_stems(index: Any) -> None:
    """Every text of the site, every query, and its words with endings that they do not have."""
    texts = [f"{title} {text}" for _, _, title, text in index["sections"]] + [one["query"] for one in GOLD]
    assert in_node("given.map(engine.words)", texts) == [search.words(text) for text in texts]
    known = sorted({word for text in texts for word in search.words(text)})
    rng = random.Random(5)
    odd = [word[: rng.randrange(1, len(word) + 1)] + end for word in known for end in rng.sample(ENDINGS.split(), 4)]
    stemmed = in_node("given.map(engine.stem)", known + odd)
    assert dict(zip(known + odd, stemmed, strict=True)) == {
        word: snowballstemmer.stemmer("russian").stemWord(word) for word in known + odd
    }
    print(f"\n{len(known)} words of the site and {len(odd)} made of them have the same stems.")  # noqa: T201 - the size of this proof


def distance(a: str, b: str) -> int:
    """Return how many slips lie between two words (letters added, lost, changed, neighbours swapped)."""
    rows = [[i + j if not i * j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@pytest.mark.proof
def test_a_slip_is_at_most_one() -> None:
    """The engine's short answer is that of the full table of distances."""
    rng = random.Random(7)
    pairs = [["".join(rng.choices("абв", k=rng.randrange(1, 6))) for _ in range(2)] for _ in range(5000)]
    told = in_node("given.map(([a, b]) => engine.isSlip(a, b))", pairs)
    assert told == [distance(a, b) <= 1 for a, b in pairs]
    assert 0.1 < sum(told) / len(told) < 0.9


@pytest.mark.proof
@pytest.mark.parametrize(
    ("typed", "read"),
    [("gfhjkm", "пароль"), (";ehyfk", "журнал"), (":ehyfk", "журнал"), ("щзутфзш", "openapi"), ("`;", "ёж")],
)
def test_the_other_layout(typed: str, read: str) -> None:
    assert in_node("engine.otherLayout(given)", typed) == read


SMALL_SITE = made(
    entry("recovery/", "Восстановление доступа", "Задайте новый пароль."),
    entry("sign/", "Электронная подпись", "Подпишите файл своим сертификатом."),
    entry("api/start_sign_in/", "Начать вход", "Операция start_sign_in.", 0.3),
    entry("api/finish_sign_in/", "Закончить вход", "Операция finish_sign_in.", 0.3),
    entry("check/", "Проверить данные в профиле", "Отправьте профиль на проверку. План d."),
    synonyms=[(["эцп"], ["электрон", "подп"])],
)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("query", "pages"),
    [
        ("восстановлением доступа", ["recovery/"]),
        ("востановление", ["recovery/"]),
        ("восста", ["recovery/"]),
        ("востано", ["recovery/"]),
        ("djccnfyjdbnm", ["recovery/"]),
        ("ghjdthrf d ghjabkt", ["check/"]),
        ("эцп", ["sign/"]),
        ("сертификатами", ["sign/"]),
        ("start_sign_in", ["api/start_sign_in/"]),
        ("проверка", ["check/"]),
        ("ключ", []),
        ("", []),
        ("«»", []),
    ],
)
def test_what_a_query_finds(query: str, pages: list[str]) -> None:
    """Forms, slips, beginnings, the other layout, synonyms, names of operations, words of one root; else nothing."""
    program = (
        "engine.search(engine.prepare(given.index), given.query).pages.map((one) => given.index.pages[one.page][0])"
    )
    assert in_node(program, {"index": SMALL_SITE, "query": query}) == pages
