"""Reading the session of a call."""

import make
from conftest import World

from chalicelib.kit import clock, options
from chalicelib.kit.access import Role
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


def test_the_administrators_settings_end_a_session_earlier(world: World) -> None:
    """What he sets holds for sessions opened after it; one that is open keeps its ends."""
    before = make.person()
    for name, value in (("idle_minutes", "5"), ("absolute_hours", "1")):
        was = str(getattr(options.options(), name))
        said = {"name": name, "value": value, "was": was}
        assert world.client.call("change_setting", said, by=make.person(Role.ADMIN)).status == 201
    clock.advance(options.CACHE_SECONDS + 1)
    idle = make.person()
    clock.advance(301)
    assert world.client.call("read_session", by=idle).code == "session-ended"
    assert world.client.call("read_session", by=before).status == 200
    busy = make.person()
    for _ in range(14):
        clock.advance(240)
        assert world.client.call("read_session", by=busy).status == 200
        assert world.client.call("read_session", by=before).status == 200
    clock.advance(241)
    assert world.client.call("read_session", by=busy).code == "session-ended"
    assert world.client.call("read_session", by=before).status == 200


def test_the_owner_sees_his_session_and_the_journal_knows(world: World) -> None:
    """The answer shows role and ends; one record stands in the journal."""
    worker = make.person()
    answer = world.client.call("read_session", by=worker)
    assert answer.status == 200
    assert answer.json["role"] == "worker"
    (record,) = JournalRecord.query(worker.person_id)
    assert (record.kind, record.outcome, record.operation) == ("session.read", "done", "read_session")
