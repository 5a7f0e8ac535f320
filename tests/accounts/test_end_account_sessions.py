"""An office ends all sessions of an account."""

import doors
import make
import offices
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "end_account_sessions"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person(Role.SECURITY), path_values={"person_id": make.person().person_id})


def test_without_a_token_nothing_ends(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_support_ends_no_sessions(world: World) -> None:
    """Support reads cards; ending access is the administrator's and the security officer's."""
    answer = world.client.run(NAME, example(world), by=make.person(Role.SUPPORT))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_stale_factor_ends_nothing(world: World) -> None:
    """Eleven minutes after the factor it is asked again."""
    made = example(world)
    clock.advance(660)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


def test_a_closed_account_has_no_sessions(world: World) -> None:
    """There is nothing to end."""
    who = make.person()
    assert world.client.call("close_own_account", {}, by=who).status == 200
    answer = world.client.call(NAME, by=make.person(Role.ADMIN), person_id=who.person_id)
    assert (answer.status, answer.code) == (403, "account-closed")


@pytest.mark.parametrize("office", [Role.ADMIN, Role.SECURITY])
def test_every_session_and_every_sign_in_under_way_ends(world: World, office: Role) -> None:
    """Two open sessions and a ticket past the password: all are dead at once, and the owner is told."""
    who = make.person()
    first = who.token
    make.sign_in(who)
    ticket = doors.ask_password(world, who.login)
    code = doors.ask_code(world, ticket, who)
    answer = world.client.call(NAME, by=make.person(office), person_id=who.person_id)
    assert (answer.status, answer.json["ended"]) == (200, 2)
    for token in (first, who.token):
        who.token = token
        assert world.client.call("read_session", by=who).code == "session-ended"
    body = {"ticket": ticket, "kind": "sms", "code": code}
    assert world.client.call("finish_sign_in", body).code == "sign-in-expired"
    assert "сеансы" in world.sent(who.phone)[-1]
    assert offices.account(who).sessions == {}
    doors.sign_in(world, who)


def test_the_journal_names_the_person(world: World) -> None:
    """The officer's record has the subject."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.subject_id) == ("account.sessions_ended", made.path_values["person_id"])
