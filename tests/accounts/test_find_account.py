"""The offices find an account by СНИЛС or by login."""

from typing import Any

import make
import pytest
from conftest import World

from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "find_account"
OFFICES = [Role.SUPPORT, Role.ADMIN, Role.SECURITY]


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"snils": make.person(signed_in=False).snils}, by=make.person(Role.SUPPORT))


def test_without_a_token_nobody_is_found(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_hr_finds_nobody_here(world: World) -> None:
    """He has a search of his own, within his organisation."""
    answer = world.client.run(NAME, example(world), by=make.hr())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


@pytest.mark.parametrize("both", [True, False])
def test_exactly_one_of_the_two_is_asked_for(world: World, both: bool) -> None:  # noqa: FBT001 - a parameter
    """Neither nothing nor both: the two fields are pointed at."""
    who = make.person(signed_in=False)
    body = {"snils": who.snils, "login": who.login} if both else {}
    answer = world.client.call(NAME, body, by=make.person(Role.SUPPORT))
    assert {one["pointer"] for one in answer.json["errors"]} == {"/snils", "/login"}


def test_unknown_people_cost_the_same_and_are_not_found(world: World) -> None:
    """By either way 404, after the same number of trips."""
    by, trips = make.person(Role.SUPPORT), set()
    for body in ({"snils": make.valid_snils("987654321")}, {"login": "nobody_xx"}):
        world.trips.start()
        answer = world.client.call(NAME, body, by=by)
        assert (answer.status, answer.code) == (404, "not-found")
        trips.add(world.trips.count("dynamodb"))
    assert len(trips) == 1


@pytest.mark.parametrize("office", OFFICES)
@pytest.mark.parametrize("way", ["snils", "login"])
def test_each_office_finds_by_either_way_in_three_trips(world: World, office: Role, way: str) -> None:
    """The answer is the number and nothing else."""
    who, by = make.person(signed_in=False), make.person(office)
    body: dict[str, Any] = {way: getattr(who, way)}
    world.trips.start()
    answer = world.client.call(NAME, body, by=by)
    assert (answer.status, answer.json) == (200, {"person_id": who.person_id})
    assert world.trips.count("dynamodb") == 3


def test_the_journal_names_the_person(world: World) -> None:
    """The search stands in the officer's journal, and the person sees it."""
    who, by = make.person(), make.person(Role.SUPPORT)
    world.client.call(NAME, {"login": who.login}, by=by)
    (record,) = JournalRecord.query(by.person_id)
    assert (record.kind, record.outcome, record.subject_id) == ("account.found", "done", who.person_id)
    assert [one["kind"] for one in world.client.call("list_views", by=who).json["items"]] == ["account.found"]
