"""The kit is held to its cost: warm requests and cold starts against a handler written by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from trips import rights_of

MOST_WARM = 1.25
MOST_COLD = 1.15


@pytest.mark.proof
def test_the_cost_over_a_handwritten_handler_stays_within_the_goal(world: World, tmp_path: Path) -> None:
    """Both do the same work with the same calls; the kit's share is told and limited."""
    from performance import benchmark

    recording = benchmark.record(world)
    _same_work(recording.bodies, recording.requests)
    ground = benchmark.unpack(tmp_path, recording)
    warm = benchmark.warm(ground)
    cold = [benchmark.cold(ground, operation) for operation in ("read_profile", "change_profile")]
    lines = [one.sentence() for one in (*warm, *cold)]
    print(*("", *lines), f"bare interpreter: {benchmark.bare_interpreter() * 1000:.1f} ms", sep="\n")  # noqa: T201
    assert all(one.median <= MOST_WARM for one in warm), lines
    assert all(one.of_medians <= MOST_COLD for one in cold), lines


def _same_work(bodies: dict[str, dict[str, Any]], requests: dict[str, dict[str, Any]]) -> None:
    for operation, ours in bodies["kit"].items():
        assert sorted(ours) == sorted(bodies["handwritten"][operation])
    for operation, sent in requests["kit"].items():
        assert [_shape(*one) for one in sent] == [_shape(*one) for one in requests["handwritten"][operation]]


def _shape(call: str, body: dict[str, Any]) -> object:
    """Return what of a call must be the same: the rights that it needs, and the attributes of written items."""
    if "kms" in call:
        return call, sorted(body.get("EncryptionContext", ()))
    steps = [inner for one in body.get("TransactItems", ()) for inner in one.values()] or [body]
    items = [sorted(one.get("Item", {})) for one in steps]
    conditions = [len(one.get("ConditionExpression", "").split(" AND ")) for one in steps]
    return call, rights_of(call.rsplit(".", maxsplit=1)[-1], body), json.dumps(items), conditions
