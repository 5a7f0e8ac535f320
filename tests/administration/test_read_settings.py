"""What may be set, what holds, what will."""

from typing import Any

import doors
import make
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.options import Options
from chalicelib.kit.records.tables import Setting
from chalicelib.kit.trail.tables import JournalRecord

NAME = "read_settings"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person(Role.ADMIN))


def decide(number: int, value: object, begins_in: int, name: str = "idle_minutes") -> None:
    """Write a decision on a setting, as an administrator's change does."""
    now = clock.epoch()
    place = f"{name}#{number:06d}"
    Setting("cabinet", place, name=name, value=value, valid_from=now + begins_in, set_at=now).save()


def shown(world: World, name: str = "idle_minutes") -> dict[str, Any]:
    """Return how one setting is shown."""
    items = world.client.call(NAME, by=make.person(Role.SECURITY)).json["items"]
    found: dict[str, Any] = next(one for one in items if one["name"] == name)
    return found


def test_without_a_token_no_setting_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_reads_no_settings(world: World) -> None:
    """Settings are the administrator's and the security officer's."""
    answer = world.client.run(NAME, example(world), by=make.person())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_every_option_is_shown_with_its_bounds(world: World) -> None:
    """Untouched, each has its default; numbers have bounds, the others their choices."""
    items = world.client.run(NAME, example(world)).json["items"]
    assert [one["name"] for one in items] == list(Options.__struct_fields__)
    assert all(one["title"] and one["bounds"] for one in items)
    idle = next(one for one in items if one["name"] == "idle_minutes")
    assert (idle["value"], idle["least"], idle["most"], idle["choices"]) == ("15", 5, 60, [])
    profile = next(one for one in items if one["name"] == "security_profile")
    assert (profile["value"], profile["choices"]) == ("description", ["description", "modern"])
    assert (profile["least"], profile["coming"]) == (None, [])


def test_the_newest_decision_that_has_begun_holds(world: World) -> None:
    """Earlier decisions are history, later ones are shown as coming."""
    decide(1, 20, -200)
    decide(2, 30, -100)
    decide(3, 40, 3600)
    found = shown(world)
    assert found["value"] == "30"
    (coming,) = found["coming"]
    assert coming["value"] == "40"
    assert doors.is_about(coming["valid_from"], 3600)


def test_a_newer_decision_ends_what_was_planned_behind_it(world: World) -> None:
    """A decision for tomorrow does away with an older one for the day after, one for later does not."""
    decide(1, 40, 7200)
    decide(2, 50, 3600)
    assert [one["value"] for one in shown(world)["coming"]] == ["50"]
    decide(3, 55, 5400)
    assert [one["value"] for one in shown(world)["coming"]] == ["50", "55"]
    clock.advance(7300)
    assert (shown(world)["value"], shown(world)["coming"]) == ("55", [])


def test_the_journal_holds_the_look(world: World) -> None:
    """Reading is recorded."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome) == ("settings.read", "done")
