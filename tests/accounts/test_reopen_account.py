"""A closed account comes back, for whoever proves that it is his."""

import doors
import make
import offices
from conftest import World

from chalicelib.accounts.schemas import POLICY_VERSION
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "reopen_account"
NEW = "Letnij-Les-2027"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return request(closed(world), make.person(Role.ADMIN))


def closed(world: World) -> make.Person:
    """Make a person who has closed his account."""
    who = make.person()
    assert world.client.call("close_own_account", {}, by=who).status == 200
    return who


def request(who: make.Person, by: make.Person) -> make.Example:
    """Write the request that reopens a person's account."""
    return make.Example(by=by, match=offices.account(who).etag, path_values={"person_id": who.person_id})


def test_without_a_token_nothing_opens(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_support_reopens_nothing(world: World) -> None:
    """Only the administrator does."""
    answer = world.client.run(NAME, example(world), by=make.person(Role.SUPPORT))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_an_open_account_needs_no_reopening(world: World) -> None:
    """And loses nothing by the attempt."""
    who = make.person()
    answer = world.client.run(NAME, request(who, make.person(Role.ADMIN)))
    assert (answer.status, answer.code) == (409, "account-not-closed")
    assert world.client.call("read_session", by=who).status == 200


def test_after_the_retention_nothing_comes_back(world: World) -> None:
    """Neither in the last hour before the keys are destroyed, nor after it."""
    who = closed(world)
    clock.advance(90 * 86_400 + 1)
    assert world.client.run(NAME, request(who, make.person(Role.ADMIN))).code == "account-erased"
    world.pump.drain()
    clock.advance(3601)
    world.pump.drain()
    assert offices.account(who).erased_at is not None
    assert world.client.run(NAME, request(who, make.person(Role.ADMIN))).code == "account-erased"


def test_the_owner_proves_himself_anew_and_finds_his_data(world: World) -> None:
    """No former password works; кадры confirm the passport, and the profile is the register's again."""
    who = closed(world)
    answer = world.client.run(NAME, request(who, make.person(Role.ADMIN)))
    assert (answer.status, answer.json["identity"]) == (200, "claimed")
    assert "снова открыт" in world.sent(who.phone)[-1]
    body = {"ticket": doors.ask_login(world, who.login), "password": make.PASSWORD}
    assert world.client.call("check_password", body).code == "password-wrong"
    contacts = {"phone": who.phone, "email": who.email}
    etag, person_id = offices.account(who).etag, who.person_id
    proven = world.client.call("confirm_identity", contacts, by=make.hr(), match=etag, person_id=person_id)
    assert proven.status == 200
    world.client.call(
        "activate_account", doors.activation(world, who) | {"password": NEW, "policy_version": POLICY_VERSION}
    )
    doors.sign_in(world, who, NEW)
    assert world.client.call("read_profile", by=who).json["last_name"] == "Орлова"


def test_a_reopened_account_is_not_erased(world: World) -> None:
    """The day that was set at the closing is forgotten."""
    who = closed(world)
    assert world.client.run(NAME, request(who, make.person(Role.ADMIN))).status == 200
    world.pump.drain()
    clock.advance(91 * 86_400)
    world.pump.drain()
    account = offices.account(who)
    assert not any((account.erased_at, account.erase_at, account.closed_at))
    assert account.wrapped_key == who.key.wrapped


def test_the_journal_names_the_person(world: World) -> None:
    """The administrator's record has the subject."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.subject_id) == ("account.reopened", made.path_values["person_id"])
