"""With what a person may confirm himself again."""

import doors
import make
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock

NAME = "list_ways_to_confirm"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def test_without_a_token_no_way_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call(NAME).code == "not-signed-in"


def test_the_ways_are_shown_with_half_hidden_addresses(world: World) -> None:
    """SMS, letter and app, without the whole number or mailbox; an old factor does not matter here."""
    person = make.person()
    clock.advance(660)
    answer = world.client.call(NAME, by=person)
    assert [one["kind"] for one in answer.json["factors"]] == ["sms", "email", "totp"]
    assert person.phone[2:-2] not in answer.raw.decode()
    assert person.email.split("@")[0] not in answer.raw.decode()


def test_an_app_that_is_not_connected_is_not_offered(world: World) -> None:
    """Only what works is shown."""
    person = make.person()
    Account.get(person.person_id).update(actions=[Account.totp.remove()])
    shown = world.client.call(NAME, by=person).json["factors"]
    assert [one["kind"] for one in shown] == ["sms", "email"]


def test_the_journal_keeps_the_look(world: World) -> None:
    """One record stands in the person's journal."""
    person = make.person()
    world.client.call(NAME, by=person)
    assert doors.journal(person.person_id, NAME) == [("session.ways_read", "done")]
