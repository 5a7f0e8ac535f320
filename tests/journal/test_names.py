"""The Russian names that files of the journal carry are the catalogue's own; UPDATE_NAMES=1 writes them anew."""

import json
import os
from typing import Any

import msgspec
from conftest import ROOT, World

from chalicelib.journal import rules
from chalicelib.kit import catalogue
from chalicelib.kit.problem import known
from infra.openapi import describe

FILE = ROOT / "functions/chalicelib/journal/data/names.json"


def of_catalogue() -> dict[str, Any]:
    """Gather sentences of operations and kinds, titles of refusals and of the fields that bodies bring."""
    schemas = describe()["components"]["schemas"]
    operations = {**catalogue.operations, **catalogue.workers}
    kinds: dict[str, str] = {}
    for one in sorted(operations.values(), key=lambda one: one.name):
        if one.audit:
            kinds.setdefault(one.audit, one.sentence)
    titles = {
        one.name: {name: schemas[one.body.__name__]["properties"][name]["title"] for name in names_of(one.body)}
        for one in catalogue.operations.values()
        if one.body is not None
    }
    ours = {code: kind for code, kind in known().items() if kind.__module__.startswith("chalicelib.")}
    return {
        "operations": {name: one.sentence for name, one in operations.items()},
        "kinds": kinds,
        "outcomes": {"done": "сделано", "repeated": "повтор запроса"}
        | {code: f"отказ: {kind.title}" for code, kind in ours.items()},
        **by_agreement(titles),
    }


def by_agreement(titles: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Part the fields that all bodies call alike from those whose title depends on the operation."""
    known: dict[str, set[str]] = {}
    for of_one in titles.values():
        for name, title in of_one.items():
            known.setdefault(name, set()).add(title)
    own = {
        operation: {name: title for name, title in of_one.items() if len(known[name]) > 1}
        for operation, of_one in titles.items()
    }
    common = {name: next(iter(called)) for name, called in known.items() if len(called) == 1}
    return {"common_fields": common, "fields": {operation: of_one for operation, of_one in own.items() if of_one}}


def names_of(body: type[msgspec.Struct]) -> list[str]:
    """Return the names of a body's fields as requests write them."""
    return [one.encode_name for one in msgspec.structs.fields(body)]


def test_names_are_those_of_the_catalogue(world: World) -> None:
    """A new operation, refusal or field that the file does not name, and a stale name, are faults."""
    wanted = of_catalogue()
    if os.environ.get("UPDATE_NAMES"):
        text = json.dumps(wanted, ensure_ascii=False, indent=1, sort_keys=True)
        FILE.write_text(f"{text}\n", encoding="utf-8")
        rules.names.cache_clear()
    assert rules.names() == wanted, "The catalogue has changed: UPDATE_NAMES=1 pytest tests/journal/test_names.py"


def test_every_kind_that_can_be_written_has_a_russian_name(world: World) -> None:
    """Even a record whose operation is gone says what was done."""
    kinds = {one.audit for one in [*catalogue.operations.values(), *catalogue.workers.values()] if one.audit}
    assert kinds <= set(rules.names()["kinds"])
