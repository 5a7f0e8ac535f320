"""Ending one session from another: at once, for good, and only one's own."""

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, door
from chalicelib.kit.records.tables import Session
from chalicelib.kit.trail.tables import JournalRecord

NAME = "end_session"


def example(world: World) -> make.Example:
    """Return a valid request."""
    person = make.person()
    left_behind = person.token.split(".")[1]
    make.sign_in(person)
    return make.Example(by=person, path_values={"session_id": left_behind})


def _two(person: make.Person) -> tuple[str, str]:
    left_behind = person.token
    return left_behind, make.sign_in(person)


def _end(world: World, by: make.Person, token: str) -> make.Answer:
    return world.client.call(NAME, by=by, session_id=token.split(".")[1])


def _status(world: World, token: str) -> int:
    return world.client.call("read_session", headers={"Authorization": f"Bearer {token}"}).status


def test_without_a_token_nothing_ends(world: World) -> None:
    """A call without a token is told to sign in, and the session lives."""
    person = make.person()
    assert world.client.call(NAME, session_id=person.token.split(".")[1]).code == "not-signed-in"
    assert _status(world, person.token) == 200


def test_somebody_elses_session_is_not_found(world: World) -> None:
    """Another's session looks as if it did not exist, and lives on."""
    person, other = make.person(), make.hr()
    answer = _end(world, other, person.token)
    assert (answer.status, answer.code) == (404, "not-found")
    assert _status(world, person.token) == 200


def test_an_old_factor_ends_nothing(world: World) -> None:
    """Whoever finds an open screen cannot put its owner out elsewhere."""
    person = make.person()
    left_behind, _ = _two(person)
    clock.advance(door.FRESH_SECONDS + 1)
    assert _end(world, person, left_behind).code == "fresh-factor-required"
    assert _status(world, left_behind) == 200


def test_its_next_call_is_refused_and_its_place_is_free(world: World) -> None:
    """The ended session is out at once, of the table and of the list; the ending one lives on."""
    person = make.person()
    left_behind, present = _two(person)
    assert _end(world, person, left_behind).status == 204
    assert world.client.call("read_session", headers={"Authorization": f"Bearer {left_behind}"}).code == "session-ended"
    assert _status(world, present) == 200
    assert list(Account.get(person.person_id).sessions) == [present.split(".")[1]]
    assert _end(world, person, left_behind).status == 404


def test_the_present_session_may_be_ended_too(world: World) -> None:
    """It is a way to leave like any other."""
    person = make.person()
    assert _end(world, person, person.token).status == 204
    assert _status(world, person.token) == 401


def test_a_session_that_becomes_another_meanwhile_is_not_said_to_have_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A switch of role between reading and writing takes the session away: the answer is not a success."""
    person = make.person()
    left_behind, _ = _two(person)
    thief = make.Person(**{**person.__dict__, "token": left_behind})
    doors.overtake(monkeypatch, lambda: world.client.call("switch_role", {"role": "worker"}, by=thief))
    assert _end(world, person, left_behind).code == "not-found"
    assert Session.count() == 2


def test_the_journal_names_the_ended_session(world: World) -> None:
    """One record with the session's number stands in the journal."""
    person = make.person()
    left_behind, _ = _two(person)
    _end(world, person, left_behind)
    (record,) = (one for one in JournalRecord.query(person.person_id) if one.operation == NAME)
    assert (record.kind, record.outcome, list(record.objects)) == ("session.ended", "done", [left_behind.split(".")[1]])
