"""What an operation costs is a published number, and the rights it has are the rights it uses."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, World
from gates.examples import example_of, names
from trips import PREFIX, Right

from chalicelib.kit import catalogue, options, outside
from chalicelib.kit.catalogue import Declared
from infra.templates.rights import kit_touches

COSTS = ROOT / "docs/engineering/costs.json"
MOST_TRIPS = 3
CACHED = {Right("Query", "setting", None)}  # read once a minute for all, by whoever comes first


def over_budget(costs: dict[str, dict[str, int]]) -> list[str]:
    """Say which successful path takes more round trips than allowed."""
    return [
        f"{name} takes {one['dynamodb']} round trips." for name, one in costs.items() if one["dynamodb"] > MOST_TRIPS
    ]


def wrong_rights(declared: set[Right], kit: set[Right], used: set[Right], name: str) -> list[str]:
    """Compare what is declared with what was really called, both ways; the kit's own rights need not all be met."""
    stray = [
        f"{name} calls {'/'.join(filter(None, one))} without declaring it."
        for one in sorted(used - declared - kit, key=str)
    ]
    idle = [
        f"{name} declares {'/'.join(filter(None, one))} and never calls it."
        for one in sorted(declared - used - CACHED, key=str)
    ]
    return stray + idle


def rights(touches: Any) -> set[Right]:
    """Write touches as the rights they give."""
    return {Right(one.action, one.model.Meta.table_name.removeprefix(PREFIX), one.index) for one in touches}


def test_every_success_is_within_three_round_trips_and_published(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures in docs/engineering/costs.json are the measured ones; UPDATE_COSTS=1 writes them."""
    asked: list[str] = []
    ask = outside.System._ask

    def counted(self: outside.System, *args: Any) -> Any:
        asked.append(self.name)
        return ask(self, *args)

    monkeypatch.setattr(outside.System, "_ask", counted)
    costs = {}
    for name in names():
        world.empty()
        example = example_of(name, world)
        options.options()  # the figures are those of warm caches
        asked.clear()
        world.trips.start()
        assert world.client.run(name, example).status == catalogue.operations[name].status
        costs[name] = {
            "dynamodb": world.trips.count("dynamodb"),
            "kms": world.trips.count("kms"),
            "outside": len(asked),
        }
    assert over_budget(costs) == []
    if os.environ.get("UPDATE_COSTS"):
        COSTS.write_text(json.dumps(costs, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert json.loads(Path(COSTS).read_text(encoding="utf-8")) == costs


def test_a_fourth_round_trip_is_noticed() -> None:
    """Four are over the budget, three are not."""
    assert len(over_budget({"a": {"dynamodb": 4}, "b": {"dynamodb": 3}})) == 1


@pytest.mark.last
def test_declared_rights_are_the_used_ones(world: World, whole_run: bool) -> None:  # noqa: FBT001 - a fixture
    """Over the whole run, each operation and worker called exactly what it declares (and what the kit does for it)."""
    if not whole_run:
        pytest.skip("judged on whole runs only: a part of the tests calls a part of the rights")
    faults = []
    everything: list[Declared] = [*catalogue.operations.values(), *catalogue.workers.values()]
    for one in everything:
        faults += wrong_rights(rights(one.touches), rights(kit_touches(one)), world.trips.rights[one.name], one.name)
    assert not faults, "\n".join(faults)


def test_an_undeclared_and_an_idle_right_are_noticed() -> None:
    """Both directions count; the kit's rights may stay unused."""
    put, read, kit = (
        Right("PutItem", "profile", None),
        Right("GetItem", "profile", None),
        Right("PutItem", "journal", None),
    )
    assert len(wrong_rights({put}, {kit}, {read}, "x")) == 2
    assert wrong_rights({put}, {kit}, {put}, "x") == []
