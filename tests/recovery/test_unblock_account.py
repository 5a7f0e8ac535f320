"""An office opens a closed access for a person whom it has identified; nobody there learns or chooses his password."""

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.access import Role

NAME = "unblock_account"
BODY = {"grounds": "passport_in_person"}


def example(world: World) -> make.Example:
    """Return a valid request."""
    person = make.person()
    returns.block(person)
    return request(person, make.person(Role.SUPPORT))


def request(who: make.Person, by: make.Person) -> make.Example:
    """Write an officer's request about a person."""
    version = int(Account.get(who.person_id).version)
    return make.Example(body=BODY, by=by, match=f'"{version}"', path_values={"person_id": who.person_id})


def test_without_a_token_nothing_is_opened(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.run(NAME, example(world), by=None).code == "not-signed-in"


@pytest.mark.parametrize("role", [Role.WORKER, Role.PATIENT])
def test_other_roles_open_nothing(world: World, role: Role) -> None:
    """Only the three offices do."""
    person = make.person()
    returns.block(person)
    answer = world.client.run(NAME, request(person, make.person(role)))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_nobody_opens_his_own_access(world: World) -> None:
    """An officer's session that outlives his block opens nothing for him."""
    officer = make.person(Role.SUPPORT)
    returns.block(officer)
    answer = world.client.run(NAME, request(officer, officer))
    assert (answer.status, answer.code) == (409, "not-for-oneself")


def test_the_officers_factor_must_be_fresh_and_the_version_present(world: World) -> None:
    """A dangerous act, on what was really seen."""
    made = example(world)
    assert world.client.run(NAME, made, match='"99"').code == "stale"
    clock.advance(601)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


@pytest.mark.parametrize("grounds", ["", "he asked by phone", None])
def test_how_the_person_was_identified_is_said(world: World, grounds: str | None) -> None:
    """A call by phone is no identification."""
    answer = world.client.run(NAME, example(world), body={"grounds": grounds})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/grounds"]


def test_an_open_access_has_nothing_to_open(world: World) -> None:
    """The password of somebody who is not blocked is not taken away by mistake."""
    person = make.person()
    answer = world.client.run(NAME, request(person, make.person(Role.ADMIN)))
    assert (answer.status, answer.code) == (409, "not-blocked")
    assert Account.get(person.person_id).password_hash == make.password_hash()


def test_support_does_not_lift_what_security_has_imposed(world: World) -> None:
    """Administrators and security lift their own blocks."""
    person = make.person()
    returns.block(person, "officer")
    answer = world.client.run(NAME, request(person, make.person(Role.SUPPORT)))
    assert (answer.status, answer.code) == (403, "closed-by-office")
    assert world.client.run(NAME, request(person, make.person(Role.SECURITY))).status == 200


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN, Role.SECURITY])
@pytest.mark.parametrize("by", ["owner", "suspicion"])
def test_the_person_sets_his_password_himself(world: World, role: Role, by: str) -> None:
    """The old one has gone; codes to his own channels, which the officer never sees, bring a new one."""
    person = make.person()
    returns.block(person, by)
    answer = world.client.run(NAME, request(person, make.person(role)))
    assert answer.status == 200
    account = Account.get(person.person_id)
    assert account.blocked is None
    assert account.password_hash is None
    assert answer.headers["ETag"] == f'"{int(account.version)}"'
    assert "/not-me/#" in world.sent(person.email)[-1]
    old = {"ticket": doors.ask_login(world, person.login), "password": make.PASSWORD}
    assert world.client.call("check_password", old).code == "password-wrong"
    assert world.client.call("finish_recovery", returns.proved(world, person)).status == 200
    assert doors.ask_password(world, person.login, returns.NEW)


def test_sessions_that_were_left_end(world: World) -> None:
    """Nothing of before the block goes on."""
    person = make.person()
    returns.block(person)
    assert world.client.run(NAME, request(person, make.person(Role.SUPPORT))).status == 200
    assert world.client.call("read_session", by=person).code == "session-ended"


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer."""
    made, key = example(world), make.key()
    first, again = (world.client.run(NAME, made, idempotency=key) for _ in range(2))
    assert (first.status, again.raw) == (200, first.raw)


def test_officer_and_person_see_it_in_their_journals(world: World) -> None:
    """Who opened, and on what grounds."""
    person, officer = make.person(), make.person(Role.SUPPORT)
    returns.block(person)
    world.client.run(NAME, request(person, officer))
    assert doors.journal(officer.person_id, NAME) == [("access.reopened", "done")]
    make.sign_in(person)
    views = world.client.call("list_views", by=person).json["items"]
    assert [(one["kind"], one["role"], one["fields"]) for one in views] == [
        ("access.reopened", "support", ["blocked", "passport_in_person"])
    ]
