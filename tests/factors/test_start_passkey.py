"""Connecting a passkey: what the device is asked for."""

import authenticator
import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.factors.rules import MOST_PASSKEYS
from chalicelib.kit import clock
from chalicelib.kit.text import base64url

NAME = "start_passkey"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def test_without_a_token_nothing_is_begun(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_unproven_person_connects_nothing(world: World) -> None:
    """A claimed account gets no factor of its own."""
    answer = world.client.call(NAME, by=make.person(assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_the_factor_of_the_sign_in_must_be_fresh(world: World) -> None:
    """Ten minutes after the second factor it is asked again."""
    worker = make.person()
    clock.advance(601)
    assert world.client.call(NAME, by=worker).code == "fresh-factor-required"


def test_there_is_a_most(world: World) -> None:
    """Twenty passkeys are enough for anybody."""
    person = make.person()
    one = {"credential": "AAAA", "key": "AAAA", "count": 0, "name": "x", "added_at": 1}
    many = {f"fac_{number:032x}": one for number in range(100, 100 + MOST_PASSKEYS)}
    Account.get(person.person_id).update(actions=[Account.passkeys.set(many)])
    assert world.client.call(NAME, by=person).code == "too-many-passkeys"


def test_the_device_is_asked_for_a_key_of_this_person(world: World) -> None:
    """The options name site and person, and nothing is stored before the device has answered."""
    person = make.person()
    answer = world.client.call(NAME, by=person)
    assert answer.status == 201
    asked = answer.json["public_key"]
    assert asked["rp"]["id"] == "localhost"
    assert asked["user"] == {
        "id": base64url(person.person_id.encode()),
        "name": person.login,
        "displayName": person.login,
    }
    assert (asked["excludeCredentials"], asked["attestation"]) == ([], "none")
    assert Account.get(person.person_id).passkeys == {}


def test_each_start_has_a_challenge_of_its_own(world: World) -> None:
    """An answer given for one start does not fit another."""
    person = make.person()
    assert len({world.client.call(NAME, by=person).json["public_key"]["challenge"] for _ in range(3)}) == 3


@pytest.mark.parametrize("count", [1, 2])
def test_devices_that_hold_a_key_already_are_excluded(world: World, count: int) -> None:
    """Every connected key is named, so that one device is not connected twice."""
    person, devices = make.person(), [authenticator.Device() for _ in range(count)]
    for device in devices:
        authenticator.register(world, person, device)
    asked = world.client.call(NAME, by=person).json["public_key"]
    assert {one["id"] for one in asked["excludeCredentials"]} == {device.id for device in devices}
    with pytest.raises(LookupError):
        devices[0].create(asked)


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key gives the same ticket and challenge."""
    person, key = make.person(), make.key()
    first, again = (world.client.call(NAME, by=person, idempotency=key) for _ in range(2))
    assert again.raw == first.raw


def test_the_journal_knows_the_start(world: World) -> None:
    """One record of the start stands in the person's journal."""
    person = make.person()
    world.client.call(NAME, by=person)
    assert doors.journal(person.person_id, NAME) == [("factor.passkey_started", "done")]
