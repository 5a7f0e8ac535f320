"""Every operation × each of its calls to AWS × each way to break it: made from the catalogue, so nothing can be forgotten."""

from typing import Any

import pytest
from conftest import World
from faults import invariants
from faults.operations import Trial
from gates.examples import names

pytestmark = pytest.mark.moto("faults are put in below botocore, where moto answers")

# A write under a version, a door that spends a code, a token that takes the place of another.
ALWAYS = ("change_profile", "finish_sign_in", "step_up")


@pytest.mark.parametrize("name", ALWAYS)
def test_a_fault_in_some_operations_breaks_nothing(world: World, name: str, record_property: Any) -> None:
    """Three operations under all faults, each from a cold start; `make proof` takes all operations."""
    break_all(Trial.of(world, name, cold=True), record_property)


@pytest.mark.proof
@pytest.mark.parametrize("name", names())
def test_a_fault_in_any_operation_breaks_nothing(world: World, name: str, record_property: Any) -> None:
    """Whichever call fails, in whichever way, for how long ever: whole or nothing, one effect, one answer, told well."""
    break_all(Trial.of(world, name), record_property)


def break_all(trial: Trial, record_property: Any) -> None:
    """Break everything and note the sum for the end of the run."""
    trial.break_everything(invariants.judge)
    noted = {"of": "operations", "name": trial.name, "injected": dict(trial.injected), "broken": len(trial.broken)}
    record_property("faults", noted)
    assert trial.clean.last.status in {trial.operation.status, 401}
    assert trial.injected
    assert not trial.broken, "\n".join(trial.broken)
