"""Кадры open the card of a worker's account."""

import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit.trail.tables import JournalRecord

NAME = "read_worker"


def example(world: World) -> make.Example:
    """Return a valid request."""
    worker = make.person(signed_in=False)
    return make.Example(by=make.hr(), path_values={"person_id": worker.person_id})


def test_without_a_token_no_card_is_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_does_not_read_cards(world: World) -> None:
    """The role of a worker is not enough, even for his own card."""
    worker = make.person()
    answer = world.client.call(NAME, by=worker, person_id=worker.person_id)
    assert (answer.status, answer.code) == (403, "role-not-allowed")


@pytest.mark.parametrize("person_id", ["elsewhere", "jobless", "psn_" + "0" * 32, "нет", "x" * 3000])
def test_who_does_not_work_here_is_not_found(world: World, person_id: str) -> None:
    """Another organisation's worker, a person without work and whatever else stands in the address give 404."""
    people = {
        "elsewhere": make.person(works_at=make.OTHER_HOSPITAL).person_id,
        "jobless": make.person(works_at=None).person_id,
    }
    answer = world.client.call(NAME, by=make.hr(), person_id=people.get(person_id, person_id))
    assert (answer.status, answer.code) == (404, "not-found")


@pytest.mark.parametrize("assurance", ["claimed", "confirmed"])
def test_the_card_shows_identity_and_hidden_contacts(world: World, assurance: str) -> None:
    """The card has what кадры need, contacts half hidden, and a tag of the present version."""
    worker = make.person(assurance=assurance, signed_in=False)
    answer = world.client.call(NAME, by=make.hr(), person_id=worker.person_id)
    assert (answer.status, answer.json["identity"]) == (200, assurance)
    assert answer.json["phone"].endswith(worker.phone[-2:])
    assert worker.phone[2:-2] not in answer.raw.decode()
    assert worker.email.split("@")[0] not in answer.raw.decode()
    assert answer.headers["ETag"] == Account.get(worker.person_id).etag


def test_the_journal_names_the_worker(world: World) -> None:
    """The look stands in the officer's journal, and the worker sees it."""
    worker, officer = make.person(), make.hr()
    world.client.call(NAME, by=officer, person_id=worker.person_id)
    (record,) = JournalRecord.query(officer.person_id)
    assert (record.kind, record.outcome, record.subject_id) == ("worker.read", "done", worker.person_id)
    views = world.client.call("list_views", by=worker).json["items"]
    assert [(one["kind"], one["organisation_id"]) for one in views] == [("worker.read", make.HOSPITAL)]
