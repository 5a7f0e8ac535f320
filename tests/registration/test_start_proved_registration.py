"""Who has proved himself opens a cabinet, and takes it from whoever opened it in his name."""

from datetime import date
from typing import Any

import doors
import make
import msgspec
import pytest
from conftest import World

from chalicelib.accounts.tables import Account, Employment, Reservation
from chalicelib.kit import clock, ids, secret
from chalicelib.profile.schemas import open_profile
from chalicelib.profile.tables import Profile
from chalicelib.registration.tables import RegistrationFlow
from chalicelib.sign_in.schemas import Proof, give

NAME = "start_proved_registration"


def ticket(who: doors.Applicant, **said: Any) -> str:
    """Return the ticket of a person whom a door has proved."""
    facts: dict[str, Any] = {"door": "esia", "strong": True, "birth_date": date.fromisoformat(who.body["birth_date"])}
    names = {name: who.body[name] for name in ("snils", "last_name", "first_name", "middle_name")}
    (found,) = [Reservation.get(f"snils#{secret.look_up('snils', names['snils'])}").person_id] if _has(names) else [""]
    return give(
        "proved", found, nonce=ids.token(), at=clock.epoch(), proof=msgspec.to_builtins(Proof(**facts | names | said))
    )


def _has(names: dict[str, str]) -> bool:
    return Reservation.count(f"snils#{secret.look_up('snils', names['snils'])}") == 1


def body(who: doors.Applicant, **said: Any) -> dict[str, Any]:
    """Write the first step of a proved person."""
    return {"ticket": ticket(who), "phone": who.phone, "email": who.email} | said


def example(world: World) -> make.Example:
    """Return a valid request: of a doctor in whose name somebody has opened a cabinet and a session."""
    who = doors.applicant(world)
    theirs = {"phone": f"+7916{who.phone[-7:]}", "email": f"x{who.email}"}
    impostor = doors.register(world, doors.Applicant(who.body | theirs, {}))
    doors.sign_in(world, impostor)
    return make.Example(body=body(who))


def open_cabinet(world: World, who: doors.Applicant, **said: Any) -> make.Person:
    """Go all the way from the proof to the account."""
    begun = world.client.call(NAME, body(who, **said))
    assert begun.status == 202, begun.raw
    flow = begun.json["flow"]
    assert world.client.call("confirm_registration_contacts", doors.contact_codes(world, who, flow)).status == 200
    done = world.client.call("complete_registration", doors.completion(flow, password=None))
    assert done.status == 202, done.raw
    return doors.registered(world, who)


def test_other_tickets_are_refused(world: World) -> None:
    """Neither a password's ticket nor a damaged or old one opens a cabinet."""
    who = doors.applicant(world)
    for wrong in (doors.ask_login(world, "nobody"), "AAAA", ticket(who)[:-4] + "AAAA"):
        assert world.client.call(NAME, body(who, ticket=wrong)).code == "sign-in-expired"
    said = body(who)
    clock.advance(901)
    assert world.client.call(NAME, said).code == "sign-in-expired"


def test_who_is_not_in_the_register_is_told_so(world: World) -> None:
    """A proved person may know what the register says of him; nothing is begun."""
    answer = world.client.call(NAME, body(doors.applicant(world, listed=False)))
    assert (answer.status, answer.code) == (409, "not-in-register")
    assert world.client.call(NAME, body(doors.applicant(world, until="2020-01-31"))).code == "not-in-register"
    assert world.pump.drain() is None or not world.pump.sent


def test_a_register_that_is_down_costs_nothing(world: World) -> None:
    """The same ticket serves again when the register answers."""
    who = doors.applicant(world)
    said = body(who)
    world.register.fault("down")
    assert world.client.call(NAME, said).code == "register-unavailable"
    world.register.fault("ok")
    clock.advance(60)
    assert world.client.call(NAME, said).status == 202


def test_a_proof_serves_once(world: World) -> None:
    """The second flow from one proof is refused, also when twenty come at once."""
    said = body(doors.applicant(world))
    codes = [one.status for one in doors.together(20, lambda: world.client.call(NAME, said))]
    assert sorted(set(codes)) in ([202, 409], [202, 409, 503])
    assert codes.count(202) == 1


def test_whoever_has_a_confirmed_cabinet_is_sent_to_it(world: World) -> None:
    """A second cabinet is not opened, and nothing of the first changes."""
    who = doors.applicant(world)
    person = make.person(snils=who.body["snils"])
    before = Account.get(person.person_id).serialize()
    assert world.client.call(NAME, body(who)).code == "account-exists"
    assert Account.get(person.person_id).serialize() == before


