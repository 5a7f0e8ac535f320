"""From ЕСИА's page to the session, and what becomes of whoever had opened the cabinet before."""

from typing import Any

import doors
import esia_door
import make
import pytest
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


def _impostor(world: World, person: str) -> tuple[make.Person, dict[str, Any]]:
    """Let somebody register with a person's data, sign in, begin a second sign-in and a recovery; returns all of it."""
    said = _person_of_the_sandbox(world, person)
    body = {name: said[name] for name in ("snils", "last_name", "first_name", "middle_name", "birth_date")}
    theirs = doors.Applicant(body | {"phone": "+79161234567", "email": "impostor@example.ru"}, said)
    impostor = doors.register(world, theirs)
    doors.sign_in(world, impostor)
    half = {"ticket": doors.ask_password(world, impostor.login), "kind": "sms"}
    half["code"] = doors.ask_code(world, half["ticket"], impostor)
    recovery = world.client.call("start_recovery", {"login": impostor.login, "channel": "email"}).json["flow"]
    back = {"flow": recovery, "code": world.codes(impostor.email)[-1], "password": "Sovsem-Drugoj-77"}
    return impostor, {"half": half, "recovery": back, "applicant": body}


def _nothing_opens(world: World, impostor: make.Person, left: dict[str, Any]) -> None:
    assert world.client.call("read_session", by=impostor).code == "session-ended"
    assert world.client.call(NAME, left["half"]).code == "sign-in-expired"
    again = {"ticket": doors.ask_login(world, impostor.login), "password": make.PASSWORD}
    assert world.client.call("check_password", again).code == "password-wrong"
    assert world.client.call("finish_recovery", left["recovery"]).code == "code-wrong"
    account = Account.get(impostor.person_id)
    assert not any((account.contacts, account.totp, account.passkeys, account.recovery_codes, account.password_hash))


def _come(world: World, person: str, step: str) -> make.Answer:
    """Come through ЕСИА and take one step with the proof."""
    ticket = _prove(world, person)["ticket"]
    more = {"channel": "sms"} if step == "send_sign_in_code" else {}
    return world.client.call(step, {"ticket": ticket} | more)


@pytest.mark.parametrize(
    ("person", "step"),
    [
        ("officer", NAME),
        ("cardiologist", NAME),
        ("cardiologist", "send_sign_in_code"),
        ("cardiologist", "offer_factors"),
    ],
)
def test_the_doctor_s_first_step_after_esia_ends_the_impostor(world: World, person: str, step: str) -> None:
    """By one factor at ЕСИА or two, whatever step comes first, and though the register is down: all is over, journalled."""
    impostor, left = _impostor(world, person)
    world.register.fault("down")
    answer = _come(world, person, step)
    assert (answer.status, answer.code) == (409, "account-not-confirmed")
    _nothing_opens(world, impostor, left)
    assert ("identity.confirmed", "done") in doors.journal(impostor.person_id, step)
    ended = Account.get(impostor.person_id).serialize()
    assert _come(world, person, step).code == "account-not-confirmed"
    assert Account.get(impostor.person_id).serialize() == ended  # there was nothing left to end


def test_an_impostor_who_is_quicker_for_a_moment_is_ended_at_the_second_try(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session opened between reading and writing makes the answer «busy», never a refusal that ended nothing."""
    impostor, left = _impostor(world, "officer")
    body = {"ticket": _prove(world)["ticket"]}
    doors.overtake(monkeypatch, lambda: world.client.call(NAME, left["half"]))
    assert world.client.call(NAME, body).code == "busy"
    assert world.client.call(NAME, body).code == "account-not-confirmed"
    _nothing_opens(world, impostor, left)


def test_the_answer_of_esia_promises_nothing_that_the_next_step_refuses(world: World) -> None:
    """Whose cabinet it is comes out at the next step only."""
    _impostor(world, "officer")
    assert _prove(world)["detail"] == "Личность подтверждена. Завершите вход."


def test_the_doctor_goes_on_to_a_cabinet_of_his_own(world: World) -> None:
    """From the refusal to registration with the same proof; nothing of the impostor's opens anything afterwards."""
    impostor, left = _impostor(world, "officer")
    ticket = _prove(world)["ticket"]
    assert world.client.call(NAME, {"ticket": ticket}).code == "account-not-confirmed"
    mine = {"ticket": ticket, "phone": "+79261112233", "email": "doctor@example.ru"}
    flow = world.client.call("start_proved_registration", mine).json["flow"]
    who = doors.Applicant(left["applicant"] | {"phone": mine["phone"], "email": mine["email"]}, {})
    codes = doors.contact_codes(world, who, flow)
    assert world.client.call("confirm_registration_contacts", codes).status == 200
    assert world.client.call("complete_registration", doors.completion(flow, password=None)).status == 202
    assert world.client.call("read_session", by=impostor).code == "session-ended"
    assert world.client.call(NAME, left["half"]).code == "sign-in-expired"
    clock.advance(1)
    opened = world.client.call(NAME, {"ticket": _prove(world)["ticket"]})
    assert (opened.status, opened.json["session"]["identity"]) == (201, "confirmed")
