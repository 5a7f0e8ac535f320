"""A proven person becomes a worker, if the register knows his work, or a patient, if ЕСИА has named him."""

from datetime import date

import doors
import make
import offices
import papers
import pytest
from conftest import World

from chalicelib.accounts.tables import Account, Employment
from chalicelib.kit.access import Role

NAME = "take_own_role"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"role": "worker"}, by=known(world))


def known(world: World, *, until: str | None = None) -> make.Person:
    """Make an officer of кадры whose work the register knows."""
    who = doors.applicant(world, until=until)
    names = {name: who.body[name] for name in ("last_name", "first_name", "middle_name")}
    born = date.fromisoformat(who.body["birth_date"])
    return make.person(Role.HR, make.HOSPITAL, works_at=None, snils=who.body["snils"], birth_date=born, **names)


def test_without_a_token_no_role_is_taken(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.run(NAME, example(world), by=None).code == "not-signed-in"


def test_a_role_that_is_held_is_refused(world: World) -> None:
    """A worker is one already."""
    assert world.client.call(NAME, {"role": "worker"}, by=papers.doctor(world)).code == "role-already-held"


@pytest.mark.parametrize("role", ["hr", "admin", "security"])
def test_no_other_role_is_taken_by_oneself(world: World, role: str) -> None:
    """The others come by invitation."""
    assert world.client.call(NAME, {"role": role}, by=known(world)).code == "wrong-fields"


def test_whom_the_register_does_not_know_or_has_dismissed_is_no_worker(world: World) -> None:
    """Nothing is written."""
    for person in (make.hr(), known(world, until="2020-01-31")):
        answer = world.client.call(NAME, {"role": "worker"}, by=person)
        assert (answer.status, answer.code) == (409, "not-in-register")
        assert [one["role"] for one in Account.get(person.person_id).grants] == ["hr"]


def test_a_silent_register_makes_no_worker(world: World) -> None:
    """The person is told to try later."""
    person = known(world)
    world.register.fault("down")
    assert world.client.call(NAME, {"role": "worker"}, by=person).code == "register-unavailable"
    assert [one["role"] for one in Account.get(person.person_id).grants] == ["hr"]


@pytest.mark.parametrize("door", ["password", "passkey", "oidc", "signature"])
def test_a_patient_comes_by_esia_only(world: World, door: str) -> None:
    """By another door the role is not taken."""
    person = offices.proved(make.person(), door)
    answer = world.client.call(NAME, {"role": "patient"}, by=person)
    assert (answer.status, answer.code) == (403, "esia-sign-in-required")
    assert world.client.call(NAME, {"role": "patient"}, by=offices.proved(person)).status == 200


def test_an_officer_becomes_a_worker_and_acts_at_his_workplace(world: World) -> None:
    """His other role stays; the worker's works in the same sign-in, and the owner is told."""
    person = known(world)
    answer = world.client.call(NAME, {"role": "worker"}, by=person)
    assert (answer.status, answer.json["role"]) == (200, "worker")
    account = Account.get(person.person_id)
    assert [one["role"] for one in account.grants] == ["hr", "worker"]
    assert account.workplaces == [make.HOSPITAL]
    (employed,) = Employment.query(person.person_id)
    assert employed.organisation_id == make.HOSPITAL
    assert "новая роль" in world.sent(person.phone)[-1]
    person.token = world.client.call("switch_role", {"role": "worker"}, by=person).json["token"]
    assert world.client.call("read_contacts", by=person).status == 200


def test_of_many_presses_one_takes_the_role(world: World) -> None:
    """The account lists it once."""
    person = known(world)
    answers = doors.together(6, lambda: world.client.call(NAME, {"role": "worker"}, by=person))
    assert [one.status for one in answers].count(200) == 1
    assert [one["role"] for one in Account.get(person.person_id).grants] == ["hr", "worker"]


def test_the_journal_names_the_role(world: World) -> None:
    """A taken role and a refused one are written down."""
    person = known(world)
    world.client.call(NAME, {"role": "worker"}, by=person)
    world.client.call(NAME, {"role": "patient"}, by=person)
    assert doors.journal(person.person_id, NAME) == [("role.taken", "done"), ("role.taken", "esia-sign-in-required")]
