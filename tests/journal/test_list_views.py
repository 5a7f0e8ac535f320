"""Who looked at my data."""

from typing import Any

import make
import papers
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.access import Role

DAY = 24 * 3600


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=looked_at(world, 2)[0], query={"limit": 1})


def looked_at(world: World, times: int) -> tuple[make.Person, make.Person]:
    """Make a worker at whose card an officer looked so many times, a minute apart."""
    worker, officer = papers.doctor(world), make.hr()
    for _ in range(times):
        assert world.client.call("read_worker", by=officer, person_id=worker.person_id).status == 200
        clock.advance(60)
    return worker, officer


def page(world: World, by: make.Person, **query: Any) -> Any:
    """Read a page of views."""
    answer = world.client.call("list_views", by=by, query=query)
    assert answer.status == 200, answer.json
    return answer.json


def test_without_a_token_no_views_are_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("list_views")
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_claimed_person_sees_no_views(world: World) -> None:
    """Who is not proven yet deals with his draft profile only."""
    answer = world.client.call("list_views", by=papers.doctor(world, assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_views_of_another_are_not_shown(world: World) -> None:
    """Neither to a colleague nor to the officer who looked."""
    _, officer = looked_at(world, 1)
    assert page(world, papers.doctor(world))["items"] == []
    assert page(world, officer)["items"] == []


@pytest.mark.parametrize(("name", "value"), [("since", "x"), ("limit", "0"), ("kind", "worker.read")])
def test_a_wrong_filter_is_named(world: World, name: str, value: str) -> None:
    """Each has its pointer; views are not filtered by kind."""
    answer = world.client.call("list_views", by=papers.doctor(world), query={name: value})
    assert (answer.status, [one["pointer"] for one in answer.json["errors"]]) == (422, [f"/{name}"])


def test_a_cursor_serves_only_its_owner_and_its_list(world: World) -> None:
    """Another's cursor and one of one's own acts are refused."""
    worker, _ = looked_at(world, 2)
    other, _ = looked_at(world, 2)
    cursor = page(world, worker, limit=1)["next_cursor"]
    foreign = world.client.call("list_views", by=other, query={"cursor": cursor})
    assert (foreign.status, foreign.code) == (400, "invalid-cursor")
    assert world.client.call("list_acts", by=worker, query={"cursor": cursor}).code == "invalid-cursor"
    assert len(page(world, worker, cursor=cursor)["items"]) == 1


def test_ones_own_acts_are_no_views(world: World) -> None:
    """Reading oneself is not somebody else's look."""
    worker = papers.doctor(world)
    world.client.call("read_profile", by=worker)
    papers.check(world, worker)
    assert page(world, worker)["items"] == []


def test_the_worker_sees_in_what_capacity_and_for_whom_others_looked(world: World) -> None:
    """Role, organisation, act and time are shown, newest first; the list may lag and says so."""
    worker, officer = looked_at(world, 1)
    papers.change(world, worker, licence_number=papers.OTHER_LICENCE)
    body = {"licence_number": papers.OTHER_LICENCE}
    world.client.call("confirm_licence", body, by=officer, person_id=worker.person_id)
    shown = page(world, worker)
    assert [one["kind"] for one in shown["items"]] == ["licence.confirmed", "worker.read"]
    assert {(one["role"], one["organisation_id"]) for one in shown["items"]} == {(Role.HR.value, make.HOSPITAL)}
    assert (shown["eventual"], shown["next_cursor"]) == (True, None)
    assert not {"address", "device", "person_id"} & set(shown["items"][0])


def test_a_found_worker_sees_that_he_was_looked_for(world: World) -> None:
    """A search by СНИЛС shows the officer his name, so it is a view."""
    worker = papers.doctor(world)
    assert world.client.call("find_worker", {"snils": worker.snils}, by=make.hr()).status == 200
    assert [one["kind"] for one in page(world, worker)["items"]] == ["worker.found"]


def test_a_vain_attempt_of_a_stranger_shows_nothing_of_the_worker(world: World) -> None:
    """An officer of another organisation gets 404; what he did not see is no view."""
    worker = papers.doctor(world)
    stranger = make.person(Role.HR, make.OTHER_HOSPITAL, works_at=make.OTHER_HOSPITAL)
    assert world.client.call("read_worker", by=stranger, person_id=worker.person_id).status == 404
    assert page(world, worker)["items"] == []


def test_views_come_by_period_and_page_by_page(world: World) -> None:
    """Each view comes once, newest first, and both days of a period count."""
    papers.begin_period(DAY)
    worker, officer = looked_at(world, 3)
    first = clock.now().date()
    clock.advance(DAY)
    for one in (worker, officer):
        make.sign_in(one, *((Role.HR, make.HOSPITAL) if one is officer else ()))
    world.client.call("read_worker", by=officer, person_id=worker.person_id)
    assert len(page(world, worker, since=first, until=first)["items"]) == 3
    assert len(page(world, worker, until=clock.now().date())["items"]) == 4
    start = page(world, worker, limit=3)
    rest = page(world, worker, limit=3, cursor=start["next_cursor"])
    numbers = [one["record_id"] for one in start["items"] + rest["items"]]
    assert (len(numbers), rest["next_cursor"]) == (4, None)
    assert numbers == sorted(set(numbers), reverse=True)


def test_a_look_at_the_views_is_in_the_journal(world: World) -> None:
    """With its outcome, as any act."""
    worker = papers.doctor(world)
    page(world, worker)
    world.client.call("list_views", by=worker, query={"cursor": "AAAA"})
    assert papers.outcomes(worker) == [("journal.views_read", "done"), ("journal.views_read", "invalid-cursor")]
