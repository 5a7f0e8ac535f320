"""The history of electronic confirmations, page by page."""

import make
import papers
import pytest
from conftest import World

from chalicelib.kit import clock


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=confirmed(world, 3), query={"limit": 2})


def confirmed(world: World, times: int) -> make.Person:
    """Make a worker who pressed the button so many times, a minute apart."""
    worker = papers.doctor(world)
    for _ in range(times):
        papers.check(world, worker)
        clock.advance(60)
    return worker


def numbers(answer: make.Answer) -> list[str]:
    """Return the numbers of a page."""
    return [one["confirmation_id"] for one in answer.json["items"]]


def test_without_a_token_no_history_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("list_confirmations")
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_has_no_such_history(world: World) -> None:
    """Only the role of a worker lists confirmations."""
    answer = world.client.call("list_confirmations", by=make.hr())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_claimed_person_has_no_history(world: World) -> None:
    """Who is not proven yet has nothing confirmed."""
    answer = world.client.call("list_confirmations", by=papers.doctor(world, assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_a_history_shows_only_ones_own(world: World) -> None:
    """Another's confirmations are not in it; an empty history is an empty list."""
    confirmed(world, 1)
    answer = world.client.call("list_confirmations", by=papers.doctor(world))
    assert (answer.status, answer.json) == (200, {"items": [], "next_cursor": None})


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", ""])
def test_a_page_has_from_one_to_a_hundred_items(world: World, limit: str) -> None:
    """Another limit is a wrong field, named as such."""
    answer = world.client.call("list_confirmations", by=papers.doctor(world), query={"limit": limit})
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert [one["pointer"] for one in answer.json["errors"]] == ["/limit"]


def test_an_unknown_filter_is_refused(world: World) -> None:
    """A misspelt parameter is not silently ignored."""
    answer = world.client.call("list_confirmations", by=papers.doctor(world), query={"limits": 3})
    assert [one["pointer"] for one in answer.json["errors"]] == ["/limits"]


def test_a_cursor_serves_only_its_list_its_owner_and_its_day(world: World) -> None:
    """A damaged cursor, another's, one of another list and yesterday's are all `invalid-cursor`."""
    worker, other = confirmed(world, 2), confirmed(world, 2)
    cursor = world.client.call("list_confirmations", by=worker, query={"limit": 1}).json["next_cursor"]
    foreign = world.client.call("list_confirmations", by=other, query={"limit": 1, "cursor": cursor})
    assert (foreign.status, foreign.code) == (400, "invalid-cursor")
    for damaged in (cursor[:-2], "AAAA", "B" + cursor[1:], cursor[::-1]):
        answer = world.client.call("list_confirmations", by=worker, query={"limit": 1, "cursor": damaged})
        assert (answer.status, answer.code) == (400, "invalid-cursor")
    acts = world.client.call("list_acts", by=worker, query={"cursor": cursor})
    assert acts.code == "invalid-cursor"
    clock.advance(24 * 3600 - 60)
    make.sign_in(worker)
    assert world.client.call("list_confirmations", by=worker, query={"cursor": cursor}).status == 200
    clock.advance(120)
    assert world.client.call("list_confirmations", by=worker, query={"cursor": cursor}).code == "invalid-cursor"


def test_pages_follow_each_other_newest_first_without_gaps(world: World) -> None:
    """Each confirmation comes exactly once; the last page has no cursor."""
    worker = confirmed(world, 5)
    seen: list[str] = []
    cursor, sizes = None, []
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = world.client.call("list_confirmations", by=worker, query=query)
        seen += numbers(answer)
        sizes.append(len(numbers(answer)))
        cursor = answer.json["next_cursor"]
        if cursor is None:
            break
    assert sizes == [2, 2, 1]
    assert seen == [one.confirmation_id for one in reversed(papers.confirmations(worker))]


def test_a_full_last_page_has_no_cursor(world: World) -> None:
    """Exactly as many as asked for is the whole list."""
    answer = world.client.call("list_confirmations", by=confirmed(world, 2), query={"limit": 2})
    assert (len(answer.json["items"]), answer.json["next_cursor"]) == (2, None)


def test_looking_leaves_a_record(world: World) -> None:
    """Good and refused looks stand in the journal."""
    worker = confirmed(world, 1)
    world.client.call("list_confirmations", by=worker)
    world.client.call("list_confirmations", by=worker, query={"cursor": "AAAA"})
    assert papers.outcomes(worker)[1:] == [("confirmation.listed", "done"), ("confirmation.listed", "invalid-cursor")]
