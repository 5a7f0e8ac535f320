"""The journal of a checked organisation, while the check is open and not a moment longer."""

from datetime import UTC, datetime

import logs
import make
import papers
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.access import Role


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = logs.officer()
    world.client.call("find_worker", {"snils": papers.doctor(world).snils}, by=make.hr())
    check_id = logs.opened(world, by)
    return make.Example(by=by, query={"pointer": logs.pointer(world, by, check_id)}, path_values={"check_id": check_id})


def checked(world: World) -> tuple[make.Person, str, str]:
    """Open a check; return the officer, the number of the check and the pointer."""
    officer = logs.officer()
    check_id = logs.opened(world, officer)
    return officer, check_id, logs.pointer(world, officer, check_id)


def test_without_a_token_no_journal_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    _, check_id, pointer = checked(world)
    answer = world.client.call("list_organisation_acts", check_id=check_id, query={"pointer": pointer})
    assert answer.code == "not-signed-in"


def test_only_an_authority_reads_by_a_check(world: World) -> None:
    """Кадры have an operation of their own."""
    _, check_id, pointer = checked(world)
    assert logs.look(world, make.hr(), check_id, pointer).code == "role-not-allowed"


def test_a_pointer_is_demanded(world: World) -> None:
    """Without it the field is named."""
    officer, check_id, _ = checked(world)
    answer = world.client.call("list_organisation_acts", by=officer, check_id=check_id)
    assert [one["pointer"] for one in answer.json["errors"]] == ["/pointer"]


def test_a_pointer_serves_its_officer_and_its_check_only(world: World) -> None:
    """Another authority, a colleague, another check and a damaged pointer get 404, as if nothing were there."""
    officer, check_id, pointer = checked(world)
    other_check = logs.opened(world, officer)
    tries = [
        logs.look(world, logs.officer(logs.OTHER_AUTHORITY), check_id, pointer),
        logs.look(world, logs.officer(), check_id, pointer),
        logs.look(world, officer, other_check, pointer),
        logs.look(world, officer, check_id, pointer[:-4]),
    ]
    assert [(one.status, one.code) for one in tries] == [(404, "not-found")] * 4


def test_a_cursor_of_another_check_is_refused(world: World) -> None:
    """Even of the same organisation."""
    officer, check_id, pointer = checked(world)
    logs.fill(papers.doctor(world).person_id, 3, organisation_id=make.HOSPITAL)
    cursor = logs.look(world, officer, check_id, pointer, limit=1).json["next_cursor"]
    other = logs.opened(world, officer)
    answer = logs.look(world, officer, other, logs.pointer(world, officer, other), cursor=cursor)
    assert (answer.status, answer.code) == (400, "invalid-cursor")


def test_a_closed_check_shows_nothing_from_that_moment(world: World) -> None:
    """The pointer that was good a moment ago answers 409 and shows no act."""
    officer, check_id, pointer = checked(world)
    logs.fill(papers.doctor(world).person_id, 1, organisation_id=make.HOSPITAL)
    assert logs.look(world, officer, check_id, pointer).status == 200
    logs.close(world, logs.officer(), check_id)
    answer = logs.look(world, officer, check_id, pointer)
    assert (answer.status, answer.code) == (409, "check-ended")
    assert "items" not in answer.json


def test_an_expired_check_shows_nothing(world: World) -> None:
    """To the second."""
    officer = logs.officer()
    check_id = logs.opened(world, officer, days=1)
    pointer = logs.pointer(world, officer, check_id)
    clock.advance(logs.DAY - 60)
    make.sign_in(officer, role=Role.AUTHORITY, organisation_id=logs.AUTHORITY)
    assert logs.look(world, officer, check_id, pointer).status == 200
    clock.advance(60)
    assert logs.look(world, officer, check_id, pointer).code == "check-ended"


def test_only_acts_of_the_checked_organisation_and_period_are_shown(world: World) -> None:
    """Both days count, by Moscow time; acts of others and of other days are not shown, places never."""
    officer = logs.officer()
    check_id = logs.opened(world, officer, since="2026-11-10", until="2026-11-11")
    pointer, person_id = logs.pointer(world, officer, check_id), papers.doctor(world).person_id
    moments = [
        (datetime(2026, 11, 9, 20, 59, 59, tzinfo=UTC), make.HOSPITAL),
        (datetime(2026, 11, 9, 21, 0, tzinfo=UTC), make.HOSPITAL),
        (datetime(2026, 11, 10, 12, 0, tzinfo=UTC), make.OTHER_HOSPITAL),
        (datetime(2026, 11, 11, 20, 59, 59, tzinfo=UTC), make.HOSPITAL),
        (datetime(2026, 11, 11, 21, 0, tzinfo=UTC), make.HOSPITAL),
    ]
    for at, organisation_id in moments:
        logs.record(person_id, at, organisation_id=organisation_id).save()
    items = logs.look(world, officer, check_id, pointer).json["items"]
    assert [one["at"] for one in items] == ["2026-11-11T20:59:59Z", "2026-11-09T21:00:00Z"]
    assert {one["person_id"] for one in items} == {person_id}
    assert not {"address", "device"} & set(items[0])


@pytest.mark.parametrize("limit", [1, 100])
def test_a_page_takes_three_trips_and_each_act_comes_once(world: World, limit: int) -> None:
    """Session, query, and one write that proves the check and journals the look."""
    officer, check_id, pointer = checked(world)
    written = logs.fill(papers.doctor(world).person_id, 3, organisation_id=make.HOSPITAL)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        world.trips.start()
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        shown = logs.look(world, officer, check_id, pointer, **query).json
        assert world.trips.count("dynamodb") == 3
        seen += [one["record_id"] for one in shown["items"]]
        cursor = shown["next_cursor"]
    assert seen == written


def test_every_look_is_in_the_journal_with_its_check(world: World) -> None:
    """The refused one after the closing too."""
    officer, check_id, pointer = checked(world)
    logs.look(world, officer, check_id, pointer)
    logs.close(world, officer, check_id)
    logs.look(world, officer, check_id, pointer)
    looks = [one for one in papers.acts(officer) if one.kind == "journal.organisation_read"]
    assert [(one.outcome, one.objects) for one in looks] == [("done", [check_id]), ("check-ended", [check_id])]
