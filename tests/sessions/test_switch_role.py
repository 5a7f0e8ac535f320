"""Another of one's roles: a new session in the place of the present one, no longer and no fresher than it."""

from typing import Any

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.records.tables import Session
from chalicelib.kit.trail.tables import JournalRecord

NAME = "switch_role"
KEPT = ("factor_at", "absolute_until", "expires", "opened_at", "source", "device", "door", "keep", "assurance", "due")


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=_to_hr(), by=_both())


def _both(**how: Any) -> make.Person:
    person = make.person(**how)
    grants = [{"role": "worker", "organisation_id": None}, {"role": "hr", "organisation_id": make.HOSPITAL}]
    Account.get(person.person_id).update(actions=[Account.grants.set(grants)])
    return person


def _to_hr(**said: Any) -> dict[str, Any]:
    return {"role": "hr", "organisation_id": make.HOSPITAL} | said


def _session(token: str) -> Session:
    handle, session_id, _ = token.split(".")
    return Session.get(handle, session_id)


def test_without_a_token_no_role_is_taken(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call(NAME, _to_hr()).code == "not-signed-in"


@pytest.mark.parametrize("said", [{"role": "admin"}, {"organisation_id": make.OTHER_HOSPITAL}, {"role": "manager"}])
def test_a_role_that_is_not_held_is_refused(world: World, said: dict[str, Any]) -> None:
    """Neither another role nor the own role elsewhere; the present session goes on."""
    person = _both()
    answer = world.client.call(NAME, _to_hr(**said), by=person)
    assert (answer.status, answer.code) == (403, "role-not-held")
    assert world.client.call("read_session", by=person).json["role"] == "worker"
    assert Session.count() == 1


def test_a_role_that_was_withdrawn_is_refused(world: World) -> None:
    """What counts is what the account holds now."""
    person = _both()
    Account.get(person.person_id).update(actions=[Account.grants.set([])])
    assert world.client.call(NAME, {"role": "worker"}, by=person).code == "role-not-held"


def test_an_unknown_role_is_a_wrong_field(world: World) -> None:
    """There are ten roles."""
    answer = world.client.call(NAME, {"role": "director"}, by=_both())
    assert (answer.code, answer.json["errors"][0]["pointer"]) == ("wrong-fields", "/role")


def test_many_switches_at_once_leave_one_session(world: World) -> None:
    """Whoever presses twice has one session, in the table and in the list."""
    person = _both()
    answers = doors.together(12, lambda: world.client.call(NAME, _to_hr(), by=person))
    assert [one.status for one in answers].count(201) == 1
    assert {one.status for one in answers} <= {201, 401, 404, 503}
    (session,) = Session.scan()
    assert list(Account.get(person.person_id).sessions) == [session.session_id]


def test_the_new_session_is_no_longer_and_no_fresher(world: World) -> None:
    """Time of factor, absolute end, place and door are those of the old one; signing has to be opened anew."""
    person = _both()
    assert world.client.call("open_signing_session", by=person).status == 200
    old = _session(person.token)
    clock.advance(300)
    answer = world.client.call(NAME, _to_hr(), by=person)
    assert answer.status == 201
    new = _session(answer.json["token"])
    assert {name: getattr(new, name) for name in KEPT} == {name: getattr(old, name) for name in KEPT}
    assert new.signing_until == 0
    assert doors.is_about(new.idle_until, 900)
    assert Account.get(person.person_id).sessions == {new.session_id: int(old.absolute_until)}
    person.token = answer.json["token"]
    clock.advance(301)
    assert world.client.call("end_other_sessions", by=person).code == "fresh-factor-required"


def test_the_old_token_is_dead_and_the_new_role_works(world: World) -> None:
    """What the old role could do is done with the new token no more, and the other way round."""
    person = _both()
    answer = world.client.call(NAME, _to_hr(), by=person)
    assert world.client.call("read_session", by=person).code == "session-ended"
    person.token = answer.json["token"]
    shown = world.client.call("read_session", by=person).json
    assert (shown["role"], shown["organisation_id"]) == ("hr", make.HOSPITAL)
    assert world.client.call("read_contacts", by=person).code == "role-not-allowed"


def test_the_journal_names_role_and_organisation_afterwards(world: World) -> None:
    """The switch is written down with the new session; later records carry the new role and its organisation."""
    person = _both()
    answer = world.client.call(NAME, _to_hr(), by=person)
    person.token = answer.json["token"]
    world.client.call("read_session", by=person)
    switch, look = JournalRecord.query(person.person_id)
    assert (switch.kind, switch.outcome, switch.role) == ("role.switched", "done", Role.WORKER)
    assert (list(switch.objects), list(switch.fields)) == ([answer.json["session"]["session_id"]], ["hr"])
    assert (look.role, look.organisation_id) == ("hr", make.HOSPITAL)


def test_a_lost_answer_is_given_again_to_the_old_token(world: World) -> None:
    """The old session is gone, and its token still learns the new one with the same key."""
    given, key = example(world), make.key()
    first, again = (world.client.run(NAME, given, idempotency=key) for _ in range(2))
    assert first.status == 201
    assert again.raw == first.raw
