"""The kit is held to its cost: warm requests and cold starts against handlers by hand and behind other frameworks."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from performance.published import publish
from trips import rights_of

MOST_WARM = 1.25
MOST_COLD = 1.1
# What has no handwritten counterpart is held to multiples of the handwritten `read_profile` of the same run: warm, cold.
MOST_OWN = {
    "finish_sign_in": (4.0, 1.6),
    "download_confirmation": (25.0, 1.8),
    "export_acts_xlsx": (9.0, 1.9),
}


@pytest.mark.proof
def test_the_cost_over_a_handwritten_handler_stays_within_the_goal(world: World, tmp_path: Path) -> None:
    """All do the same work with the same calls; the kit's share is told and limited, and it starts before frameworks."""
    from performance import benchmark
    from performance.benchmark import Ratio

    recording = benchmark.record(world)
    _same_work(recording.bodies, recording.requests)
    ground = benchmark.unpack(tmp_path, recording)
    warm = benchmark.warm(ground)
    kinds = [*ground.folders]
    addresses = {name: f"{_domain(name)}.{name}" for name in recording.scenes["kit"]}
    cold = {name: benchmark.cold(ground, name, addresses[name], kinds) for name in recording.scenes["handwritten"]}
    ratios = {
        (how, name, kind): Ratio(f"{how} {name}, {kind}", times[kind], times["handwritten"])
        for how, found in (("warm", warm), ("cold", cold))
        for name, times in found.items()
        for kind in kinds
        if kind != "handwritten" and kind in times and "handwritten" in times
    }
    own = {}
    for name in benchmark.OWN_ROWS:
        base = warm["read_profile"]["handwritten"]
        own["warm", name] = Ratio(f"warm {name}", warm[name]["kit"], base)
        paired = benchmark.cold(ground, name, addresses[name], ["kit"])
        own["cold", name] = Ratio(f"cold {name}", paired["kit"], cold["read_profile"]["handwritten"])
    publish(
        "speed",
        ("", "median of the rounds' ratios", "quartiles", "ratio of medians", "ms, ours or theirs", "ms, by hand"),
        [one.row() for one in (*ratios.values(), *own.values())],
        f"The bare interpreter, {benchmark.bare_interpreter() * 1000:.1f} ms, is in both sides of each cold start.",
    )
    ours = {key: one for key, one in ratios.items() if key[2] == "kit"}
    assert [one.name for (how, *_), one in ours.items() if how == "warm" and one.median > MOST_WARM] == []
    assert [one.name for (how, *_), one in ours.items() if how == "cold" and one.median > MOST_COLD] == []
    assert [
        one.name
        for (how, name, _), one in ratios.items()
        if how == "cold" and one.median < ratios[how, name, "kit"].median
    ] == []
    assert [
        one.name for (how, name), one in own.items() if one.median > MOST_OWN[name][0 if how == "warm" else 1]
    ] == []


def _domain(name: str) -> str:
    from chalicelib.kit import catalogue

    return catalogue.operations[name].domain


def _same_work(bodies: dict[str, dict[str, Any]], requests: dict[str, dict[str, Any]]) -> None:
    for operation, theirs in bodies["handwritten"].items():
        assert sorted(theirs) == sorted(bodies["kit"][operation])
    for operation, sent in requests["handwritten"].items():
        assert [_shape(*one) for one in sent] == [_shape(*one) for one in requests["kit"][operation]]


def _shape(call: str, body: dict[str, Any]) -> object:
    """Return what of a call must be the same: the rights that it needs, and the attributes of written items."""
    if "kms" in call:
        return call, sorted(body.get("EncryptionContext", ()))
    steps = [inner for one in body.get("TransactItems", ()) for inner in one.values()] or [body]
    items = [sorted(one.get("Item", {})) for one in steps]
    conditions = [len(one.get("ConditionExpression", "").split(" AND ")) for one in steps]
    return call, rights_of(call.rsplit(".", maxsplit=1)[-1], body), json.dumps(items), conditions
