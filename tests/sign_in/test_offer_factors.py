"""After a proof by one factor the person sees what he may confirm it with."""

import authenticator
import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock

NAME = "offer_factors"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"ticket": doors.proved(make.person(signed_in=False), strong=False)})


def test_other_tickets_are_refused(world: World) -> None:
    """Of another step, damaged, of a proof that needs no factor, of nobody, and too old."""
    person = make.person(signed_in=False)
    nobody = make.Person("", "", "11223344595", "", "", person.key, "")
    good = doors.proved(person, strong=False)
    wrong = [doors.ask_login(world, person.login), good[:-4] + "AAAA", doors.proved(person), "AAAA"]
    for ticket in [*wrong, doors.proved(nobody, strong=False)]:
        assert world.client.call(NAME, {"ticket": ticket}).code == "sign-in-expired"
    clock.advance(901)
    assert world.client.call(NAME, {"ticket": good}).code == "sign-in-expired"


def test_a_change_of_access_ends_the_ticket_of_a_password(world: World) -> None:
    """It is of an earlier state of the account."""
    person = make.person(signed_in=False)
    ticket = doors.ask_password(world, person.login)
    Account.get(person.person_id).update(actions=[Account.epoch.set(Account.epoch + 1)])
    assert world.client.call(NAME, {"ticket": ticket}).code == "sign-in-expired"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("blocked", {"by": "owner", "at": 1}, "account-blocked"), ("closed_at", 1, "account-closed")],
)
def test_a_shut_account_offers_nothing(world: World, name: str, value: object, code: str) -> None:
    """Blocked by its owner, or closed."""
    person = make.person(signed_in=False)
    Account.get(person.person_id).update(actions=[getattr(Account, name).set(value)])
    assert world.client.call(NAME, {"ticket": doors.proved(person, strong=False)}).code == code


def test_what_is_connected_is_offered_and_nothing_else(world: World) -> None:
    """Channels that are on, the app, recovery codes, and a passkey with the request that its device answers."""
    person, device = make.person(), authenticator.Device()
    authenticator.register(world, person, device)
    Account.get(person.person_id).update(actions=[Account.factors_off.set(["email"]), Account.totp.remove()])
    ticket = doors.proved(person, strong=False)
    offered = world.client.call(NAME, {"ticket": ticket})
    assert offered.status == 200, offered.raw
    found = {one["kind"]: one for one in offered.json["factors"]}
    assert set(found) == {"sms", "passkey", "recovery"}
    said = {"ticket": ticket, "kind": "passkey", "assertion": device.get(found["passkey"]["passkey"])}
    assert world.client.call("finish_sign_in", said).status == 201


def test_the_look_is_recorded_without_a_person(world: World) -> None:
    """The session that follows is the person's."""
    world.client.call(NAME, example(world).body)
    assert doors.unknown_callers(NAME) == ["done"]
