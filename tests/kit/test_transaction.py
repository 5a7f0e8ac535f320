"""Conflicts are retried within a second and end as `busy`; nothing is ever half-written."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import make
import pytest
from botocore.exceptions import ClientError
from conftest import World
from faults import kinds

from chalicelib.kit import aws, vault
from chalicelib.kit.records.tables import Idempotency, Outbox
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.tables import Profile


@contextmanager
def conflicts(action: str, times: int, code: str = "TransactionConflict") -> Iterator[list[int]]:
    """Let the next calls of an action fail as DynamoDB does when other transactions are under way."""
    client = aws.client("dynamodb")
    real = client._make_api_call
    seen: list[int] = []

    def call(name: str, parameters: dict[str, Any]) -> Any:
        if name == action and len(seen) < times:
            seen.append(1)
            error: Any = {"Error": {"Code": f"{code}Exception", "Message": "in conflict"}}
            if name == "TransactWriteItems":
                items = len(parameters["TransactItems"])
                reasons = [{"Code": code}] + [{"Code": "None"}] * (items - 1)
                error = {
                    "Error": {"Code": "TransactionCanceledException", "Message": "x"},
                    "CancellationReasons": reasons,
                }
            raise ClientError(error, name)
        return real(name, parameters)

    client._make_api_call = call
    try:
        yield seen
    finally:
        client._make_api_call = real


def change(world: World, worker: make.Person, key: str = "") -> make.Answer:
    """Change the profile of a worker."""
    headers = {"Idempotency-Key": key} if key else {}
    return world.client.call("change_profile", {"personnel_number": "77"}, by=worker, match='"1"', headers=headers)


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_passing_conflict_is_retried_unseen(world: World, code: str) -> None:
    """Three conflicts in a row still end in success, within a second or so."""
    worker = make.person()
    started = time.monotonic()
    with conflicts("TransactWriteItems", 3, code) as seen:
        assert change(world, worker).status == 200
    assert len(seen) == 3
    assert time.monotonic() - started < 2
    assert Profile.get(worker.person_id).version == 2


def test_a_lasting_conflict_ends_as_busy_with_nothing_written(world: World) -> None:
    """After four tries the answer is 503 with Retry-After; entity, outbox and stored answer are untouched."""
    worker = make.person()
    with conflicts("TransactWriteItems", 99) as seen:
        answer = change(world, worker)
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "busy", "1")
    assert len(seen) == 4
    assert Profile.get(worker.person_id).version == 1
    assert (Outbox.count(), Idempotency.count()) == (0, 0)
    assert [one.outcome for one in JournalRecord.query(worker.person_id)] == ["busy"]
    assert change(world, worker).status == 200


@pytest.mark.parametrize("action", ["UpdateItem", "GetItem", "PutItem"])
def test_single_calls_in_conflict_are_retried_too(world: World, action: str) -> None:
    """The session check, a read and a lonely journal record survive conflicts with transactions."""
    worker = make.person()
    with conflicts(action, 2) as seen:
        assert world.client.call("read_profile", by=worker).status == 200
    assert len(seen) == 2


def test_another_error_of_the_store_is_not_retried(world: World) -> None:
    """A fault that does not pass by itself is an internal error at once."""
    worker = make.person()
    with conflicts("TransactWriteItems", 99, "AccessDenied") as seen:
        assert change(world, worker).code == "internal-error"
    assert len(seen) == 1


def test_no_record_no_answer(world: World) -> None:
    """A read whose journal record cannot be written gives no data."""
    worker = make.person()
    with conflicts("PutItem", 99, "AccessDenied"):
        answer = world.client.call("read_profile", by=worker)
    assert answer.status == 500
    assert "Орлова" not in answer.raw.decode()


def failing(kind: str, at: int) -> kinds.Plan:
    """Plan a fault of a kind at one of the calls."""
    return kinds.Plan(next(one for one in kinds.KINDS if one.name == kind), at)


@pytest.mark.parametrize("kind", ["refused ever", "timed out ever", "error 500 ever", "answer lost, then all refused"])
def test_an_outage_is_told_as_passing(world: World, kind: str) -> None:
    """No answer and an error of AWS are 503 with Retry-After, at the session, at a read, at KMS and at the write."""
    for at in range(4):
        worker = make.person()
        vault.forget()
        with kinds.under(failing(kind, at)):
            answer = change(world, worker)
        told = (answer.status, answer.code, answer.headers["Retry-After"])
        assert told == (503, "temporarily-unavailable", "5")


@pytest.mark.moto("the answer is lost below botocore, where moto answers")
def test_a_write_whose_answer_is_lost_is_answered_as_done(world: World) -> None:
    """The change stands and nobody heard of it: the stored answer is looked up and given, in the same call."""
    worker = make.person()
    with kinds.under(failing("answer lost ever", 2)) as plan:
        assert change(world, worker, key="one-key-of-22-characters").status == 200
    assert plan.target.action == "TransactWriteItems"
    assert Profile.get(worker.person_id).version == 2
