"""The first step of registration: it answers and works alike for everybody, and never leaves half of itself behind."""

import time
from typing import Any

import doors
import make
import pytest
from conftest import World

from chalicelib.kit import clock, outside
from chalicelib.kit.records.tables import Breaker, Outbox
from chalicelib.registration.tables import RegistrationFlow


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=doors.applicant(world).body)


def _errors(world: World, **said: Any) -> dict[str, str]:
    answer = world.client.call("start_registration", doors.applicant(world).body | said)
    assert (answer.status, answer.code) == (422, "wrong-fields")
    return {one["pointer"]: one["code"] for one in answer.json["errors"]}


def _nothing_written() -> bool:
    return not [*RegistrationFlow.scan(), *Outbox.scan()]


def test_all_wrong_fields_are_named_at_once(world: World) -> None:
    """One answer points at every wrong, missing and unknown field."""
    body = {
        "snils": "112-233-445 96",
        "first_name": "Анна\n",
        "birth_date": "14.03.1984",
        "phone": "+1 202 555 0100",
        "email": "ivanova",
        "middle_name": "Петр\x00овна",
        "age": 42,
    }
    answer = world.client.call("start_registration", body)
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert {one["pointer"]: one["code"] for one in answer.json["errors"]} == {
        "/snils": "invalid",
        "/last_name": "required",
        "/first_name": "invalid",
        "/birth_date": "invalid",
        "/phone": "invalid",
        "/email": "invalid",
        "/middle_name": "invalid",
        "/age": "unknown",
    }
    assert _nothing_written()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("snils", "١١٢٢٣٣٤٤٥٩٥"),
        ("snils", "112-233-445 9S"),
        ("snils", "11223З44595"),
        ("snils", "11223344595\n"),
        ("snils", 11223344595),
        ("snils", "000-000-000 00"),
        ("phone", "+٧٩٠٠١٢٣٤٥٦٧"),
        ("phone", "+7900123456O"),
        ("email", "ivаnova@example.ru"),
        ("email", "ivanova@example.ru\n"),
        ("birth_date", "1984-02-30"),
        ("birth_date", "١٩٨٤-٠٣-١٤"),
        ("last_name", "Ива\u2028нова"),
        ("last_name", "Иванов4"),
        ("last_name", ""),
        ("last_name", None),
    ],
)
def test_a_field_typed_wrongly_is_pointed_at(world: World, field: str, typed: object) -> None:
    """Other scripts' digits, look-alike letters, ends of lines and empty values are refused where they stand."""
    assert _errors(world, **{field: typed}) == {f"/{field}": "invalid"}


def test_a_slow_register_is_not_waited_for(world: World) -> None:
    """The register's silence ends in a refusal within its time, nothing is written, and later it works."""
    who = doors.applicant(world)
    world.register.fault("slow", 10)
    began = time.monotonic()
    answer = world.client.call("start_registration", who.body)
    assert time.monotonic() - began < outside.BUDGET_SECONDS + 0.5
    assert (answer.status, answer.code) == (503, "register-unavailable")
    assert _nothing_written()
    world.register.fault("ok")
    assert world.client.call("start_registration", who.body).status == 202


@pytest.mark.parametrize("fault", ["down", "refusing"])
def test_without_the_register_nothing_is_begun(world: World, fault: str) -> None:
    """A register that hangs up or turns the cabinet away leaves neither a flow nor a message; the same key works later."""
    who, key = doors.applicant(world), make.key()
    world.register.fault(fault)
    answer = world.client.call("start_registration", who.body, idempotency=key)
    assert (answer.status, answer.code) == (503, "register-unavailable")
    assert _nothing_written()
    world.register.fault("ok")
    assert world.client.call("start_registration", who.body, idempotency=key).status == 202


def test_a_register_that_stutters_is_asked_twice(world: World) -> None:
    """One failed try within a call is made good by the second."""
    world.register.fault("flaky")
    statuses = {world.client.call("start_registration", doors.applicant(world).body).status for _ in range(3)}
    assert statuses == {202}


