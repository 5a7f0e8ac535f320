"""Who holds roles at a place."""

import make
import offices
from conftest import World

from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "list_role_holders"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=offices.holder(Role.MANAGER, make.HOSPITAL), query={"limit": 10})


def test_without_a_token_nobody_is_listed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_sees_no_holders(world: World) -> None:
    """The role of a worker is not enough."""
    answer = world.client.run(NAME, example(world), by=make.person())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_another_organisation_is_not_there(world: World) -> None:
    """Managers and кадры see their own organisation only, whatever they ask for."""
    for by in (make.person(Role.MANAGER, make.OTHER_HOSPITAL), make.person(Role.HR, make.OTHER_HOSPITAL)):
        answer = world.client.call(NAME, by=by, query={"organisation_id": make.HOSPITAL})
        assert (answer.status, answer.code) == (404, "not-found")
        assert world.client.call(NAME, by=by).json["items"] == []


def test_an_organisations_roles_are_listed_by_role(world: World) -> None:
    """All of one's own organisation, or one role; each with the tag that a withdrawal wants."""
    manager = offices.holder(Role.MANAGER, make.HOSPITAL)
    officer = offices.holder(Role.HR, make.HOSPITAL)
    offices.holder(Role.HR, make.OTHER_HOSPITAL)
    items = world.client.call(NAME, by=officer).json["items"]
    assert [(one["role"], one["login"]) for one in items] == [("hr", officer.login), ("manager", manager.login)]
    items = world.client.call(NAME, by=manager, query={"role": "hr"}).json["items"]
    assert [(one["person_id"], one["organisation_id"]) for one in items] == [(officer.person_id, make.HOSPITAL)]
    assert items[0]["version"] > 0


def test_the_administrator_sees_any_place(world: World) -> None:
    """The cabinet's own roles when he names none, an organisation's when he names it; page by page."""
    admins = [offices.holder(Role.ADMIN) for _ in range(2)]
    offices.holder(Role.HR, make.HOSPITAL)
    page = world.client.call(NAME, by=admins[0], query={"limit": 1}).json
    rest = world.client.call(NAME, by=admins[0], query={"limit": 1, "cursor": page["next_cursor"]}).json
    assert {page["items"][0]["person_id"], rest["items"][0]["person_id"]} == {one.person_id for one in admins}
    there = world.client.call(NAME, by=admins[0], query={"organisation_id": make.HOSPITAL}).json["items"]
    assert [one["role"] for one in there] == ["hr"]


def test_the_journal_holds_the_look(world: World) -> None:
    """Listing is recorded."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome) == ("role.listed", "done")
