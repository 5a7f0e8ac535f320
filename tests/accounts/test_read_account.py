"""An office reads the card of an account, without its content."""

import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.tables import Action
from chalicelib.kit.trail.tables import JournalRecord

NAME = "read_account"


def example(world: World) -> make.Example:
    """Return a valid request."""
    path = {"person_id": make.person(signed_in=False).person_id}
    return make.Example(by=make.person(Role.SUPPORT), path_values=path)


def test_without_a_token_no_card_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_reads_no_card(world: World) -> None:
    """Not even his own."""
    who = make.person()
    answer = world.client.call(NAME, by=who, person_id=who.person_id)
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_the_stand_in_of_an_unknown_login_is_nobody(world: World) -> None:
    """What counts tries for a login that nobody has is no account."""
    body = {"ticket": world.client.call("start_sign_in", {"login": "nobody_xx"}).json["ticket"], "password": "x"}
    world.client.call("check_password", body)
    (stand_in,) = Account.scan()
    answer = world.client.call(NAME, by=make.person(Role.ADMIN), person_id=stand_in.person_id)
    assert (answer.status, answer.code) == (404, "not-found")


@pytest.mark.parametrize("office", [Role.SUPPORT, Role.ADMIN, Role.SECURITY])
def test_the_card_shows_access_and_no_content(world: World, office: Role) -> None:
    """Roles, kinds of factors, sessions; contacts half hidden; no name, no СНИЛС."""
    who = make.person(Role.HR, make.HOSPITAL, last_name="Семидворова")
    answer = world.client.call(NAME, by=make.person(office), person_id=who.person_id)
    card = answer.json
    assert (card["login"], card["identity"], card["open_sessions"]) == (who.login, "confirmed", 1)
    assert card["roles"] == [{"role": "hr", "organisation_id": make.HOSPITAL}]
    assert card["factors"] == ["sms", "email", "totp"]
    assert (card["blocked_at"], card["closed_at"], card["erase_at"]) == (None, None, None)
    hidden = (who.phone[2:-2], who.email.split("@")[0], who.snils, "Семидворова", who.totp)
    assert not any(one in answer.raw.decode() for one in hidden)
    assert answer.headers["ETag"] == Account.get(who.person_id).etag


def test_a_block_and_factors_switched_off_are_shown(world: World) -> None:
    """The card says since when an account is blocked, and lists what is really used."""
    who = make.person(signed_in=False)
    at = clock.epoch()
    actions: list[Action] = [
        Account.blocked.set({"by": "security", "at": at}),
        Account.factors_off.set(["sms"]),
        Account.passkeys.set({"fct_1": {}}),
        Account.recovery_codes.set([None, "hash"]),
    ]
    Account.get(who.person_id).update(actions=actions)
    card = world.client.call(NAME, by=make.person(Role.SECURITY), person_id=who.person_id).json
    assert (card["blocked_at"], card["factors"]) == (clock.moment(at), ["email", "totp", "passkey", "recovery_code"])


def test_the_owner_sees_who_looked(world: World) -> None:
    """The look stands in the officer's journal and among the owner's views."""
    who, by = make.person(), make.person(Role.SUPPORT)
    world.client.call(NAME, by=by, person_id=who.person_id)
    (record,) = JournalRecord.query(by.person_id)
    assert (record.kind, record.outcome, record.subject_id) == ("account.read", "done", who.person_id)
    assert [one["kind"] for one in world.client.call("list_views", by=who).json["items"]] == ["account.read"]
