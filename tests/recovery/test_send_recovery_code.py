"""Codes of a recovery leave once, in time, and within the limits of the number."""

import doors
import make
import returns
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, codes
from chalicelib.kit.records.tables import Outbox


def test_a_code_asked_for_too_long_ago_is_put_aside(world: World) -> None:
    """After ten minutes in the queue the flow is over: no code leaves any more."""
    person = make.person()
    returns.start(world, person.login)
    clock.advance(codes.LIFE_SECONDS + 120)
    assert world.codes(person.phone) == []
    assert [one.state for one in Outbox.scan() if one.kind == "RecoveryCode"] == ["dead"]


def test_a_person_without_confirmed_contacts_gets_nothing(world: World) -> None:
    """Contacts that wait for activation are not proven yet."""
    person = make.person()
    Account.get(person.person_id).update(actions=[Account.contacts.remove()])
    returns.start(world, person.login, "both")
    world.pump.drain()
    assert world.pump.sent == []


def test_codes_asked_for_in_the_owners_name_cost_at_most_the_limits_of_the_number(world: World) -> None:
    """Forty requests bring three SMS in ten minutes and ten a day, and leave the owner his codes for signing in."""
    person = make.person()
    clock.advance(3600 - clock.epoch() % 3600 + 1)
    for _ in range(40):
        returns.start(world, person.login)
    assert len(world.codes(person.phone)) == 3
    for _ in range(6):
        clock.advance(601)
        for _ in range(5):
            returns.start(world, person.login)
        world.pump.drain()
    assert len(world.codes(person.phone)) == 10
    assert doors.sign_in(world, person)


def test_the_message_says_what_it_is_for_and_warns(world: World) -> None:
    """Who did not ask is told to do nothing, and nobody may be told the code."""
    person = make.person()
    returns.start(world, person.login, "both")
    (sms,), (letter,) = world.sent(person.phone), world.sent(person.email)
    for text in (sms, letter):
        assert "нового пароля" in text
        assert "Никому его не сообщайте" in text
        assert person.login not in text
