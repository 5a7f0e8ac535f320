"""Each page of the API reference says who may, how to call, what comes back, what it costs, and which page explains it."""

import json
import re
import shlex
from functools import cache

import pytest
from gates.examples import names

from chalicelib.kit import catalogue
from docs.hooks import api_pages
from infra.openapi import costs_of, refusals_of

JSON = r"```{ \.json .*?}\n(.*?)\n```"


@cache
def pages() -> dict[str, str]:
    """Return all pages of the reference."""
    return api_pages.pages()


def page_of(name: str) -> tuple[catalogue.Operation, str]:
    """Return an operation and its page."""
    made = pages()
    operation = catalogue.operations[name]
    return operation, made[f"api/{operation.domain}/{name}.md"]


def section(page: str, title: str) -> str:
    """Return what stands below a heading."""
    found = re.search(rf"^## {title}(?: {{[^\n]*}})?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", names())
def test_a_page_says_who_may_call(name: str) -> None:
    """Every role with what it is tied to; identity, factor and sign-in as declared."""
    operation, page = page_of(name)
    said = section(page, "Кто может вызвать")
    rows = re.findall(r"^\| ([А-Я].*?) \| (.*?) \|$", said, re.MULTILINE)[1:]
    assert len(rows) == len(operation.allow)
    assert [role.lower() for role, _ in rows] == [role.label for role in operation.allow]
    assert all(tie in api_pages.RELATIONS.values() for _, tie in rows)
    assert ("Кто угодно, без входа." in said) is operation.public
    assert ("#confirm-identity" in said) is not (operation.public or operation.claimed)
    assert ("#fresh-factor-required" in said) is operation.fresh
    assert ("#full-sign-in-required" in said) is operation.full


@pytest.mark.parametrize("name", names())
def test_the_command_calls_the_operation(name: str) -> None:
    """Method, address and headers of the curl line are what the door asks for; its body is the example above it."""
    operation, page = page_of(name)
    (command,) = re.findall(r"```bash\n(.*?)\n```", section(page, "Вызов"), re.DOTALL)
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:3] == ["curl", "--request", operation.method]
    address = words[3].removeprefix("$CABINET")
    assert re.fullmatch(re.sub(r"{\w+}", "[^/?]+", operation.path) + r"(\?[\w%.=&-]+)?", address)
    headers = {words[at + 1].partition(":")[0] for at, one in enumerate(words) if one == "--header"}
    wanted = {"Authorization": not operation.public, "Idempotency-Key": operation.keyed, "If-Match": operation.match}
    wanted["Content-Type"] = operation.body is not None
    assert headers == {header for header, is_wanted in wanted.items() if is_wanted}
    bodies = re.findall(JSON, section(page, "Поля запроса"), re.DOTALL)
    assert ("@body.json" in words, len(bodies)) == (operation.body is not None, int(operation.body is not None))
    assert all(json.loads(one) for one in bodies)


@pytest.mark.parametrize("name", names())
def test_a_page_shows_the_answer_the_refusals_and_the_cost(name: str) -> None:
    """An example of every JSON answer; every refusal leads to its entry; the published round trips, and no others."""
    operation, page = page_of(name)
    answers = re.findall(JSON, section(page, "Ответ"), re.DOTALL)
    assert len(answers) == int(operation.answer not in {None, bytes})
    assert all(json.loads(one) for one in answers)
    linked = re.findall(r"\[`([a-z-]+)`\]\(\.\./\.\./errors\.md#([a-z-]+)\)", section(page, "Отказы"))
    assert linked == [(one.code(), one.code()) for one in refusals_of(operation)]
    figures = re.findall(r"^\| ([0-9 |]+) \|$", section(page, "Обращения при успешном вызове"), re.MULTILINE)
    assert figures == [" | ".join(map(str, costs_of(operation).values()))]


@pytest.mark.parametrize("name", names())
def test_a_page_leads_back_to_the_page_for_people(name: str) -> None:
    """Every operation is explained somewhere, and its page of the reference says where."""
    _, page = page_of(name)
    said = re.findall(r"^Людям об этом рассказано на страницах: (.+)\.$", page, re.MULTILINE)
    assert len(said) == 1
    links = re.findall(r"\[«(.+?)»\]\(\.\./\.\./([a-z0-9/-]+\.md)\)", said[0])
    assert links == [(title, path) for path, title in api_pages.help_pages()[name]]


def test_the_description_can_be_taken_from_the_index() -> None:
    """The first page of the reference links openapi.json."""
    assert "(../openapi.json)" in pages()["api/index.md"]


def test_an_operation_without_an_example_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault names the operation and the cure."""
    monkeypatch.setattr(api_pages, "_examples", dict)
    with pytest.raises(LookupError, match="UPDATE_EXAMPLES"):
        api_pages.pages()
