"""The chain that one's own records left."""

import hashlib
import json

import evidence
import make
import papers
from conftest import World


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=evidence.doctor(world, 2), query={"limit": 1})


def test_without_a_token_no_link_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call("list_own_leaves").code == "not-signed-in"


def test_everyone_gets_only_his_own_chain(world: World) -> None:
    """Two people's links share nothing, not even the pseudonym."""
    chains = []
    for one in (evidence.doctor(world, 2), evidence.doctor(world, 2)):
        items = evidence.pages(world, one, "list_own_leaves", 1)["items"]
        chains.append([json.loads(each["leaf"]) for each in items])
    assert [[link["number"] for link in chain] for chain in chains] == [[1, 2], [1, 2]]
    owners = [{link["owner"] for link in chain} for chain in chains]
    assert [len(one) for one in owners] == [1, 1]
    assert owners[0] != owners[1]


def test_a_pseudonym_does_not_lead_to_its_person(world: World) -> None:
    """It is no part or plain hash of the person's number."""
    worker = evidence.doctor(world, 1)
    (leaf,) = evidence.pages(world, worker, "list_own_leaves")["items"]
    assert worker.person_id not in leaf["leaf"]
    owner, plain = json.loads(leaf["leaf"])["owner"], worker.person_id.encode()
    hashes = [hashlib.new(name, plain).hexdigest() for name in ("md5", "sha1", "sha256", "sha512")]
    assert not any(owner in one for one in hashes)


def test_a_look_at_the_chain_is_in_the_journal(world: World) -> None:
    """And becomes the next link."""
    worker = evidence.doctor(world, 1)
    evidence.pages(world, worker, "list_own_leaves")
    assert papers.outcomes(worker)[-1] == ("journal.leaves_read", "done")
    evidence.drain(world)
    assert len(evidence.pages(world, worker, "list_own_leaves")["items"]) == 2
