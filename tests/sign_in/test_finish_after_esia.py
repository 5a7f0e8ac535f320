"""From ЕСИА's page to the session, and what becomes of whoever had opened the cabinet before."""

from typing import Any

import doors
import esia_door
import make
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock

NAME = "finish_sign_in"


def _prove(world: World, person: str = "officer") -> dict[str, Any]:
    answer = world.client.call("prove_esia_identity", esia_door.proof(world, person))
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = answer.json
    return found


def _person_of_the_sandbox(world: World, person: str) -> dict[str, Any]:
    """Return what the register holds of a person of ЕСИА's sandbox."""
    (known,) = [one for one in world.esia.people() if one["key"] == person]
    snils = "".join(one for one in known["snils"] if one.isdigit())
    return next(one for one in world.register.people() if one["snils"] == snils)


def test_a_second_factor_at_esia_is_enough(world: World) -> None:
    """A doctor with a confirmed cabinet is in at once, and his factor is as fresh as it was there."""
    said = _person_of_the_sandbox(world, "officer")
    make.person(snils=said["snils"])
    proved = _prove(world)
    assert (proved["next"], proved["factor_needed"]) == ("finish_sign_in", False)
    opened = world.client.call(NAME, {"ticket": proved["ticket"]})
    assert (opened.status, opened.json["session"]["door"]) == (201, "esia")


def test_a_session_open_at_esia_for_an_hour_is_no_fresh_factor(world: World) -> None:
    """The sign-in holds, and whatever is dangerous asks for a factor now."""
    said = _person_of_the_sandbox(world, "officer")
    person = make.person(snils=said["snils"], signed_in=False)
    world.esia.fault("old-session")
    person.token = world.client.call(NAME, {"ticket": _prove(world)["ticket"]}).json["token"]
    assert world.client.call("read_session", by=person).status == 200
    assert world.client.call("end_other_sessions", by=person).code == "fresh-factor-required"


def test_after_the_doctor_comes_through_esia_nothing_of_the_impostor_opens(world: World) -> None:
    """Session, half a sign-in, password, app and recovery end with the doctor's first step, and stay ended."""
    said = _person_of_the_sandbox(world, "officer")
    body = {name: said[name] for name in ("snils", "last_name", "first_name", "middle_name", "birth_date")}
    theirs = doors.Applicant(body | {"phone": "+79161234567", "email": "impostor@example.ru"}, said)
    impostor = doors.register(world, theirs)
    doors.sign_in(world, impostor)
    half = {"ticket": doors.ask_password(world, impostor.login), "kind": "sms"}
    half["code"] = doors.ask_code(world, half["ticket"], impostor)
    assert world.client.call(NAME, {"ticket": _prove(world)["ticket"]}).code == "account-not-confirmed"
    mine = {"ticket": _prove(world)["ticket"], "phone": "+79261112233", "email": "doctor@example.ru"}
    flow = world.client.call("start_proved_registration", mine).json["flow"]
    for _ in range(2):
        assert world.client.call("read_session", by=impostor).code == "session-ended"
        assert world.client.call(NAME, half).code == "sign-in-expired"
        again = {"ticket": doors.ask_login(world, impostor.login), "password": make.PASSWORD}
        assert world.client.call("check_password", again).code == "password-wrong"
        who = doors.Applicant(body | {"phone": mine["phone"], "email": mine["email"]}, said)
        if Account.get(impostor.person_id).contacts is None:
            codes = doors.contact_codes(world, who, flow)
            assert world.client.call("confirm_registration_contacts", codes).status == 200
            done = world.client.call("complete_registration", doors.completion(flow, password=None))
            assert done.status == 202
    clock.advance(1)
    opened = world.client.call(NAME, {"ticket": _prove(world)["ticket"]})
    assert (opened.status, opened.json["session"]["identity"]) == (201, "confirmed")
