"""Administrators and security close an access; it stays closed until an office opens it."""

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.records.tables import Session

NAME = "block_account"
BODY = {"reason": "suspicious_activity"}


def example(world: World) -> make.Example:
    """Return a valid request."""
    return request(make.person(), make.person(Role.SECURITY))


def request(who: make.Person, by: make.Person) -> make.Example:
    """Write an officer's request about a person."""
    version = int(Account.get(who.person_id).version)
    return make.Example(body=BODY, by=by, match=f'"{version}"', path_values={"person_id": who.person_id})


def test_without_a_token_nothing_is_closed(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.run(NAME, example(world), by=None).code == "not-signed-in"


@pytest.mark.parametrize("role", [Role.WORKER, Role.SUPPORT, Role.PATIENT])
def test_other_roles_close_nothing(world: World, role: Role) -> None:
    """Support opens and does not close."""
    answer = world.client.run(NAME, request(make.person(), make.person(role)))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_nobody_closes_his_own_access(world: World) -> None:
    """An officer is not locked out by his own slip."""
    officer = make.person(Role.ADMIN)
    answer = world.client.run(NAME, request(officer, officer))
    assert (answer.status, answer.code) == (409, "not-for-oneself")


def test_the_officers_factor_must_be_fresh_and_the_version_present(world: World) -> None:
    """A dangerous act, on what was really seen."""
    made = example(world)
    assert world.client.run(NAME, made, match='"99"').code == "stale"
    clock.advance(601)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


@pytest.mark.parametrize("reason", ["", "because", None])
def test_a_reason_of_the_list_is_needed(world: World, reason: str | None) -> None:
    """No free text about people."""
    answer = world.client.run(NAME, example(world), body={"reason": reason})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/reason"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SECURITY])
def test_sessions_end_and_no_code_opens(world: World, role: Role) -> None:
    """The person is told why, is out at once and does not come back by recovery."""
    person = make.person()
    answer = world.client.run(NAME, request(person, make.person(role)))
    assert (answer.status, answer.json["reason"]) == (200, "suspicious_activity")
    account = Account.get(person.person_id)
    assert answer.headers["ETag"] == f'"{int(account.version)}"'
    assert account.blocked == {"by": "officer", "at": account.blocked["at"], "reason": "suspicious_activity"}
    assert world.client.call("read_session", by=person).code == "session-ended"
    assert not [one for one in Session.scan() if one.person_id == person.person_id]
    for told in (world.sent(person.phone)[-1], world.sent(person.email)[-1]):
        assert "подозрительные действия" in told
    body = returns.proved(world, person, "both")
    assert world.client.call("finish_recovery", body).code == "account-blocked"


def test_the_owners_block_becomes_the_officers_and_an_officers_stays(world: World) -> None:
    """After that only an office opens; a second closing is refused."""
    person, officer = make.person(), make.person(Role.SECURITY)
    returns.block(person)
    assert world.client.run(NAME, request(person, officer)).status == 200
    answer = world.client.run(NAME, request(person, officer))
    assert (answer.status, answer.code) == (409, "already-blocked")


def test_two_officers_at_once_close_once(world: World) -> None:
    """The person gets one message."""
    person, officer = make.person(), make.person(Role.ADMIN)
    made = request(person, officer)
    statuses = [one.status for one in doors.together(6, lambda: world.client.run(NAME, made))]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 409, 412, 503}
    assert len(world.sent(person.phone)) == 1


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer."""
    made, key = example(world), make.key()
    first, again = (world.client.run(NAME, made, idempotency=key) for _ in range(2))
    assert (first.status, again.raw) == (200, first.raw)


def test_officer_and_person_see_it_in_their_journals(world: World) -> None:
    """Who closed and why, by the officer's record; the person sees it once he is back."""
    person, officer = make.person(), make.person(Role.SECURITY)
    world.client.run(NAME, request(person, officer))
    world.client.run(NAME, request(person, officer))
    assert doors.journal(officer.person_id, NAME) == [("access.closed", "done"), ("access.closed", "already-blocked")]
    make.sign_in(person)
    views = world.client.call("list_views", by=person).json["items"]
    done = [one for one in views if one["outcome"] == "done"]
    assert [(one["kind"], one["role"], one["fields"]) for one in done] == [
        ("access.closed", "security", ["blocked", "suspicious_activity"])
    ]
