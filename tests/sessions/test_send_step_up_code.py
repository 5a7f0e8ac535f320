"""A code for an important act in an open session: to a confirmed channel, bound to this session."""

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit.records.tables import Outbox

NAME = "send_step_up_code"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"channel": "sms"}, by=make.person())


def test_without_a_token_no_code_is_sent(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call(NAME, {"channel": "sms"}).code == "not-signed-in"
    assert not Outbox.count()


@pytest.mark.parametrize("channel", ["totp", "telegram", "", None])
def test_other_channels_are_wrong(world: World, channel: object) -> None:
    """Only SMS and e-mail carry codes."""
    answer = world.client.call(NAME, {"channel": channel}, by=make.person())
    assert (answer.code, answer.json["errors"][0]["pointer"]) == ("wrong-fields", "/channel")


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_one_code_goes_to_the_chosen_channel(world: World, channel: str) -> None:
    """The code leaves once; answer and tables hold neither it nor the whole address."""
    person = make.person()
    answer = world.client.call(NAME, {"channel": channel}, by=person)
    assert answer.status == 202
    by_phone, by_mail = world.codes(person.phone), world.codes(person.email)
    assert (len(by_phone), len(by_mail)) == ((1, 0) if channel == "sms" else (0, 1))
    assert person.phone not in answer.raw.decode()
    assert person.email not in answer.raw.decode()
    (code,) = by_phone or by_mail
    assert f'"{code}"' not in str([one.serialize() for one in (*Account.scan(), *Outbox.scan())])


def test_one_phone_gets_few_codes(world: World) -> None:
    """Whoever holds an open session, a number gets three codes in ten minutes."""
    person = make.person()
    doors.at_hour_start()
    make.sign_in(person)
    statuses = {world.client.call(NAME, {"channel": "sms"}, by=person).status for _ in range(5)}
    assert statuses == {202}
    assert len(world.codes(person.phone)) == 3


def test_a_lost_answer_does_not_send_twice(world: World) -> None:
    """The same key sends one code."""
    person, key = make.person(), make.key()
    first, again = (world.client.call(NAME, {"channel": "sms"}, by=person, idempotency=key) for _ in range(2))
    assert (again.status, again.raw) == (202, first.raw)
    assert len(world.codes(person.phone)) == 1


def test_the_journal_keeps_the_sending(world: World) -> None:
    """One record stands in the person's journal."""
    person = make.person()
    world.client.call(NAME, {"channel": "sms"}, by=person)
    assert doors.journal(person.person_id, NAME) == [("session.code_sent", "done")]
