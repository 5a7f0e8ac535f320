"""One's own factors: all of them, with addresses half hidden and no secrets."""

import authenticator
import doors
import make
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.factors.rules import FIXED_IDS
from chalicelib.kit import clock

NAME = "list_factors"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def test_without_a_token_nothing_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_unproven_person_has_none_to_manage(world: World) -> None:
    """A claimed account manages no factors."""
    assert world.client.call(NAME, by=make.person(assurance="claimed")).code == "identity-not-confirmed"


def test_every_factor_is_shown(world: World) -> None:
    """Channels, app, passkeys in the order of connecting, and how many recovery codes are left."""
    person = make.person()
    for name in ("Телефон", "Токен"):
        authenticator.register(world, person, authenticator.Device(), name=name)
        clock.advance(1)
    codes = world.client.call("renew_recovery_codes", by=person).json["recovery_codes"]
    items = world.client.call(NAME, by=person).json["items"]
    assert [one["kind"] for one in items] == ["sms", "email", "totp", "passkey", "passkey", "recovery"]
    assert [one["name"] for one in items] == [None, None, "Приложение с кодами", "Телефон", "Токен", None]
    assert [one["codes_left"] for one in items] == [None] * 5 + [len(codes)]
    assert all(one["enabled"] for one in items)
    assert {one["factor_id"] for one in items if one["kind"] != "passkey"} == set(FIXED_IDS.values())


def test_nothing_secret_is_shown(world: World) -> None:
    """No phone, mailbox, key or hash stands in the answer."""
    person = make.person()
    authenticator.register(world, person, authenticator.Device())
    raw = world.client.call(NAME, by=person).raw.decode()
    account = Account.get(person.person_id)
    (passkey,) = account.passkeys.values()
    for hidden in (person.phone, person.email, person.totp, passkey["key"], passkey["credential"], "argon2"):
        assert hidden not in raw


def test_signing_in_elsewhere_leaves_the_tag_alone(world: World) -> None:
    """The tag tells what is seen here, so an open form stays good while the person signs in on another device."""
    person = make.person()
    before = world.client.call(NAME, by=person).headers["ETag"]
    doors.sign_in(world, person)
    assert world.client.call(NAME, by=person).headers["ETag"] == before
    authenticator.register(world, person, authenticator.Device())
    assert world.client.call(NAME, by=person).headers["ETag"] != before


def test_the_journal_knows_the_look(world: World) -> None:
    """One record stands in the person's journal."""
    person = make.person()
    world.client.call(NAME, by=person)
    assert doors.journal(person.person_id, NAME) == [("factors.read", "done")]


def test_a_person_without_contacts_has_no_channels(world: World) -> None:
    """Whoever has taken over his cabinet and not named his contacts yet sees what is left, and no failure."""
    person = make.person()
    Account.get(person.person_id).update(actions=[Account.contacts.remove()])
    ways = world.client.call("list_ways_to_confirm", by=person)
    assert [one["kind"] for one in ways.json["factors"]] == ["totp"]
    assert world.client.call("send_step_up_code", {"channel": "sms"}, by=person).code == "factor-not-available"
