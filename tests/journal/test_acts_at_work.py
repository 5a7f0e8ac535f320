"""A doctor acts for the organisation where he works, and there his acts are seen: from his sign-in to every view."""

from typing import Any

import doors
import logs
import make
import papers
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit.access import Role
from chalicelib.profile.schemas import CheckProfile

BOTH = [make.HOSPITAL, make.OTHER_HOSPITAL]


def recheck(world: World, who: make.Person) -> None:
    """Have the register asked about a person."""
    papers.send(CheckProfile(person_id=who.person_id))
    world.pump.drain()


def doctor(world: World, places: list[str]) -> make.Person:
    """Make a doctor of the register, as the last match has left him."""
    record = papers.registered(world, cards=[papers.card(organisation_id=one) for one in places])
    person = make.person(snils=record["snils"], works_at=None, signed_in=False)
    recheck(world, person)
    assert Account.get(person.person_id).workplaces == sorted(places)
    return person


def sign_in(world: World, who: make.Person, **said: Any) -> dict[str, Any]:
    """Sign a doctor in by password and SMS."""
    ticket = doors.ask_password(world, who.login)
    body = {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, who)}
    answer = world.client.call("finish_sign_in", body | said)
    assert answer.status == 201, answer.raw
    shown: dict[str, Any] = answer.json
    who.token = shown["token"]
    return shown


def seen_by_authority(world: World, organisation_id: str) -> set[tuple[str, str]]:
    """Return who did what by the view of an authority that has opened a check."""
    officer = logs.officer()
    check_id = logs.opened(world, officer, organisation_id=organisation_id)
    shown = logs.look(world, officer, check_id, logs.pointer(world, officer, check_id)).json["items"]
    return {(one["person_id"], one["operation"]) for one in shown}


def seen_by_hr(world: World, organisation_id: str) -> set[tuple[str, str]]:
    """Return who did what by the view of the staff department."""
    by = make.person(Role.HR, organisation_id, works_at=None)
    shown = world.client.call("list_organisation_journal", by=by, query={"limit": 100}).json["items"]
    return {(one["person_id"], one["operation"]) for one in shown}


@pytest.mark.parametrize("seen", [seen_by_authority, seen_by_hr])
def test_what_a_doctor_does_is_seen_where_he_works_and_nowhere_else(world: World, seen: Any) -> None:
    """With one workplace he chooses nothing: his sign-in and his call stand in its journal."""
    person = doctor(world, [make.HOSPITAL])
    assert sign_in(world, person)["session"]["organisation_id"] == make.HOSPITAL
    assert world.client.call("read_contacts", by=person).status == 200
    own = {(person.person_id, "finish_sign_in"), (person.person_id, "read_contacts")}
    assert own <= seen(world, make.HOSPITAL)
    assert not own & seen(world, make.OTHER_HOSPITAL)


def test_with_several_workplaces_one_is_chosen_before_anything_else(world: World) -> None:
    """Both are offered, nothing is done in no one's name, and the choice may be changed."""
    person = doctor(world, BOTH)
    shown = sign_in(world, person)
    assert (shown["session"]["organisation_id"], shown["session"]["due"]) == (None, "workplace")
    assert [one["organisation_id"] for one in shown["roles"]] == sorted(BOTH)
    assert world.client.call("read_contacts", by=person).code == "workplace-required"
    for place in BOTH:
        switched = world.client.call("switch_role", {"role": "worker", "organisation_id": place}, by=person)
        assert (switched.status, switched.json["session"]["due"]) == (201, "")
        person.token = switched.json["token"]
        assert world.client.call("read_contacts", by=person).status == 200
        assert (person.person_id, "read_contacts") in seen_by_hr(world, place)
    back = world.client.call("switch_role", {"role": "worker"}, by=person)
    assert back.json["session"]["due"] == "workplace"


def test_the_workplace_may_be_named_at_sign_in(world: World) -> None:
    """One of his own only."""
    person = doctor(world, BOTH)
    shown = sign_in(world, person, role="worker", organisation_id=make.OTHER_HOSPITAL)
    assert (shown["session"]["organisation_id"], shown["session"]["due"]) == (make.OTHER_HOSPITAL, "")
    elsewhere = {"role": "worker", "organisation_id": "1.2.643.5.1.13.13.12.2.77.9009"}
    assert world.client.call("switch_role", elsewhere, by=person).code == "role-not-held"


def test_who_leaves_one_of_two_places_loses_the_sessions_there(world: World) -> None:
    """Those at the other place go on; a dismissal from everywhere ends all."""
    person = doctor(world, BOTH)
    sign_in(world, person, role="worker", organisation_id=make.OTHER_HOSPITAL)
    left = person.token
    sign_in(world, person, role="worker", organisation_id=make.HOSPITAL)
    papers.registered(world, snils=person.snils, cards=[papers.card(organisation_id=make.HOSPITAL)])
    recheck(world, person)
    assert world.client.call("read_session", by=person).status == 200
    assert list(Account.get(person.person_id).sessions) == [person.token.split(".")[1]]
    person.token, kept = left, person.token
    assert world.client.call("read_session", by=person).code == "session-ended"
    papers.registered(world, snils=person.snils, cards=[papers.card(until="2020-01-31")])
    recheck(world, person)
    person.token = kept
    assert world.client.call("read_session", by=person).code == "session-ended"


def test_a_claimed_account_acts_for_nobody(world: World) -> None:
    """Who only knows a doctor's data leaves nothing in the journal of his hospital."""
    who = doors.applicant(world)
    person = doors.register(world, who)
    assert sign_in(world, person)["session"]["organisation_id"] is None
    assert person.person_id not in {one for one, _ in seen_by_hr(world, make.HOSPITAL)}


def test_a_dismissed_worker_keeps_his_other_roles(world: World) -> None:
    """The register's word ends the role that rests on it; an officer of кадры without it is never asked for it."""
    person = doctor(world, [make.HOSPITAL])
    office = {"role": "hr", "organisation_id": make.HOSPITAL}
    grants = [{"role": "worker", "organisation_id": None}, office]
    Account.get(person.person_id).update(
        actions=[Account.grants.set(grants), Account.register_state.set("not_working"), Account.workplaces.set([])]
    )
    shown = sign_in(world, person)
    assert [one["role"] for one in shown["roles"]] == ["hr"]
    assert world.client.call("switch_role", {"role": "worker"}, by=person).code == "role-not-held"


def test_who_is_no_worker_is_not_judged_by_the_register(world: World) -> None:
    """A pharmacist whom it does not know stays in, today and a day later."""
    person = make.person(Role.PHARMACY, make.HOSPITAL, works_at=None)
    for _ in range(2):
        recheck(world, person)
        Account.get(person.person_id).update(actions=[Account.matched_at.set(0)])
    assert Account.get(person.person_id).register_state == "working"
