"""Changing the profile: a merge patch under a version, and the check that saving starts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import make
import papers
import pytest
from conftest import World

from chalicelib.kit.records.tables import Idempotency, Outbox
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.tables import Profile


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = papers.doctor(world)
    return make.Example(body={"organisation_ogrn": papers.OGRN}, by=by, match=papers.profile(by).etag)


def test_without_a_token_nothing_changes(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("change_profile", {"speciality": "Терапия"}, match='"1"')
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_changes_no_profile(world: World) -> None:
    """Only the role of a worker edits a profile."""
    answer = world.client.call("change_profile", {"speciality": "Терапия"}, by=make.hr(), match='"1"')
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_worker_without_a_profile_has_nothing_to_change(world: World) -> None:
    """A missing profile looks like any missing record."""
    worker = papers.doctor(world)
    papers.profile(worker).delete()
    answer = world.client.call("change_profile", {"speciality": "Терапия"}, by=worker, match='"1"')
    assert (answer.status, answer.code) == (404, "not-found")


@pytest.mark.parametrize("tag", [None, "*", 'W/"1"', "1", '""', '"x"', ""])
def test_a_change_without_a_strong_version_is_refused(world: World, tag: str | None) -> None:
    """No If-Match, any version and a weak version are all told to name the exact one."""
    worker = papers.doctor(world)
    answer = world.client.call("change_profile", {"speciality": "Хирургия"}, by=worker, match=tag)
    assert (answer.status, answer.code) == (428, "version-required")
    assert papers.data(worker).speciality == "Терапия"


@pytest.mark.parametrize("tag", ['"0"', '"2"', '"01"', '"1", "2"'])
def test_a_change_of_another_version_is_refused(world: World, tag: str) -> None:
    """Whoever read an older version reads again; nothing is overwritten."""
    worker = papers.doctor(world)
    answer = world.client.call("change_profile", {"speciality": "Хирургия"}, by=worker, match=tag)
    assert answer.status in {412, 428}
    assert papers.data(worker).speciality == "Терапия"


def test_all_wrong_fields_are_named_at_once(world: World) -> None:
    """Each wrong field has its pointer and a Russian sentence; nothing is saved, not even the good ones."""
    worker = papers.doctor(world)
    wrong: dict[str, Any] = {
        "last_name": None,
        "first_name": "1!",
        "birth_date": "32.13.1999",
        "inn": "500100732250",
        "qualification": "третья",
        "licence_number": "L041-01137-77/00584930",
        "organisation_ogrn": "1",
        "ogrnip": "304500116000150",
        "personnel_number": "",
        "snils": worker.snils,
        "speciality": "Хирургия",
    }
    answer = papers.change(world, worker, **wrong)
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert {one["pointer"] for one in answer.json["errors"]} == {f"/{name}" for name in wrong} - {"/speciality"}
    assert all(one["detail"] for one in answer.json["errors"])
    assert papers.data(worker).speciality == "Терапия"


@pytest.mark.parametrize("same", [{}, {"speciality": "Терапия"}, {"inn": papers.INN, "last_name": "Воробьёва"}])
def test_a_patch_that_changes_nothing_is_refused(world: World, same: dict[str, str]) -> None:
    """An empty patch and one with the stored values say the same: nothing to change."""
    worker = papers.doctor(world)
    answer = papers.change(world, worker, **same)
    assert (answer.status, answer.code) == (422, "nothing-to-change")
    assert papers.profile(worker).etag == '"1"'


def test_absent_fields_stay_and_null_clears(world: World) -> None:
    """A merge patch touches only what it names; the answer is the whole new view with its version."""
    worker = papers.doctor(world)
    before = papers.data(worker)
    answer = papers.change(world, worker, middle_name=None, inn="500-100-7322 59", speciality=" Хирургия ")
    assert answer.status == 200
    after = papers.data(worker)
    assert (after.middle_name, after.inn, after.speciality) == (None, papers.INN, "Хирургия")
    kept = ("snils", "last_name", "first_name", "birth_date", "personnel_number", "qualification", "licence_number")
    assert all(getattr(after, name) == getattr(before, name) for name in kept)
    assert answer.headers["ETag"] == papers.profile(worker).etag == '"2"'
    assert (answer.json["speciality"], answer.json["middle_name"]) == ("Хирургия", None)


def test_saving_starts_a_check_that_confirms_by_itself(world: World) -> None:
    """The status goes over «На проверке» to «Подтверждено» without a button."""
    worker = papers.doctor(world)
    answer = papers.change(world, worker, organisation_ogrn=papers.OGRN)
    assert (answer.json["status"], answer.json["status_name"]) == ("on_check", "На проверке")
    world.pump.drain()
    shown = world.client.call("read_profile", by=worker).json
    assert (shown["status_name"], shown["last_check"]["result_name"]) == ("Подтверждено", "Данные подтверждены")


def test_a_mistake_is_named_and_mending_it_confirms(world: World) -> None:
    """A difference becomes «Требует исправления» with the field; the next save repeats the check."""
    worker = papers.doctor(world)
    papers.change(world, worker, personnel_number="999")
    world.pump.drain()
    shown = world.client.call("read_profile", by=worker).json
    assert (shown["status_name"], shown["last_check"]["result_name"]) == ("Требует исправления", "Требуется уточнение")
    assert [one["title"] for one in shown["last_check"]["remarks"]] == ["Табельный номер"]
    papers.change(world, worker, personnel_number="1042")
    world.pump.drain()
    assert papers.profile(worker).status == "confirmed"


def test_an_edit_ends_a_confirmed_status(world: World) -> None:
    """What was confirmed is on check again as soon as anything changes."""
    worker = papers.doctor(world)
    papers.check(world, worker)
    assert papers.profile(worker).status == "confirmed"
    assert papers.change(world, worker, qualification="высшая").json["status"] == "on_check"
    world.pump.drain()
    assert papers.profile(worker).status == "needs_correction"


def test_a_check_that_ends_meanwhile_makes_no_copy_stale(world: World) -> None:
    """The version counts edits only: the next field is saved with the tag of the answer to the last one."""
    worker = papers.doctor(world)
    first = papers.change(world, worker, organisation_ogrn=papers.OGRN)
    world.pump.drain()
    second = world.client.call("change_profile", {"inn": None}, by=worker, match=first.headers["ETag"])
    assert (second.status, papers.profile(worker).etag) == (200, '"3"')


def test_a_claimed_person_edits_his_draft_and_nothing_is_checked(world: World) -> None:
    """Who is not proven yet may write; the register is not asked about him."""
    claimed = papers.doctor(world, assurance="claimed")
    answer = papers.change(world, claimed, organisation_ogrn=papers.OGRN)
    assert (answer.status, answer.json["status"]) == (200, "not_checked")
    assert papers.rows("check") == []
    world.pump.drain()
    stored = papers.profile(claimed)
    assert stored.status == "not_checked"
    assert stored.result is None


def test_a_worker_of_an_organisation_only_proposes_a_licence_number(world: World) -> None:
    """The licence is the organisation's: a new number waits for its word, and no number has no state."""
    worker = papers.doctor(world, licence_state="confirmed")
    assert papers.change(world, worker, speciality="Хирургия").json["licence_state"] == "confirmed"
    answer = papers.change(world, worker, licence_number=papers.OTHER_LICENCE)
    assert (answer.json["licence_number"], answer.json["licence_state"]) == (papers.OTHER_LICENCE, "proposed")
    assert papers.change(world, worker, licence_number=None).json["licence_state"] == "none"


