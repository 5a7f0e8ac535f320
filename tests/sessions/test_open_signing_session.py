"""Signing without a code for each document: only after a fresh factor, for a set time."""

import doors
import make
import pytest
from conftest import World

from chalicelib.kit import clock, door, options
from chalicelib.kit.records.tables import Session, Setting

NAME = "open_signing_session"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def _until(person: make.Person) -> int:
    handle, session_id, _ = person.token.split(".")
    return int(Session.get(handle, session_id).signing_until)


def test_without_a_token_nothing_opens(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call(NAME).code == "not-signed-in"


def test_an_old_factor_opens_nothing(world: World) -> None:
    """Ten minutes after the factor one confirms oneself again first."""
    person = make.person()
    clock.advance(door.FRESH_SECONDS + 1)
    assert world.client.call(NAME, by=person).code == "fresh-factor-required"
    assert _until(person) == 0


def test_a_claimed_person_signs_nothing(world: World) -> None:
    """Who is not proven yet cannot begin to sign."""
    assert world.client.call(NAME, by=make.person(assurance="claimed")).code == "identity-not-confirmed"


def test_a_move_to_another_device_meanwhile_opens_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session is used from another device between reading and writing: what that takes away is not given back."""
    person = make.person()
    thief = {"User-Agent": "thief"}
    doors.overtake(monkeypatch, lambda: world.client.call("read_session", by=person, headers=thief))
    assert world.client.call(NAME, by=person).code == "busy"
    assert _until(person) == 0


@pytest.mark.parametrize("minutes", [10, 45])
def test_one_may_sign_for_the_set_time(world: World, minutes: int) -> None:
    """Ten minutes, or as many as the administrator has set."""
    if minutes != 10:
        Setting(
            scope="cabinet",
            place="signing_minutes#1",
            name="signing_minutes",
            value=minutes,
            valid_from=clock.epoch(),
            set_at=clock.epoch(),
        ).save()
    options.forget()
    person = make.person()
    answer = world.client.call(NAME, by=person)
    options.forget()
    assert answer.status == 200
    assert abs(_until(person) - clock.epoch() - minutes * 60) <= 2
    assert answer.json == {"signing_until": clock.moment(_until(person))}


def test_signing_ends_with_the_session(world: World) -> None:
    """The time never goes beyond the session's absolute end."""
    person = make.person(signed_in=False)
    soon = clock.epoch() + 120
    make.sign_in(person, absolute_until=soon)
    assert world.client.call(NAME, by=person).json == {"signing_until": clock.moment(soon)}


def test_the_journal_keeps_the_opening(world: World) -> None:
    """One record stands in the person's journal."""
    person = make.person()
    world.client.call(NAME, by=person)
    assert doors.journal(person.person_id, NAME) == [("signing.opened", "done")]