def test_a_signature_does_not_tell_the_birth_date(world: World) -> None:
    """Then it is asked; the register's own is what counts for a worker."""
    who = doors.applicant(world)
    said = body(who, ticket=ticket(who, door="signature", birth_date=None))
    answer = world.client.call(NAME, said)
    assert [one["pointer"] for one in answer.json["errors"]] == ["/birth_date"]
    assert world.client.call(NAME, said | {"birth_date": who.body["birth_date"]}).status == 202


@pytest.mark.parametrize("door", ["signature", "oidc"])
def test_patients_come_by_esia_only(world: World, door: str) -> None:
    """By another door they are told the way, nothing is begun, and the proof stays good for a worker."""
    who = doors.applicant(world)
    said = body(who, ticket=ticket(who, door=door))
    answer = world.client.call(NAME, said | {"role": "patient"})
    assert (answer.status, answer.code) == (409, "patients-come-by-esia")
    assert "через Госуслуги" in answer.json["detail"]
    assert not list(RegistrationFlow.scan())
    assert world.client.call(NAME, said).status == 202


@pytest.mark.parametrize("role", ["worker", "patient"])
def test_a_proved_person_gets_a_confirmed_cabinet_without_a_password(world: World, role: str) -> None:
    """He is confirmed at once, in his role; a worker's data are the register's, with his employments."""
    who = doors.applicant(world, listed=role == "worker")
    person = open_cabinet(world, who, role=role)
    account = Account.get(person.person_id)
    assert (account.assurance, account.grants[0]["role"]) == ("confirmed", role)
    assert not account.password_hash
    assert len(list(Employment.query(person.person_id))) == (role == "worker")
    assert open_profile(Profile.get(person.person_id)).last_name == who.body["last_name"]
    finished = world.client.call("finish_sign_in", {"ticket": ticket(who)})
    assert finished.json["session"]["role"] == role


def test_impostor_first_doctor_second(world: World) -> None:
    """From the doctor's first step on nothing of the impostor's opens anything; the cabinet becomes the doctor's."""
    who = doors.applicant(world)
    theirs = doors.Applicant(who.body | {"phone": "+79161234567", "email": "x@example.ru"}, {})
    impostor = doors.register(world, theirs)
    doors.sign_in(world, impostor)
    recovery = world.client.call("start_recovery", {"login": impostor.login, "channel": "sms"}).json["flow"]
    recovery_code = world.codes(impostor.phone)[-1]
    half = {"ticket": doors.ask_password(world, impostor.login), "kind": "sms"}
    half["code"] = doors.ask_code(world, half["ticket"], impostor)
    assert world.client.call("finish_sign_in", {"ticket": ticket(who)}).code == "account-not-confirmed"
    flow = world.client.call(NAME, body(who)).json["flow"]
    _nothing_opens(world, impostor, half, {"flow": recovery, "code": recovery_code})
    world.client.call("confirm_registration_contacts", doors.contact_codes(world, who, flow))
    world.client.call("complete_registration", doors.completion(flow, password=None))
    _nothing_opens(world, impostor, half, {"flow": recovery, "code": recovery_code})
    assert not world.sent(impostor.phone)[-1].startswith("Кабинет открыт")
    clock.advance(1)  # a proof given in the second of the ending belongs to what has ended
    person = world.client.call("finish_sign_in", {"ticket": ticket(who)}).json
    assert person["session"]["identity"] == "confirmed"
    assert Account.get(impostor.person_id).login == impostor.login
    assert ("identity.confirmed", "done") in doors.journal(impostor.person_id, NAME)


def _nothing_opens(world: World, impostor: make.Person, half: dict[str, Any], recovery: dict[str, Any]) -> None:
    assert world.client.call("read_session", by=impostor).code == "session-ended"
    assert world.client.call("finish_sign_in", half).code == "sign-in-expired"
    login = doors.ask_login(world, impostor.login)
    assert world.client.call("check_password", {"ticket": login, "password": make.PASSWORD}).code == "password-wrong"
    answer = world.client.call("finish_recovery", recovery | {"password": "Sovsem-Drugoj-77"})
    assert answer.status >= 400, answer.raw


def test_the_impostor_cannot_hold_the_doctors_phone(world: World) -> None:
    """When the impostor had named the doctor's own number, it is free for the doctor at once."""
    who = doors.applicant(world)
    doors.register(world, who)
    person = open_cabinet(world, who)
    assert Account.get(person.person_id).contacts is not None


def test_a_phone_of_somebody_else_is_told_only_to_the_proven_contact(world: World) -> None:
    """The first answer is the same; the last message says that the number is taken."""
    other, who = make.person(), doors.applicant(world)
    said = doors.Applicant(who.body | {"phone": other.phone}, who.record)
    begun = world.client.call(NAME, body(said))
    assert begun.status == 202
    world.client.call("confirm_registration_contacts", doors.contact_codes(world, said, begun.json["flow"]))
    world.client.call("complete_registration", doors.completion(begun.json["flow"], password=None))
    assert "телефон уже подтверждён" in world.sent(who.email)[-1]
