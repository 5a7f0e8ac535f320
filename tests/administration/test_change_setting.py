"""A decision on a setting: bounded, dated, one at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import make
import pytest
from conftest import World

from chalicelib.kit import clock, options
from chalicelib.kit.access import Role
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.trail.tables import JournalRecord

NAME = "change_setting"
BODY = {"name": "idle_minutes", "value": "20", "was": "15"}


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=BODY, by=make.person(Role.ADMIN))


def rows() -> list[Setting]:
    """Return all decisions, oldest first."""
    return list(Setting.query("cabinet", consistent_read=True))


def test_without_a_token_nothing_is_set(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME, BODY)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_security_officer_sets_nothing(world: World) -> None:
    """He reads settings; changing them is the administrator's."""
    answer = world.client.call(NAME, BODY, by=make.person(Role.SECURITY))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"name": "no_such_setting"}, "/name"),
        ({"name": "__class__"}, "/name"),
        ({"value": "4"}, "/value"),
        ({"value": "61"}, "/value"),
        ({"value": "twenty"}, "/value"),
        ({"value": "20.5"}, "/value"),
        ({"name": "security_profile", "value": "none"}, "/value"),
        ({"valid_from": "2026-01-01T00:00:00Z"}, "/valid_from"),
        ({"valid_from": "2126-01-01T00:00:00Z"}, "/valid_from"),
        ({"valid_from": "2027-01-01T00:00:00"}, "/valid_from"),
        ({"valid_from": "soon"}, "/valid_from"),
    ],
)
def test_what_may_not_be_set_is_named(world: World, said: dict[str, str], pointer: str) -> None:
    """Names, bounds and moments outside the allowed are pointed at, and nothing is stored."""
    answer = world.client.run(NAME, example(world), body=BODY | said)
    assert [one["pointer"] for one in answer.json["errors"]] == [pointer]
    assert rows() == []


def test_who_saw_an_old_value_looks_again(world: World) -> None:
    """The value seen must be the one in force."""
    answer = world.client.run(NAME, example(world), body=BODY | {"was": "16"})
    assert (answer.status, answer.code) == (409, "setting-changed")


def test_the_value_in_force_is_no_change(world: World) -> None:
    """Nothing is added when nothing would differ."""
    answer = world.client.run(NAME, example(world), body=BODY | {"value": "15"})
    assert (answer.status, answer.code) == (422, "nothing-to-change")


def test_a_change_holds_at_once_and_keeps_the_past(world: World) -> None:
    """The new value is in force for everybody; the former decision stays as it was."""
    made = example(world)
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.json["value"], options.options().idle_minutes) == (201, "20", 20)
    first = rows()[0].serialize()
    second = world.client.run(NAME, made, body=BODY | {"value": "30", "was": "20"})
    assert (second.json["value"], options.options().idle_minutes) == ("30", 30)
    assert [one.value for one in rows()] == [20, 30]
    assert rows()[0].serialize() == first


def test_a_change_for_later_waits(world: World) -> None:
    """Until its moment the old value holds; then the new one, with no further act."""
    made = example(world)
    begins = clock.stamp(clock.now() + timedelta(hours=1))
    answer = world.client.run(NAME, made, body=BODY | {"valid_from": begins})
    assert (answer.json["value"], answer.json["coming"]) == ("15", [{"value": "20", "valid_from": begins}])
    assert options.options().idle_minutes == 15
    clock.advance(3601)
    options.forget()
    assert options.options().idle_minutes == 20


def test_the_value_in_force_may_be_set_to_call_off_a_coming_change(world: World) -> None:
    """A decision for now ends what was planned."""
    made = example(world)
    begins = clock.stamp(clock.now() + timedelta(hours=1))
    world.client.run(NAME, made, body=BODY | {"valid_from": begins})
    answer = world.client.run(NAME, made, body=BODY | {"value": "15"})
    assert (answer.status, answer.json["coming"]) == (201, [])


def test_of_two_administrators_at_once_one_wins(world: World) -> None:
    """Twenty parallel decisions on one seen value leave one."""
    admins = [make.person(Role.ADMIN) for _ in range(4)]

    def act(number: int) -> Any:
        return world.client.call(NAME, BODY | {"value": str(20 + number)}, by=admins[number % 4])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(act, range(20)))
    assert sorted(one.status for one in answers).count(201) == 1
    assert {one.code for one in answers if one.status != 201} <= {"setting-changed", "busy"}
    assert len(rows()) == 1


def test_the_journal_names_the_setting(world: World) -> None:
    """The name of the setting, not its value."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome, record.fields) == ("setting.changed", "done", ["idle_minutes"])
