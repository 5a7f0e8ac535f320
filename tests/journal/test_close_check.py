"""An authority closes its check."""

from concurrent.futures import ThreadPoolExecutor

import logs
import make
import papers
import pytest
from conftest import World

from chalicelib.kit import clock


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = logs.officer()
    return make.Example(by=by, match='"1"', path_values={"check_id": logs.opened(world, by)})


def test_without_a_token_no_check_is_closed(world: World) -> None:
    """A call without a token is told to sign in."""
    check_id = logs.opened(world, logs.officer())
    assert world.client.call("close_check", check_id=check_id, match='"1"').code == "not-signed-in"


def test_the_checked_organisation_closes_nothing(world: World) -> None:
    """Nor its head."""
    check_id = logs.opened(world, logs.officer())
    assert logs.close(world, make.hr(), check_id).code == "role-not-allowed"


def test_a_check_of_another_authority_is_not_found(world: World) -> None:
    """And stays open."""
    check_id = logs.opened(world, logs.officer())
    assert logs.close(world, logs.officer(logs.OTHER_AUTHORITY), check_id).status == 404
    assert logs.stored(check_id).status == "open"


@pytest.mark.parametrize(("tag", "code"), [(None, "version-required"), ("*", "version-required"), ('"7"', "stale")])
def test_a_closing_names_the_version(world: World, tag: str | None, code: str) -> None:
    """Whoever saw another state reads again."""
    officer = logs.officer()
    check_id = logs.opened(world, officer)
    assert world.client.call("close_check", by=officer, check_id=check_id, match=tag).code == code


def test_a_finished_check_is_not_closed_again(world: World) -> None:
    """Neither a closed one nor one whose term has passed; what was written stays."""
    officer = logs.officer()
    closed, expired = logs.opened(world, officer), logs.opened(world, officer, days=1)
    assert logs.close(world, officer, closed).status == 200
    at = logs.stored(closed).closed_at
    clock.advance(logs.DAY)
    officer = logs.officer()
    for check_id, tag in ((closed, '"2"'), (expired, '"1"')):
        answer = logs.close(world, officer, check_id, tag)
        assert (answer.status, answer.code) == (409, "check-ended")
    assert [one.closed_at for one in map(logs.stored, (closed, expired))] == [at, None]


def test_of_parallel_closings_one_counts(world: World) -> None:
    """The others are told that the check has changed meanwhile; it is closed once."""
    officers = [logs.officer() for _ in range(6)]
    check_id = logs.opened(world, officers[0])
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda one: logs.close(world, one, check_id), officers))
    assert sorted(one.status for one in answers) == [200, 412, 412, 412, 412, 412]
    check = logs.stored(check_id)
    winner = next(officer for officer, one in zip(officers, answers, strict=True) if one.status == 200)
    assert (check.version, check.closed_by) == (2, winner.person_id)


def test_a_closing_shows_the_whole_new_state(world: World) -> None:
    """A colleague may close; the answer is what the card will say, and repeats when asked again."""
    check_id = logs.opened(world, logs.officer())
    colleague, key = logs.officer(), make.key()
    first, again = (
        world.client.call("close_check", by=colleague, check_id=check_id, match='"1"', idempotency=key)
        for _ in range(2)
    )
    assert (first.status, first.headers["ETag"], first.json["status"]) == (200, '"2"', "closed")
    assert first.json == again.json
    card = world.client.call("read_check", by=colleague, check_id=check_id).json
    assert {name: card[name] for name in first.json} == first.json


def test_a_closing_is_in_the_journal(world: World) -> None:
    """With the number of the check; refusals too."""
    officer = logs.officer()
    check_id = logs.opened(world, officer)
    logs.close(world, officer, check_id, '"7"')
    logs.close(world, officer, check_id)
    refused, done = papers.acts(officer)[-2:]
    assert (refused.kind, refused.outcome) == ("check.closed", "stale")
    assert (done.kind, done.outcome, done.objects) == ("check.closed", "done", [check_id])
