"""Laying a role down: one's own, and never the last where somebody must be."""

import doors
import make
import offices
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "give_up_role"


def example(world: World) -> make.Example:
    """Return a valid request."""
    officer = offices.holder(Role.HR, make.HOSPITAL)
    return make.Example(body={"role": "hr", "organisation_id": make.HOSPITAL}, by=officer)


def test_without_a_token_nothing_is_given_up(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


@pytest.mark.parametrize("body", [{"role": "admin"}, {"role": "worker"}, {"role": "hr", "organisation_id": "1.2.3"}])
def test_a_role_that_one_does_not_hold_is_not_found(world: World, body: dict[str, str]) -> None:
    """Nor is the worker's own role, which nobody gave."""
    answer = world.client.run(NAME, example(world), body=body)
    assert (answer.status, answer.code) == (404, "not-found")


def test_a_stale_factor_gives_nothing_up(world: World) -> None:
    """Eleven minutes after the factor it is asked again."""
    made = example(world)
    clock.advance(660)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SECURITY, Role.MANAGER])
def test_the_last_one_stays(world: World, role: Role) -> None:
    """Administrators, security officers and the managers of an organisation: the last cannot leave, the others may."""
    where = make.HOSPITAL if role is Role.MANAGER else None
    first = offices.holder(role, where)
    body = {"role": role.value} | ({"organisation_id": where} if where else {})
    assert world.client.call(NAME, body, by=first).code == "last-holder"
    assert offices.grants(first) == {(role.value, where)}
    offices.holder(role, where)
    assert world.client.call(NAME, body, by=first).status == 200
    assert offices.counted(role, where) == 1


def test_of_two_who_leave_at_once_one_stays(world: World) -> None:
    """The count is held in the transaction."""
    pair = [offices.holder(Role.ADMIN) for _ in range(2)]
    queue = list(pair)
    answers = doors.together(2, lambda: world.client.call(NAME, {"role": "admin"}, by=queue.pop()))
    assert sum(one.status == 200 for one in answers) <= 1
    assert len(offices.holders(Role.ADMIN)) == offices.counted(Role.ADMIN) >= 1


def test_all_sessions_end(world: World) -> None:
    """The role is gone, and with it every open session; the owner is told."""
    made = example(world)
    answer = world.client.run(NAME, made)
    assert made.by is not None
    assert (answer.status, answer.json["role"]) == (200, "hr")
    assert world.client.call("read_session", by=made.by).code == "session-ended"
    assert offices.grants(made.by) == set()
    assert "отказались от роли" in world.sent(made.by.phone)[-1]


def test_the_journal_names_the_role(world: World) -> None:
    """The record stands in one's own journal."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.fields) == ("role.given_up", ["role.hr"])
