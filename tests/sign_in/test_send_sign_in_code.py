"""A code for the second factor: to the chosen channel, only after the password."""

from typing import Any

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.records.tables import Idempotency, Outbox
from chalicelib.sign_in.schemas import TICKET_SECONDS, give

NAME = "send_sign_in_code"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=_body(world, make.person(signed_in=False)))


def _body(world: World, person: make.Person, channel: str = "sms") -> dict[str, Any]:
    return {"ticket": doors.ask_password(world, person.login), "channel": channel}


def test_without_the_password_no_code_is_sent(world: World) -> None:
    """The ticket of the login, a damaged one and an old one send nothing."""
    person = make.person(signed_in=False)
    old = _body(world, person)
    clock.advance(TICKET_SECONDS + 1)
    for ticket in (old["ticket"], doors.ask_login(world, person.login), "AAAA"):
        answer = world.client.call(NAME, {"ticket": ticket, "channel": "sms"})
        assert (answer.status, answer.code) == (409, "sign-in-expired")
    assert not world.codes(person.phone)


def test_a_change_of_access_ends_the_sign_in(world: World) -> None:
    """A ticket from before the account's access was changed sends nothing."""
    person = make.person(signed_in=False)
    body = _body(world, person)
    account = Account.get(person.person_id)
    account.update(actions=[Account.epoch.set(Account.epoch + 1)])
    assert world.client.call(NAME, body).code == "sign-in-expired"
    assert not Outbox.count()


@pytest.mark.parametrize("strong", [True, False])
def test_after_a_proof_a_code_is_sent_only_where_one_is_asked(world: World, strong: bool) -> None:  # noqa: FBT001 - the case
    """A proof by two factors needs no code; a weaker one gets it on the same terms as a password."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, {"ticket": doors.proved(person, strong=strong), "channel": "sms"})
    assert answer.status == (409 if strong else 202)
    assert len(world.codes(person.phone)) == (0 if strong else 1)


def test_what_opens_without_a_person_gets_no_code(world: World) -> None:
    """The challenge of a passkey, and the proof of somebody who has no account, send nothing."""
    ticket = give("passkey", "", nonce="n", at=0)
    nobody = doors.proved(make.Person("", "", "11223344595", "", "", make.person().key, ""), strong=False)
    for one in (ticket, nobody):
        answer = world.client.call(NAME, {"ticket": one, "channel": "sms"})
        assert (answer.status, answer.code) == (409, "sign-in-expired")


@pytest.mark.parametrize(
    ("shut", "code"),
    [
        (Account.blocked.set({"by": "owner", "at": 1}), "account-blocked"),
        (Account.closed_at.set(1), "account-closed"),
        (Account.assurance.set("claimed"), "account-not-confirmed"),
    ],
)
def test_a_shut_account_gets_no_code(world: World, shut: Any, code: str) -> None:
    """Where no session would open, no code leaves: neither to a blocked owner nor to an impostor's phone."""
    person = make.person(signed_in=False)
    ticket = doors.proved(person, strong=False)
    Account.get(person.person_id).update(actions=[shut])
    assert world.client.call(NAME, {"ticket": ticket, "channel": "sms"}).code == code
    assert world.codes(person.phone) == []


@pytest.mark.parametrize("channel", ["totp", "telegram", "", None])
def test_other_channels_are_wrong(world: World, channel: object) -> None:
    """Only SMS and e-mail carry codes."""
    answer = world.client.run(NAME, make.Example(body=example(world).body | {"channel": channel}))
    assert (answer.code, answer.json["errors"][0]["pointer"]) == ("wrong-fields", "/channel")


def test_one_phone_gets_few_codes(world: World) -> None:
    """Whoever asks, a number gets three codes in ten minutes."""
    person = make.person(signed_in=False)
    body = _body(world, person)
    doors.at_hour_start()
    body = _body(world, person)
    for _ in range(5):
        assert world.client.call(NAME, body).status == 202
    assert len(world.codes(person.phone)) == 3


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_the_code_goes_to_the_chosen_channel_only(world: World, channel: str) -> None:
    """One code leaves, the answer shows half the address, and only a hash of the code is kept."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, _body(world, person, channel))
    by_phone, by_mail = world.codes(person.phone), world.codes(person.email)
    assert answer.status == 202
    assert (len(by_phone), len(by_mail)) == ((1, 0) if channel == "sms" else (0, 1))
    assert person.phone not in answer.raw.decode()
    assert person.email not in answer.raw.decode()
    (code,) = by_phone or by_mail
    kept = [*Account.scan(), *Outbox.scan(), *Idempotency.scan()]
    assert all(f'"{code}"' not in str(one.serialize()) for one in kept)
    assert person.phone not in str([one.serialize() for one in kept])


def test_a_lost_answer_does_not_send_twice(world: World) -> None:
    """The same key sends one code."""
    person, key = make.person(signed_in=False), make.key()
    body = _body(world, person)
    first, again = (world.client.call(NAME, body, idempotency=key) for _ in range(2))
    assert (again.status, again.raw) == (202, first.raw)
    assert len(world.codes(person.phone)) == 1


def test_the_security_journal_keeps_the_sending(world: World) -> None:
    """Each call leaves a record."""
    world.client.run(NAME, example(world))
    assert doors.unknown_callers(NAME) == ["done"]
