"""The checks that an authority opened."""

import logs
import make
import papers
from conftest import World

from chalicelib.kit import clock


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = logs.officer()
    for _ in range(2):
        logs.opened(world, by)
    return make.Example(by=by, query={"limit": 1})


def test_without_a_token_no_checks_are_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call("list_checks").code == "not-signed-in"


def test_only_an_authority_lists_its_checks(world: World) -> None:
    """A worker has none."""
    assert world.client.call("list_checks", by=papers.doctor(world)).code == "role-not-allowed"


def test_checks_of_another_authority_are_not_shown(world: World) -> None:
    """Each authority sees its own."""
    logs.opened(world, logs.officer(logs.OTHER_AUTHORITY))
    assert world.client.call("list_checks", by=logs.officer()).json["items"] == []


def test_colleagues_see_all_checks_newest_first_with_their_states(world: World) -> None:
    """Open, closed and expired ones, page by page."""
    officer = logs.officer()
    expired = logs.opened(world, officer, days=1)
    clock.advance(logs.DAY)
    officer = logs.officer()
    closed, still = (logs.opened(world, officer) for _ in range(2))
    logs.close(world, officer, closed)
    colleague = logs.officer()
    first = world.client.call("list_checks", by=colleague, query={"limit": 2}).json
    rest = world.client.call("list_checks", by=colleague, query={"cursor": first["next_cursor"]}).json
    shown = {one["check_id"]: one["status"] for one in first["items"] + rest["items"]}
    assert shown == {still: "open", closed: "closed", expired: "expired"}
    assert (list(shown)[-1], rest["next_cursor"]) == (expired, None)


def test_a_look_at_the_checks_is_in_the_journal(world: World) -> None:
    """With its outcome, as any act."""
    officer = logs.officer()
    world.client.call("list_checks", by=officer)
    world.client.call("list_checks", by=officer, query={"cursor": "AAAA"})
    assert papers.outcomes(officer) == [("check.listed", "done"), ("check.listed", "invalid-cursor")]