def test_an_entrepreneur_needs_nobody_for_his_licence_once_the_register_knows_him(world: World) -> None:
    """A typed ОГРНИП alone proves nothing; when the register has the same one, the check confirms the number."""
    known = next(
        one for one in world.register.people() if one["ogrnip"] and one["specialities"] and one["qualification"]
    )
    card = known["cards"][0]
    worker = make.person(
        works_at=None,
        **{name: known[name] for name in ("snils", "last_name", "first_name", "middle_name", "qualification")},
        birth_date=date.fromisoformat(known["birth_date"]),
        speciality=known["specialities"][0],
        personnel_number=card["personnel_number"],
    )
    answer = papers.change(world, worker, licence_number=card["licence_number"], ogrnip=papers.OGRNIP)
    assert answer.json["licence_state"] == "proposed"
    answer = papers.change(world, worker, ogrnip=known["ogrnip"])
    assert answer.json["licence_state"] == "proposed"
    answer = world.client.call("check_profile", by=worker, match=answer.headers["ETag"])
    assert (answer.json["status"], answer.json["licence_state"]) == ("confirmed", "confirmed")


def test_the_stored_profile_holds_no_plain_text(world: World) -> None:
    """Neither the profile nor anything written with it shows a name, a number or a СНИЛС."""
    worker = papers.doctor(world)
    papers.change(world, worker, personnel_number="таб-777", licence_number=papers.OTHER_LICENCE)
    stored = "".join(papers.raw(model) for model in (Profile, Outbox, JournalRecord, Idempotency))
    for value in (worker.snils, "Воробьёва", "Алёна", "1985-04-02", papers.INN, "таб-777", papers.OTHER_LICENCE):
        assert value not in stored


