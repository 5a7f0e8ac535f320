"""New journal records are sealed within a minute."""

import evidence
import papers
from conftest import World


def test_x(world: World) -> None:
    """X."""
    worker = evidence.doctor(world)
    other = evidence.doctor(world, 40)
    evidence.act(world, worker, 2)
    print(evidence.judge(world, evidence.own(world, worker)))
    print(evidence.judge(world, evidence.own(world, other)))
    evidence.drain(world)
    print(evidence.judge(world, evidence.dump()))
    print(evidence.judge(world, {"seals": list(evidence.published().values()), **evidence.own(world, worker)}))
    assert 0
