"""A supervising authority opens a check of an organisation."""

from datetime import timedelta
from typing import Any

import logs
import make
import papers
import pytest
from conftest import World

from chalicelib.journal.tables import OrganisationCheck
from chalicelib.kit import clock


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=logs.order(), by=logs.officer())


def test_without_a_token_no_check_is_opened(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("open_check", logs.order())
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_only_an_authority_opens_checks(world: World) -> None:
    """Кадры of the hospital do not check anybody."""
    answer = world.client.call("open_check", logs.order(), by=make.hr())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_check_wants_a_fresh_factor(world: World) -> None:
    """Whoever left his session open opens nobody's journal by it."""
    officer = logs.officer()
    clock.advance(660)
    assert world.client.call("open_check", logs.order(), by=officer).code == "fresh-factor-required"


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"organisation_id": "Больница"}, {"/organisation_id"}),
        ({"organisation_id": "1.2.643.05.1"}, {"/organisation_id"}),
        ({"organisation_id": logs.AUTHORITY, "order_date": "2199-01-01"}, {"/organisation_id", "/order_date"}),
        ({"order_number": "", "days": 0}, {"/order_number", "/days"}),
        ({"order_number": "=1+1"}, {"/order_number"}),
        ({"days": 61}, {"/days"}),
        ({"days": "10"}, {"/days"}),
        ({"since": "2026-11-02", "until": "2026-11-01"}, {"/until"}),
        ({"order_date": "22.11.2026"}, {"/order_date"}),
        ({"person_id": "x"}, {"/person_id"}),
    ],
)
def test_all_wrong_fields_are_named(world: World, changes: dict[str, Any], pointers: set[str]) -> None:
    """Each has its pointer, and no check is opened."""
    answer = world.client.call("open_check", logs.order(**changes), by=logs.officer())
    assert (answer.status, {one["pointer"] for one in answer.json["errors"]}) == (422, pointers)
    assert list(OrganisationCheck.scan()) == []


def test_a_check_is_opened_for_a_term(world: World) -> None:
    """It names the order, the period, who opened it and until when; it costs two trips."""
    officer = logs.officer()
    world.trips.start()
    answer = world.client.call("open_check", logs.order(days=60), by=officer)
    assert (answer.status, answer.headers["ETag"], world.trips.count("dynamodb")) == (201, '"1"', 2)
    shown = answer.json
    assert (shown["authority_id"], shown["organisation_id"]) == (logs.AUTHORITY, make.HOSPITAL)
    assert (shown["status"], shown["order_number"], shown["closed_at"]) == ("open", "118-П/26", None)
    check = logs.stored(shown["check_id"])
    assert check.closes_at - check.opened_at == timedelta(days=60).total_seconds()
    assert check.opened_by == officer.person_id


def test_a_repeated_request_opens_one_check(world: World) -> None:
    """A lost answer is asked for again and comes again."""
    officer, key, body = logs.officer(), make.key(), logs.order()
    first, second = (world.client.call("open_check", body, by=officer, idempotency=key) for _ in range(2))
    assert (first.status, first.json) == (second.status, second.json)
    assert len(list(OrganisationCheck.scan())) == 1


def test_an_opening_is_in_the_journal(world: World) -> None:
    """With the number of the check, and without the order's; refusals too."""
    officer = logs.officer()
    check_id = logs.opened(world, officer)
    world.client.call("open_check", logs.order(days=0), by=officer)
    done, refused = papers.acts(officer)
    assert (done.kind, done.outcome, done.objects) == ("check.opened", "done", [check_id])
    assert (refused.kind, refused.outcome) == ("check.opened", "wrong-fields")