def test_of_fifty_parallel_edits_of_one_version_exactly_one_is_applied(world: World) -> None:
    """The others are told that the record has changed, or that it is busy; the version moves by one."""
    worker = papers.doctor(world)

    def edit(number: int) -> make.Answer:
        return world.client.call("change_profile", {"personnel_number": f"n-{number}"}, by=worker, match='"1"')

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(edit, range(50)))
    applied = [number for number, answer in enumerate(answers) if answer.status == 200]
    assert len(applied) == 1
    assert {answer.status for answer in answers} <= {200, 409, 412, 503}
    assert papers.profile(worker).etag == '"2"'
    assert papers.data(worker).personnel_number == f"n-{applied[0]}"
    assert len(papers.rows("check")) == 1
    assert len([one for one in papers.acts(worker) if one.outcome == "done"]) == 1


def test_a_repeated_request_gets_the_first_answer_and_changes_nothing_more(world: World) -> None:
    """With a key of repetition the second sending is answered from the first; with another body it is refused."""
    worker = papers.doctor(world)
    request: dict[str, Any] = {"by": worker, "match": '"1"', "headers": {"Idempotency-Key": make.key()}}
    first = world.client.call("change_profile", {"speciality": "Хирургия"}, **request)
    again = world.client.call("change_profile", {"speciality": "Хирургия"}, **request)
    assert (first.status, again.raw) == (200, first.raw)
    assert papers.profile(worker).etag == '"2"'
    other = world.client.call("change_profile", {"speciality": "Терапия"}, **request)
    assert (other.status, other.code) == (422, "idempotency-key-reused")


def test_the_journal_names_changed_fields_and_no_values(world: World) -> None:
    """One record an attempt: with the names of fields when done, with the code when refused."""
    worker = papers.doctor(world)
    papers.change(world, worker, speciality="Хирургия", middle_name=None, last_name="Воробьёва")
    world.client.call("change_profile", {"speciality": "Терапия"}, by=worker, match='"1"')
    papers.change(world, worker, inn="1")
    assert papers.outcomes(worker) == [("profile.changed", one) for one in ("done", "stale", "wrong-fields")]
    assert [one.fields for one in papers.acts(worker)] == [["middle_name", "speciality"], [], []]
    assert "Хирургия" not in papers.raw(JournalRecord)
