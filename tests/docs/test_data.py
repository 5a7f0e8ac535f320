"""What maintainers write as data for the help section is whole, honest about its age, and used."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
import snowballstemmer
import yaml
from conftest import ROOT
from pymdownx.slugs import slugify

from docs.hooks import facts

DOCS = ROOT / "docs"
FAQ = facts.render((DOCS / "help/faq.md").read_text("utf-8"), "help/faq.md")
ACTS = [one for part in facts.data("regulations") for one in part["acts"]]
TOPICS = [one for part in facts.data("topics") for one in part["topics"]]
GLOSSARY = facts.data("glossary")
CONTACTS = facts.data("support_contacts")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def answers() -> dict[str, str]:
    """Return the answers of the page of questions by question."""
    parts = re.split(r"^### ", re.split(r"^## ", FAQ, maxsplit=1, flags=re.MULTILINE)[1], flags=re.MULTILINE)[1:]
    found = (re.split(r"^## ", one, flags=re.MULTILINE)[0].partition("\n") for one in parts)
    return {question: answer.strip() for question, _, answer in found}


def words(text: str) -> list[str]:
    """Return the stems of a text's words, «ё» as «е»."""
    plain = re.findall(r"\w+", text.lower().replace("ё", "е"))
    stems: list[str] = snowballstemmer.stemmer("russian").stemWords(plain)
    return stems


def is_used(term: str, stems: str) -> bool:
    """Whether the words of a term stand one after another, in any form, among stems joined by spaces."""
    return f" {' '.join(words(term))} " in stems


@pytest.fixture(scope="module")
def stems() -> str:
    """Return the stems of all that doctors read outside the glossary, the glossary's own meanings not counted."""
    pages = [one for one in DOCS.rglob("*.md") if "engineering" not in one.parts and one.name != "glossary.md"]
    return f" {' '.join(words(' '.join(one.read_text('utf-8') for one in pages)))} "


# Questions and answers


def test_there_are_enough_questions_and_none_twice() -> None:
    """At least twenty-five, in groups, each with an anchor that links can name."""
    anchors = re.findall(r"^### .*\{ #([a-z-]+) \}$", FAQ, re.MULTILINE)
    assert len(answers()) >= 25
    assert len(set(anchors)) == len(answers())


@pytest.mark.parametrize("question", answers())
def test_an_answer_is_enough_to_act(question: str) -> None:
    """It says more than a sentence, and has steps or leads on to a page."""
    answer = answers()[question]
    said = LINK.sub("]", answer)
    assert len(re.findall(r"\w+", said)) >= 25, "too short to act on"
    assert LINK.search(answer), "no page for more"
    steps = re.findall(r"^\d+\. ", answer, re.MULTILINE)
    assert len(steps) != 1, "one step is no list"


# Regulations


@pytest.mark.parametrize("act", ACTS, ids=lambda one: str(one["number"]))
def test_an_act_is_dated_sourced_and_says_what_it_is_about(act: dict[str, Any]) -> None:
    """All fields are there; days are days; the source is a place; the status is one of two."""
    assert list(act) == ["kind", "number", "date", "title", "about", "status", "checked", "since", "until", "source"]
    assert act["status"] in {"in_force", "unknown"}
    assert len(act["about"].split()) >= 6
    assert re.match(r"[a-z0-9.-]+\.[a-z]{2,}\b", act["source"])
    assert isinstance(act["checked"], date)
    for name in ("date", "since", "until"):
        assert act[name] is None or isinstance(act[name], date), name


@pytest.mark.parametrize("act", ACTS, ids=lambda one: str(one["number"]))
def test_the_days_of_an_act_agree(act: dict[str, Any]) -> None:
    """Nothing begins before it was adopted or ends before it begins; who is said to be in force is so when checked."""
    told = [act[name] for name in ("date", "since", "until") if act[name] is not None]
    assert told == sorted(told)
    if act["status"] == "in_force":
        assert act["date"] is not None
        assert (act["since"] or act["date"]) <= act["checked"]
        assert act["until"] is None or act["checked"] <= act["until"]
    else:
        assert (act["since"], act["until"]) == (None, None), "days of force of an act whose state nobody knows"


def test_no_act_stands_twice() -> None:
    """A number with its date is one act."""
    named = [(one["number"], one["date"]) for one in ACTS]
    assert len(set(named)) == len(named)


def test_an_act_names_its_state_and_day_on_the_page() -> None:
    """As many states, days of check and sources are shown as there are acts; what nobody knows is said to be unknown."""
    shown = facts.render((DOCS / "help/regulations.md").read_text("utf-8"), "help/regulations.md")
    assert shown.count("- Проверено: ") == shown.count("- Источник: ") == len(ACTS)
    assert shown.count("- Состояние: неизвестно.") == sum(one["status"] == "unknown" for one in ACTS)
    assert shown.count("- Состояние: действует") == sum(one["status"] == "in_force" for one in ACTS)


# Topics and contacts of support


