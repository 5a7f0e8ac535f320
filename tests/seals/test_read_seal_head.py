"""The newest seal: who keeps it can show later that nothing was cut off since."""

import json

import evidence
import make
import papers
from conftest import World

from chalicelib.kit import clock


def example(world: World) -> make.Example:
    """Return a valid request."""
    evidence.doctor(world, 1)
    return make.Example()


def test_before_the_first_seal_nothing_is_shown(world: World) -> None:
    """The refusal says when to come again."""
    answer = world.client.call("read_seal_head")
    assert (answer.status, answer.code) == (409, "nothing-sealed")


def test_the_head_is_the_newest_seal_and_says_how_long_records_waited(world: World) -> None:
    """The window is measured from the oldest record of the seal."""
    worker = evidence.doctor(world, 1)
    world.client.call("read_profile", by=worker)
    clock.advance(40)
    evidence.act(world, worker)
    head = evidence.said(world.client.call("read_seal_head"))
    sealed = list(evidence.published().values())[-1]
    assert (head["number"], head["body"], head["signature"]) == (2, sealed["body"], sealed["signature"])
    assert head["made_at"] == json.loads(head["body"])["made_at"]
    assert 40 <= head["window_seconds"] <= 50


def test_a_look_by_anybody_is_counted_and_noted_nowhere_in_a_persons_journal(world: World) -> None:
    """A public operation has no person."""
    worker = evidence.doctor(world, 1)
    evidence.said(world.client.call("read_seal_head"))
    assert papers.outcomes(worker) == [("profile.read", "done")]
