"""Codes by SMS or e-mail are wanted again."""

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.factors.schemas import kinds_of
from chalicelib.kit import clock

NAME = "add_channel_factor"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"channel": "sms"}, by=_without("sms"))


def _without(channel: str) -> make.Person:
    person = make.person()
    Account.get(person.person_id).update(actions=[Account.factors_off.set([channel])])
    return person


def test_without_a_token_nothing_is_added(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_the_factor_of_the_sign_in_must_be_fresh(world: World) -> None:
    """Ten minutes after the second factor it is asked again."""
    made = example(world)
    clock.advance(601)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


@pytest.mark.parametrize("channel", ["totp", "telegram", "", None])
def test_other_channels_are_wrong(world: World, channel: object) -> None:
    """Only SMS and e-mail are channels."""
    answer = world.client.run(NAME, example(world), body={"channel": channel})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/channel"]


def test_what_is_on_is_not_added(world: World) -> None:
    """Nothing changes, and the recovery codes stay."""
    person = make.person()
    answer = world.client.call(NAME, {"channel": "email"}, by=person)
    assert (answer.status, answer.code) == (409, "factor-already-on")
    assert Account.get(person.person_id).recovery_codes == []


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_the_channel_is_a_factor_again(world: World, channel: str) -> None:
    """It is offered from now on, recovery codes are new, and the owner is told."""
    person = _without(channel)
    assert channel not in kinds_of(Account.get(person.person_id))
    answer = world.client.call(NAME, {"channel": channel}, by=person)
    assert answer.status == 201
    assert len(answer.json["recovery_codes"]) == 10
    assert channel in kinds_of(Account.get(person.person_id))
    assert "снова включены" in world.sent(person.phone)[-1]


def test_the_journal_knows_the_change(world: World) -> None:
    """Success and refusal stand in the person's journal."""
    made = example(world)
    assert made.by is not None
    world.client.run(NAME, made)
    world.client.run(NAME, made)
    assert doors.journal(made.by.person_id, NAME) == [
        ("factor.channel_added", "done"),
        ("factor.channel_added", "factor-already-on"),
    ]