def test_codes_of_topics_are_unique_and_in_order() -> None:
    """A letter of the group and a number that goes on from one."""
    for part in facts.data("topics"):
        letters = {one["code"][0] for one in part["topics"]}
        assert len(letters) == 1, part["group"]
        wanted = [f"{min(letters)}-{number:02}" for number in range(1, len(part["topics"]) + 1)]
        assert [one["code"] for one in part["topics"]] == wanted
    assert len({one["code"][0] for one in TOPICS}) == len(facts.data("topics"))
    assert len({one["title"] for one in TOPICS}) == len(TOPICS)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda one: str(one["code"]))
def test_a_topic_says_what_to_try_and_what_to_tell(topic: dict[str, str]) -> None:
    """A page to try first, and more than the login to tell; the page of instructions shows both."""
    assert set(topic) == {"code", "title", "try", "tell"}
    pages = [urlsplit(one).path for one in LINK.findall(topic["try"])]
    assert pages
    assert all((DOCS / "help" / one).is_file() for one in pages)
    shown = facts.render((DOCS / "help/support.md").read_text("utf-8"), "help/support.md")
    assert f"| **{topic['code']}** | {topic['title']} | {topic['try']} | {topic['tell']} |" in shown


def test_every_code_named_on_a_page_is_a_topic() -> None:
    """Pages name codes of topics by hand: none of them is a stranger."""
    pages = [one.read_text("utf-8") for one in DOCS.rglob("*.md") if "engineering" not in one.parts]
    named = set(re.findall(r"\b[А-Я]-\d\d\b", " ".join(pages)))
    assert len(named) > 5
    assert named <= {one["code"] for one in TOPICS}


def are_invented(place: dict[str, str]) -> set[bool]:
    """Tell of the telephone and of the address whether nobody can have it."""
    return {place["phone"].startswith("+7 000 "), place["email"].endswith(".example")}


def test_contacts_are_wholly_invented_or_wholly_real() -> None:
    """An operator who filled in half of them is told; support's telephone answers round the clock."""
    assert [one["name"] for one in CONTACTS["places"]] == ["Поддержка", "Служба безопасности"]
    for place in CONTACTS["places"]:
        assert set(place) == {"name", "when", "phone", "phone_hours", "email", "email_hours"}
        assert re.fullmatch(r"\+7 \d{3} \d{3}-\d\d-\d\d", place["phone"])
        assert re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", place["email"])
        assert place["phone_hours"]
        assert place["email_hours"]
        assert are_invented(place) == {CONTACTS["invented"]}
    assert "круглосуточно" in CONTACTS["places"][0]["phone_hours"]


@pytest.mark.parametrize("invented", [True, False])
def test_the_page_says_that_contacts_are_invented_while_they_are(
    monkeypatch: pytest.MonkeyPatch, *, invented: bool
) -> None:
    """The warning follows the mark in the data."""
    text = (DOCS / "help/contacts.md").read_text("utf-8")
    read = facts.data
    monkeypatch.setattr(
        facts,
        "data",
        lambda name: read(name) | {"invented": invented} if name == "support_contacts" else read(name),
    )
    assert ("Контакты ниже вымышлены" in facts.render(text, "help/contacts.md")) == invented


# The glossary


def test_the_glossary_is_long_enough_sorted_and_without_repeats() -> None:
    """Alphabetical as a reader looks: capitals and «ё» make no difference."""
    terms = [one["term"].lower().replace("ё", "е") for one in GLOSSARY]
    assert len(terms) >= 35
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("entry", GLOSSARY, ids=lambda one: str(one["term"]))
def test_a_term_is_explained_and_met_on_some_page(entry: dict[str, str], stems: str) -> None:
    """Its meaning is a sentence that does not merely repeat it, its anchor is the heading's, and pages use the word."""
    assert set(entry) == {"term", "meaning"}
    assert len(set(words(entry["meaning"])) - set(words(entry["term"]))) >= 5
    assert facts.anchor_of(entry["term"]) == slugify(case="lower")(entry["term"], "-")
    assert is_used(entry["term"], stems)


def test_an_unused_term_is_noticed(stems: str) -> None:
    """A word of no page is missed; a word in another form is found."""
    assert not is_used("Перфокарта", stems)
    assert is_used("сеансами", stems)


# The section


def pages_of(section: Any) -> Iterator[str]:
    """Yield the pages of a section of the navigation and of those within it."""
    if isinstance(section, str):
        yield section
        return
    for one in section.values() if isinstance(section, dict) else section:
        yield from pages_of(one)


def test_the_reference_page_leads_to_every_page_of_its_section() -> None:
    """«Справочник» names each page that the navigation has under «Помощь»."""
    lines = (ROOT / "mkdocs.yml").read_text("utf-8").split("\nnav:\n")[1]
    nav = yaml.safe_load(lines)
    section = next(one["Помощь"] for one in nav if "Помощь" in one)
    pages = set(pages_of(section)) - {"help/index.md"}
    linked = {urlsplit(one).path for one in LINK.findall((DOCS / "help/index.md").read_text("utf-8"))}
    assert {f"../{one}" if "/" not in one else one.removeprefix("help/") for one in pages} - linked == set()