def test_a_register_that_keeps_failing_is_left_alone_for_a_while(world: World) -> None:
    """After five failures it is not asked until the pause is over; then one good answer brings it back."""
    who = doors.applicant(world)
    world.register.fault("down")
    for _ in range(outside.FAILURES_TO_OPEN):
        assert world.client.call("start_registration", who.body).code == "register-unavailable"
    world.register.fault("slow", 10)
    began = time.monotonic()
    assert world.client.call("start_registration", who.body).code == "register-unavailable"
    assert time.monotonic() - began < 0.5
    world.register.fault("ok")
    assert world.client.call("start_registration", who.body).code == "register-unavailable"
    clock.advance(outside.OPEN_SECONDS + 1)
    assert world.client.call("start_registration", who.body).status == 202
    breaker = Breaker.get("frmr")
    assert (int(breaker.failures), int(breaker.open_until)) == (0, 0)


def test_a_good_answer_forgets_earlier_failures(world: World) -> None:
    """Failures count only in a row: four, a success and four more do not close the door to the register."""
    who = doors.applicant(world)
    for _ in range(2):
        world.register.fault("down")
        for _ in range(outside.FAILURES_TO_OPEN - 1):
            world.client.call("start_registration", who.body)
        world.register.fault("ok")
        assert world.client.call("start_registration", who.body).status == 202


def test_everybody_gets_the_same_answer_for_the_same_work(world: World) -> None:
    """Status, shape, calls to the cloud and messages do not tell who is a worker, registered, dismissed or unknown."""
    seen = {}
    for name, made in doors.APPLICANTS.items():
        who = made(world)
        doors.start(world, doors.applicant(world))  # whatever is loaded once is loaded
        rows = Outbox.count()
        world.trips.start()
        answer = world.client.call("start_registration", who.body)
        calls = list(world.trips.calls)
        body = answer.json
        told = (body["next"], body["detail"], doors.shape(body), sorted(answer.headers))
        seen[name] = (answer.status, told, calls, Outbox.count() - rows)
    first = seen["matched"]
    assert (first[0], first[3]) == (202, 2)
    assert sum(one.startswith("dynamodb:") for one in first[2]) == 3
    assert seen == dict.fromkeys(doors.APPLICANTS, first)


@pytest.mark.parametrize("name", doors.APPLICANTS)
def test_both_contacts_get_a_code_of_their_own(world: World, name: str) -> None:
    """Phone and mailbox each get one code, whoever asks."""
    who = doors.APPLICANTS[name](world)
    doors.start(world, who)
    assert len(world.codes(who.phone)) == len(world.codes(who.email)) == 1


def test_spaces_dashes_and_letter_case_are_forgiven(world: World) -> None:
    """What a person types in his own way still finds him in the register."""
    who = doors.applicant(world)
    digits, phone = who.body["snils"], who.phone
    who.body |= {
        "snils": f"{digits[:3]}-{digits[3:6]}-{digits[6:9]} {digits[9:]}",
        "last_name": "  ИВАНОВА ",
        "phone": f"8 ({phone[2:5]}) {phone[5:8]}-{phone[8:10]}-{phone[10:]}",
    }
    flow = doors.start(world, who)
    who.body["phone"] = phone
    world.client.call("confirm_registration_contacts", doors.contact_codes(world, who, flow))
    world.client.call("complete_registration", doors.completion(flow))
    assert "Вы зарегистрированы" in world.sent(phone)[-1]


def test_a_latin_letter_in_a_name_is_another_name(world: World) -> None:
    """A look-alike letter of the other alphabet does not pass for the register's; only the channels tell so."""
    who = doors.applicant(world, last_name="Ивaнова")
    answer = world.client.call("complete_registration", doors.completion(doors.prove_contacts(world, who)))
    assert answer.status == 202
    assert "не совпали с регистром" in world.sent(who.phone)[-1]
    assert not doors.people()


def test_what_was_typed_does_not_stand_in_the_table(world: World) -> None:
    """СНИЛС, name, phone and address are unreadable in the flow."""
    who = doors.applicant(world)
    doors.start(world, who)
    (flow,) = RegistrationFlow.scan()
    raw = str(flow.serialize()).encode() + flow.sealed
    for typed in who.body.values():
        assert str(typed).encode() not in raw
    assert flow.until <= clock.epoch() + 600


def test_the_security_journal_keeps_starts_and_refusals(world: World) -> None:
    """Callers are not known yet, so each call stands in the security journal."""
    world.client.call("start_registration", doors.applicant(world).body)
    world.client.call("start_registration", {})
    assert doors.unknown_callers("start_registration") == ["done", "wrong-fields"]
