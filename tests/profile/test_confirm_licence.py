"""Кадры confirm the licence number that their worker proposed."""

from typing import Any

import make
import papers
import pytest
from conftest import World

from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord


def proposer(world: World, **overrides: Any) -> make.Person:
    """Make a worker of the hospital who has proposed another licence number."""
    worker = papers.doctor(world, **overrides)
    papers.change(world, worker, licence_number=papers.OTHER_LICENCE)
    return worker


def example(world: World) -> make.Example:
    """Return a valid request."""
    worker = proposer(world)
    body = {"licence_number": papers.OTHER_LICENCE}
    return make.Example(body=body, by=make.hr(), path_values={"person_id": worker.person_id})


def confirm(world: World, by: make.Person, worker: make.Person, number: str = papers.OTHER_LICENCE) -> make.Answer:
    """Confirm a worker's number."""
    return world.client.call("confirm_licence", {"licence_number": number}, by=by, person_id=worker.person_id)


def test_without_a_token_no_licence_is_confirmed(world: World) -> None:
    """A call without a token is told to sign in."""
    worker = proposer(world)
    body = {"licence_number": papers.OTHER_LICENCE}
    answer = world.client.call("confirm_licence", body, person_id=worker.person_id)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_does_not_confirm_his_own_proposal(world: World) -> None:
    """Only кадры confirm."""
    worker = proposer(world)
    answer = confirm(world, worker, worker)
    assert (answer.status, answer.code) == (403, "role-not-allowed")
    assert papers.data(worker).licence_state == "proposed"


def test_a_worker_of_another_organisation_is_not_found(world: World) -> None:
    """Officers see only those who work at their organisation; a made-up person looks the same."""
    stranger = make.person(Role.HR, make.OTHER_HOSPITAL, works_at=make.OTHER_HOSPITAL)
    worker = proposer(world)
    answer = confirm(world, stranger, worker)
    assert (answer.status, answer.code) == (404, "not-found")
    worker.person_id = "psn_" + "0" * 32
    assert confirm(world, stranger, worker).code == "not-found"


def test_a_worker_of_nowhere_is_not_found(world: World) -> None:
    """Without an employment there is no tie."""
    assert confirm(world, make.hr(), proposer(world, works_at="1.2.3")).code == "not-found"


@pytest.mark.parametrize("number", [papers.LICENCE, "ЛО-77-01-000001"])
def test_another_number_than_the_proposed_is_refused(world: World, number: str) -> None:
    """What кадры know and what the worker proposed must be one number."""
    worker = proposer(world)
    answer = confirm(world, make.hr(), worker, number)
    assert (answer.status, answer.code) == (409, "licence-not-proposed")
    assert papers.data(worker).licence_state == "proposed"


def test_a_number_is_confirmed_once(world: World) -> None:
    """Neither a confirmed number nor an empty one waits for кадры."""
    worker, officer = proposer(world), make.hr()
    assert confirm(world, officer, worker).status == 200
    assert confirm(world, officer, worker).code == "licence-not-proposed"
    assert confirm(world, officer, papers.doctor(world), papers.LICENCE).code == "licence-not-proposed"


def test_a_number_that_is_no_licence_is_named(world: World) -> None:
    """The wrong field has its pointer."""
    answer = confirm(world, make.hr(), proposer(world), "L041-01137-77/00584930")
    assert (answer.status, [one["pointer"] for one in answer.json["errors"]]) == (422, ["/licence_number"])


def test_the_officer_confirms_and_the_worker_sees_it(world: World) -> None:
    """Only the state changes; an edit under the version from before meets the newer record."""
    worker = proposer(world)
    tag, before = papers.profile(worker).etag, papers.data(worker)
    answer = confirm(world, make.hr(), worker, "л041-01137-77/00990004")
    assert answer.json == {"licence_number": papers.OTHER_LICENCE, "licence_state": "confirmed"}
    assert world.client.call("read_profile", by=worker).json["licence_state"] == "confirmed"
    after = papers.data(worker)
    assert (after.licence_number, after.last_name) == (before.licence_number, before.last_name)
    stale = world.client.call("change_profile", {"licence_number": papers.LICENCE}, by=worker, match=tag)
    assert stale.code == "stale"


def test_the_worker_sees_in_the_journal_who_dealt_with_his_licence(world: World) -> None:
    """The officer's record names the worker as its subject, his organisation and the field, and no value."""
    worker, officer = proposer(world), make.hr()
    confirm(world, officer, worker, papers.LICENCE)
    confirm(world, officer, worker)
    refused, done = papers.acts(officer)
    assert (refused.kind, refused.outcome, refused.subject_id) == (
        "licence.confirmed",
        "licence-not-proposed",
        worker.person_id,
    )
    assert (done.outcome, done.subject_id, done.fields) == ("done", worker.person_id, ["licence_state"])
    assert done.organisation_id == make.HOSPITAL
    assert papers.OTHER_LICENCE not in papers.raw(JournalRecord)
