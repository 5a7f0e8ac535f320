"""Кадры find a worker of their own organisation by СНИЛС."""

import doors
import make
import pytest
from conftest import World

from chalicelib.kit.trail.tables import JournalRecord

NAME = "find_worker"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"snils": make.person(signed_in=False).snils}, by=make.hr())


def test_without_a_token_nobody_is_found(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_does_not_search_for_people(world: World) -> None:
    """The role of a worker is not enough, even for himself."""
    worker = make.person()
    answer = world.client.call(NAME, {"snils": worker.snils}, by=worker)
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_worker_of_another_organisation_looks_like_nobody(world: World) -> None:
    """Somebody else's worker and an unknown СНИЛС give the same answer."""
    elsewhere, officer = make.person(works_at=make.OTHER_HOSPITAL), make.hr()
    answers = [
        world.client.call(NAME, {"snils": snils}, by=officer)
        for snils in (elsewhere.snils, make.valid_snils("123456780"))
    ]
    told = [{name: value for name, value in one.json.items() if name != "trace_id"} for one in answers]
    assert answers[0].status == 404
    assert told[0] == told[1]


@pytest.mark.parametrize("snils", ["", "112-233-445 96", "١١٢٢٣٣٤٤٥٩٥", "11223344595\n", None])
def test_a_wrong_snils_is_pointed_at(world: World, snils: object) -> None:
    """Check digits, other scripts' digits and ends of lines are refused as wrong fields."""
    answer = world.client.call(NAME, {"snils": snils}, by=make.hr())
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/snils")


def test_the_worker_is_found_however_the_snils_is_typed(world: World) -> None:
    """The answer says who he is and where he stands; spaces and dashes do not matter."""
    worker, officer = make.person(last_name="Лукошкина", first_name="Вера"), make.hr()
    digits = worker.snils
    for typed in (digits, f"{digits[:3]}-{digits[3:6]}-{digits[6:9]} {digits[9:]}"):
        answer = world.client.call(NAME, {"snils": typed}, by=officer)
        assert answer.status == 200
        assert answer.json == {
            "person_id": worker.person_id,
            "last_name": "Лукошкина",
            "first_name": "Вера",
            "middle_name": None,
            "position": "врач",
        }


def test_the_journal_names_the_found_worker(world: World) -> None:
    """The search stands in the officer's journal with its subject, without the СНИЛС, and the worker can see it."""
    worker, officer = make.person(), make.hr()
    world.client.call(NAME, {"snils": worker.snils}, by=officer)
    (record,) = JournalRecord.query(officer.person_id)
    assert (record.kind, record.outcome, record.subject_id) == ("worker.found", "done", worker.person_id)
    assert record.organisation_id == make.HOSPITAL
    assert worker.snils not in str(record.serialize())
    views = world.client.call("list_views", by=worker).json["items"]
    assert [one["kind"] for one in views] == ["worker.found"]
    assert doors.journal(worker.person_id, NAME) == []
