"""The examples of the API reference are real calls: made by the operations' own examples, and fit for the published schemas."""

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from conftest import World
from gates.examples import example_of, names
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it publishes no types

from chalicelib.kit import body, catalogue
from docs.hooks import api_pages
from infra.openapi import describe

LONGEST = 140
ITEMS = 2
# What tests make up at random is shown by one sample; nobody's real number is published.
SAMPLES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"(?<![0-9a-zA-Z])[0-9a-f]{32,}(?![0-9a-zA-Z])", lambda found: ("0123" * 99)[: len(found[0])]),
    (
        r"\A(?=.*[0-9])(?=.*[A-Z])[A-Za-z0-9_+/=-]{21,}\Z",
        lambda found: found[0][:20],
    ),  # opaque: its length says nothing
    (r"\+7900[0-9]{7}", lambda _: "+79001234567"),
    (r"\A[0-9]{11}\Z", lambda _: "11223344595"),
    (r"[a-z0-9_.]+@example\.ru", lambda _: "ivanova@example.ru"),
    (r"\bperson_[a-z]+\b", lambda _: "ivanova_ap"),
    (r"http://localhost:[0-9]+", lambda _: "https://cabinet.example.org"),
    (r"http://127\.0\.0\.1:[0-9]+", lambda _: "https://esia.example.org"),
)


def recorded(value: Any, end: str = "") -> Any:
    """Return a JSON tree as it is published: samples for what is random, long texts cut, of each list the beginning; `end` marks a cut."""
    if isinstance(value, dict):
        return {name: recorded(one, end) for name, one in value.items()}
    if isinstance(value, list):
        return [recorded(one, end) for one in value[:ITEMS]]
    if not isinstance(value, str):
        return value
    for pattern, sample in SAMPLES:
        value = re.sub(pattern, sample, value)
    is_long = len(value) > LONGEST and (" " not in value or value.startswith("<"))
    return value[:LONGEST] + end if is_long else value


def of_run(world: World, name: str) -> dict[str, Any]:
    """Make an operation's example and return what was asked and answered."""
    world.empty()
    example = example_of(name, world)
    answer = world.client.run(name, example)
    assert answer.status == catalogue.operations[name].status
    asked = {"path": example.path_values, "query": example.query, "body": example.body}
    said = answer.json if "json" in answer.headers["Content-Type"] else None
    found = {part: recorded(value) for part, value in asked.items()} | {"answer": recorded(said, "…")}
    return {part: value for part, value in found.items() if value}


def places(tree: Any, above: str = "") -> Iterator[str]:
    """Yield the place of every field in a JSON tree, and the Russian sentences that hold no figures."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield f"{above}/{name}"
            yield from places(value, f"{above}/{name}")
    elif isinstance(tree, list):
        for value in tree:
            yield from places(value, f"{above}/[]")
    elif isinstance(tree, str) and re.search("[а-яё]", tree) and not re.search("[0-9]", tree):
        yield f"{above}: {tree}"


def published() -> dict[str, dict[str, Any]]:
    """Read the examples that the reference shows."""
    found: dict[str, dict[str, Any]] = json.loads(api_pages.EXAMPLES.read_text("utf-8"))
    return found


@cache
def api() -> dict[str, Any]:
    """Return the published description."""
    return describe()


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """Say what an independent validator finds wrong in a value."""
    judge = Draft202012Validator(
        {**schema, "components": api()["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{'/'.join(map(str, one.path))}: {one.message}" for one in judge.iter_errors(value)]


def content(part: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of a body or an answer, or None when it is no JSON."""
    found: dict[str, Any] | None = part.get("content", {}).get("application/json", {}).get("schema")
    return found


def test_the_examples_are_of_real_calls(world: World) -> None:
    """Fields and sentences of every example are those of a call made now; UPDATE_EXAMPLES=1 writes what has changed."""
    made = {name: of_run(world, name) for name in names()}
    if os.environ.get("UPDATE_EXAMPLES"):
        kept = published() if api_pages.EXAMPLES.exists() else {}
        same = {name: kept[name] for name in kept.keys() & made.keys() if _alike(kept[name], made[name])}
        text = json.dumps(dict(sorted((made | same).items())), ensure_ascii=False, indent=1)
        api_pages.EXAMPLES.write_text(text + "\n", encoding="utf-8")
    assert published().keys() == made.keys()
    for name, one in made.items():
        assert _alike(published()[name], one), name


def _alike(one: Any, other: Any) -> bool:
    return set(places(one)) == set(places(other))


@pytest.mark.parametrize("name", names())
def test_an_example_fits_its_schema(name: str) -> None:
    """Body and answer, where there is one, are JSON of the published form; the cabinet's own reader takes the body too."""
    described, example = api(), published()[name]
    operation = catalogue.operations[name]
    said = described["paths"][operation.path][operation.method.lower()]
    body_schema, answer_schema = content(said.get("requestBody", {})), content(said["responses"][str(operation.status)])
    assert ("body" in example, "answer" in example) == (body_schema is not None, answer_schema is not None)
    if body_schema is not None:
        assert faults(body_schema, example["body"]) == []
        assert isinstance(body.convert(example["body"], operation.body or object), operation.body or object)
    if answer_schema is not None:
        assert faults(answer_schema, example["answer"]) == []
    assert set(example.get("path", {})) == set(operation.path_names)


def test_an_unfit_example_is_noticed() -> None:
    """A missing field, a strange one and a wrong kind are faults."""
    schema = {"$ref": "#/components/schemas/RatePage"}
    right = published()["rate_page"]["body"]
    assert faults(schema, right) == []
    assert len(faults(schema, {"page": 1, "version": "1.0", "more": True})) == 3
