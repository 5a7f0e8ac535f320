"""What ties the end of one's own chain to the newest signed seal."""

import json

import evidence
import make
import papers
from conftest import World

from chalicelib.seals.tables import JournalLeaf


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=evidence.doctor(world, 1))


def test_without_a_token_no_proof_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call("read_own_proof").code == "not-signed-in"


def test_who_has_nothing_under_seal_is_told_when_to_come(world: World) -> None:
    """Also when others have."""
    evidence.doctor(world, 1)
    answer = world.client.call("read_own_proof", by=papers.doctor(world))
    assert (answer.status, answer.code) == (409, "nothing-sealed")


def test_the_proof_names_the_end_of_ones_own_chain(world: World) -> None:
    """The last link's number and hash, under the newest head; others are seen as hashes only."""
    worker, other = evidence.doctor(world, 3), evidence.doctor(world, 1)
    proof = evidence.said(world.client.call("read_own_proof", by=worker))
    last = list(JournalLeaf.of_person(worker.person_id).run(None, None))[-1]
    assert json.loads(proof["entry"])["number"] == json.loads(last.text)["number"] == 3
    assert json.loads(proof["head"]["body"])["number"] == len(evidence.published())
    assert (len(proof["middle"]), len(proof["top"])) == (64, 64)
    assert other.person_id not in json.dumps(proof)
    assert evidence.judge_now(world, evidence.own(world, worker)) == (0, "")


def test_a_look_at_the_proof_is_in_the_journal(world: World) -> None:
    """With its outcome, as any act."""
    worker = papers.doctor(world)
    world.client.call("read_own_proof", by=worker)
    evidence.drain(world)
    evidence.said(world.client.call("read_own_proof", by=worker))
    assert papers.outcomes(worker) == [("proof.read", "nothing-sealed"), ("proof.read", "done")]
