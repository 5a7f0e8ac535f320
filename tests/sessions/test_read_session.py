"""Reading the session of a call."""

import make
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.trail.tables import JournalRecord


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def test_without_a_token_the_session_is_not_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("read_session")
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_idle_session_has_ended(world: World) -> None:
    """The idle end set for the session closes it."""
    worker = make.person()
    clock.advance(900 + 1)
    answer = world.client.call("read_session", by=worker)
    assert (answer.status, answer.code) == (401, "session-ended")


def test_calls_keep_a_session_alive_until_its_absolute_end(world: World) -> None:
    """Each call moves the idle end, but never past the absolute one."""
    worker = make.person()
    for _ in range(43200 // 600 - 1):
        clock.advance(600)
        assert world.client.call("read_session", by=worker).status == 200
    clock.advance(601)
    assert world.client.call("read_session", by=worker).code == "session-ended"


def test_the_owner_sees_his_session_and_the_journal_knows(world: World) -> None:
    """The answer shows role and ends; one record stands in the journal."""
    worker = make.person()
    answer = world.client.call("read_session", by=worker)
    assert answer.status == 200
    assert answer.json["role"] == "worker"
    (record,) = JournalRecord.query(worker.person_id)
    assert (record.kind, record.outcome, record.operation) == ("session.read", "done", "read_session")
