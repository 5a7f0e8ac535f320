"""The numbered steps of every page can be done: each calls an operation that exists, works and is named alike everywhere."""

from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, World
from gates.examples import example_of

from chalicelib.kit import catalogue
from docs.hooks import facts, steps

DOCS = ROOT / "docs"
PAGES = sorted(
    one for one in DOCS.rglob("*.md") if "engineering" not in one.parts and "```steps" in one.read_text("utf-8")
)
SECTIONS = {section: set(labels) for section, labels in facts.data("sections").items()}


def steps_of(page: Path) -> list[dict[str, str]]:
    """Return all steps of a page, its lists one after another."""
    filled = facts.render(page.read_text("utf-8"), page.relative_to(DOCS).as_posix())
    return [step for one in steps.of(filled) for step in one]


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.stem)
def test_every_step_of_a_page_can_be_done(world: World, page: Path) -> None:
    """The operation of each step succeeds with a right request, in the order of the page."""
    called = [step["operation"] for step in steps_of(page) if "operation" in step]
    assert called
    for name in dict.fromkeys(called):
        world.empty()
        answer = world.client.run(name, example_of(name, world))
        assert answer.status == catalogue.operations[name].status, name


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.stem)
def test_sections_and_labels_are_those_of_the_cabinet(page: Path) -> None:
    """The screens carry these names: nothing is called otherwise on a page."""
    strange = [
        (step["section"], step["label"])
        for step in steps_of(page)
        if "section" in step and step["label"] not in SECTIONS.get(step["section"], ())
    ]
    assert strange == []


def test_one_label_of_a_section_does_one_thing() -> None:
    """A label is one operation wherever it is named, and no listed label is left without a step."""
    done: dict[tuple[str, str], set[str]] = defaultdict(set)
    for page in PAGES:
        for step in steps_of(page):
            if "section" in step:
                done[step["section"], step["label"]].add(step.get("operation", ""))
    assert {place: names for place, names in done.items() if len(names) > 1} == {}
    assert {(section, label) for section, labels in SECTIONS.items() for label in labels} == set(done)


@pytest.mark.parametrize(
    "wrong",
    [
        "- section: Профиль",
        "- text: Нажмите\n  button: Сохранить",
        "- text: Нажмите\n  operation: read_profile",
    ],
)
def test_a_step_that_is_not_whole_stops_the_build(wrong: str) -> None:
    """A step has a text, known fields, and names where its operation is found."""
    with pytest.raises(facts.FactError):
        steps.render(f"```steps\n{wrong}\n```\n", "page.md")


def test_steps_become_a_numbered_list_with_their_operations() -> None:
    """The list is Markdown's own; each step leads to the operation that does it."""
    written = [{"text": "Откройте «Профиль».", "section": "Профиль", "label": "Профиль", "operation": "read_profile"}]
    block = yaml.safe_dump([*written, {"text": "Прочитайте."}], allow_unicode=True)
    shown = steps.render(f"До.\n\n```steps\n{block}```\n\nПосле.\n", "help/page.md")
    assert shown.startswith("До.\n\n1.  Откройте «Профиль».\n\n    *Операция:* [«")
    assert "(../api/profile/read_profile.md)" in shown
    assert "\n\n2.  Прочитайте.\n" in shown
    assert shown.endswith("\n\nПосле.\n")
