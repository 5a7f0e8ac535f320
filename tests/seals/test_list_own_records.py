"""One's own records exactly as they are stored, to be checked against the seals."""

import json

import evidence
import make
import papers
from conftest import World


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=evidence.doctor(world, 2), query={"limit": 1})


def test_without_a_token_no_record_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call("list_own_records").code == "not-signed-in"


def test_everyone_gets_only_his_own_and_only_with_his_own_cursor(world: World) -> None:
    """Another's cursor is none."""
    worker, other = evidence.doctor(world, 2), evidence.doctor(world, 2)
    page = evidence.said(world.client.call("list_own_records", by=worker, query={"limit": 1}))
    people = {json.loads(one["record"])["person_id"]["S"] for one in page["items"]}
    assert people == {worker.person_id}
    query = {"cursor": page["next_cursor"]}
    assert world.client.call("list_own_records", by=other, query=query).code == "invalid-cursor"


def test_records_come_whole_once_and_oldest_first(world: World) -> None:
    """Every stored attribute, page by page, each text the one that was sealed; looking is an act too."""
    worker = evidence.doctor(world, 5)
    stored = papers.acts(worker)
    shown = [json.loads(one["record"]) for one in evidence.pages(world, worker, "list_own_records", 2)["items"]]
    numbers = [one["record_id"]["S"] for one in shown]
    assert numbers[:5] == [one.record_id for one in stored]
    assert numbers == sorted(set(numbers))
    assert set(shown[0]) == {name for name, value in stored[0].serialize().items() if value}
    assert papers.outcomes(worker)[-1] == ("journal.records_read", "done")
