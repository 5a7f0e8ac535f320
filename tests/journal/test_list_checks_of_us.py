"""Кадры and the head of an organisation see who checks it."""

import logs
import make
import papers
from conftest import World

from chalicelib.kit.access import Role


def example(world: World) -> make.Example:
    """Return a valid request."""
    for _ in range(2):
        logs.opened(world, logs.officer())
    return make.Example(by=make.hr(), query={"limit": 1})


def test_without_a_token_no_checks_are_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call("list_checks_of_us").code == "not-signed-in"


def test_a_worker_sees_no_checks(world: World) -> None:
    """It is the organisation's business."""
    assert world.client.call("list_checks_of_us", by=papers.doctor(world)).code == "role-not-allowed"


def test_checks_of_another_organisation_are_not_shown(world: World) -> None:
    """Each organisation sees those of itself."""
    logs.opened(world, logs.officer())
    stranger = make.person(Role.HR, make.OTHER_HOSPITAL, works_at=make.OTHER_HOSPITAL)
    assert world.client.call("list_checks_of_us", by=stranger).json["items"] == []


def test_the_organisation_sees_who_checks_it_by_which_order(world: World) -> None:
    """Checks of all authorities, newest first, with their states; the officers stay unnamed."""
    first, second = logs.officer(), logs.officer(logs.OTHER_AUTHORITY)
    closed, still = logs.opened(world, first), logs.opened(world, second)
    logs.close(world, first, closed)
    for by in (make.hr(), make.person(Role.MANAGER, make.HOSPITAL)):
        shown = world.client.call("list_checks_of_us", by=by).json
        assert [(one["check_id"], one["authority_id"], one["status"]) for one in shown["items"]] == [
            (still, logs.OTHER_AUTHORITY, "open"),
            (closed, logs.AUTHORITY, "closed"),
        ]
        assert (shown["items"][0]["order_number"], shown["eventual"]) == ("118-П/26", True)
        assert not {"opened_by", "closed_by", "pointer"} & set(shown["items"][0])


def test_a_look_at_the_checks_is_in_the_journal(world: World) -> None:
    """With its outcome, as any act."""
    hr = make.hr()
    world.client.call("list_checks_of_us", by=hr)
    world.client.call("list_checks_of_us", by=hr, query={"limit": 0})
    assert papers.outcomes(hr) == [("check.of_us_listed", "done"), ("check.of_us_listed", "wrong-fields")]
