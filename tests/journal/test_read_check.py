"""One check, with the pointer to the organisation's journal."""

import logs
import make
import papers
from conftest import World

from chalicelib.kit import clock


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = logs.officer()
    return make.Example(by=by, path_values={"check_id": logs.opened(world, by)})


def test_without_a_token_no_check_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    check_id = logs.opened(world, logs.officer())
    assert world.client.call("read_check", check_id=check_id).code == "not-signed-in"


def test_the_checked_organisation_does_not_open_the_card(world: World) -> None:
    """It has a list of its own."""
    check_id = logs.opened(world, logs.officer())
    assert world.client.call("read_check", by=make.hr(), check_id=check_id).code == "role-not-allowed"


def test_a_check_of_another_authority_is_not_found(world: World) -> None:
    """As if it were not there."""
    check_id = logs.opened(world, logs.officer())
    answer = world.client.call("read_check", by=logs.officer(logs.OTHER_AUTHORITY), check_id=check_id)
    assert (answer.status, answer.code) == (404, "not-found")


def test_an_open_check_gives_its_pointer_and_a_finished_one_does_not(world: World) -> None:
    """A closed and an expired check are still readable, with their tag."""
    officer = logs.officer()
    closed, expired = logs.opened(world, officer), logs.opened(world, officer, days=1)
    answer = world.client.call("read_check", by=officer, check_id=closed)
    assert (answer.status, answer.headers["ETag"], answer.json["status"]) == (200, '"1"', "open")
    assert answer.json["pointer"]
    logs.close(world, officer, closed)
    answer = world.client.call("read_check", by=officer, check_id=closed)
    assert (answer.headers["ETag"], answer.json["status"], answer.json["pointer"]) == ('"2"', "closed", None)
    assert answer.json["closed_by"] == officer.person_id
    clock.advance(logs.DAY)
    answer = world.client.call("read_check", by=logs.officer(), check_id=expired)
    assert (answer.json["status"], answer.json["pointer"]) == ("expired", None)


def test_the_journal_names_the_check(world: World) -> None:
    """Who looked at which check is known."""
    officer = logs.officer()
    check_id = logs.opened(world, officer)
    world.client.call("read_check", by=officer, check_id=check_id)
    last = papers.acts(officer)[-1]
    assert (last.kind, last.outcome, last.objects) == ("check.read", "done", [check_id])
