"""Кадры have seen the passport: an impostor who came first keeps nothing, the worker begins afresh."""

import json
from dataclasses import replace
from typing import Any

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.schemas import ACTIVATION_SECONDS, POLICY_VERSION
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.records.tables import Outbox, Session
from chalicelib.kit.trail.tables import JournalRecord

NAME = "confirm_identity"
NEW = "Letnij-Les-2027"


def example(world: World) -> make.Example:
    """Return a valid request."""
    worker = make.person(assurance="claimed", signed_in=False)
    return _request(worker, make.hr())


def _request(worker: make.Person, officer: make.Person, **said: str) -> make.Example:
    return make.Example(
        body={"phone": worker.phone, "email": worker.email} | said,
        by=officer,
        match=Account.get(worker.person_id).etag,
        path_values={"person_id": worker.person_id},
    )


def _everything() -> list[str]:
    """Return all that an account consists of, in one comparable form."""
    items = [*Account.scan(), *Reservation.scan(), *Outbox.scan()]
    return sorted(json.dumps(one.serialize(), default=str) for one in items)


def _activate(world: World, who: make.Person) -> make.Answer:
    """Set a password by the letter that кадры's confirmation sent and the code asked for by it."""
    return world.client.call(
        "activate_account", doors.activation(world, who) | {"password": NEW, "policy_version": POLICY_VERSION}
    )


def test_without_a_token_nobody_is_confirmed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_confirms_nobody(world: World) -> None:
    """The role of a worker is not enough, for colleagues and for himself."""
    made = example(world)
    answer = world.client.run(NAME, made, by=make.person())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


@pytest.mark.parametrize("works_at", [make.OTHER_HOSPITAL, None])
def test_a_worker_of_another_organisation_is_not_found(world: World, works_at: str | None) -> None:
    """Who does not work here by the register cannot be confirmed here, and nothing changes."""
    worker = make.person(assurance="claimed", works_at=works_at)
    made = _request(worker, make.hr())
    before = _everything()
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.code) == (404, "not-found")
    assert _everything() == before


@pytest.mark.parametrize(
    ("match", "status", "code"),
    [
        (None, 428, "version-required"),
        ("*", 428, "version-required"),
        ('W/"1"', 428, "version-required"),
        ("1", 428, "version-required"),
        ('"٢"', 428, "version-required"),
        ('"99"', 412, "stale"),
        ('"1", "2"', 428, "version-required"),
    ],
)
def test_the_present_version_must_be_named(world: World, match: str | None, status: int, code: str) -> None:
    """Without the strong tag of the present version nothing happens."""
    made = example(world)
    before = _everything()
    answer = world.client.run(NAME, made, match=match)
    assert (answer.status, answer.code) == (status, code)
    assert _everything() == before


def test_a_change_in_between_makes_the_card_stale(world: World) -> None:
    """When the account changed after the card was read, кадры read it again."""
    worker, officer = make.person(assurance="claimed", signed_in=False), make.hr()
    made = _request(worker, officer)
    doors.sign_in(world, worker)
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.code) == (412, "stale")
    assert world.client.run(NAME, _request(worker, officer)).status == 200
    assert world.client.call("read_session", by=worker).code == "session-ended"


def test_the_factor_of_the_officer_must_be_fresh(world: World) -> None:
    """Ten minutes after the second factor it is asked again."""
    made = example(world)
    clock.advance(601)
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.code) == (403, "fresh-factor-required")


def test_nobody_confirms_himself(world: World) -> None:
    """An officer is confirmed by another officer."""
    officer = make.hr()
    answer = world.client.run(NAME, _request(officer, officer))
    assert (answer.status, answer.code) == (409, "confirming-oneself")


def test_a_proven_person_is_not_begun_again(world: World) -> None:
    """A confirmed worker keeps his access, whatever кадры send."""
    worker = make.person()
    answer = world.client.run(NAME, _request(worker, make.hr(), phone="+79001112233"))
    assert (answer.status, answer.code) == (409, "identity-already-confirmed")
    assert world.client.call("read_session", by=worker).status == 200


def test_a_taken_phone_leaves_nothing_half_written(world: World) -> None:
    """Somebody else's number is refused and neither account changes."""
    worker, other = make.person(assurance="claimed"), make.person()
    made = _request(worker, make.hr(), phone=other.phone)
    before = _everything()
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.code) == (409, "phone-taken")
    assert _everything() == before
    assert world.client.call("read_session", by=worker).status == 200


def test_all_wrong_contacts_are_named(world: World) -> None:
    """Phone and mail are both pointed at."""
    answer = world.client.run(NAME, example(world), body={"phone": "+1 202 555 0100", "email": "почта", "fax": "1"})
    assert {one["pointer"] for one in answer.json["errors"]} == {"/phone", "/email", "/fax"}


def test_whatever_the_impostor_had_opens_nothing(world: World) -> None:
    """Impostor first, doctor second: sessions, password, app, codes, tickets, contacts and edits of the first are gone."""
    who = doors.applicant(world)
    impostor = doors.register(world, who)
    doors.sign_in(world, impostor)
    impostor.totp = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    Account.get(impostor.person_id).update(actions=[Account.totp.set(impostor.key.seal("account/totp", impostor.totp))])
    profile = world.client.call("read_profile", by=impostor)
    edit = {"last_name": "Самозванцева", "inn": "500100732259"}
    edited = world.client.call("change_profile", edit, by=impostor, match=profile.headers["ETag"])
    assert edited.status == 200
    tickets = {
        "login": doors.ask_login(world, impostor.login),
        "password": doors.ask_password(world, impostor.login),
    }
    code = doors.ask_code(world, tickets["password"], impostor)

    doctor = replace(impostor, phone="+79001112233", email="doctor@example.ru", totp="")
    assert world.client.run(NAME, _request(doctor, make.hr())).status == 200

    for name in ("read_session", "read_profile"):
        assert world.client.call(name, by=impostor).code == "session-ended"
    assert not [one for one in Session.scan() if one.person_id == impostor.person_id]
    by_password = {"ticket": tickets["login"], "password": make.PASSWORD}
    assert world.client.call("check_password", by_password).code == "password-wrong"
    with_code = {"ticket": tickets["password"], "kind": "sms", "code": code}
    assert world.client.call("finish_sign_in", with_code).code == "sign-in-expired"
    with_app = {"ticket": tickets["password"], "kind": "totp", "code": make.totp_code(impostor)}
    assert world.client.call("finish_sign_in", with_app).code == "sign-in-expired"
    more = {"ticket": tickets["password"], "channel": "sms"}
    assert world.client.call("send_sign_in_code", more).code == "sign-in-expired"

    sent = len(world.sent(impostor.phone))
    assert _activate(world, doctor).status == 200
    assert world.client.call("check_password", by_password).code == "password-wrong"
    doors.sign_in(world, doctor, NEW)
    assert len(world.sent(impostor.phone)) == sent
    session, shown = (world.client.call(name, by=doctor).json for name in ("read_session", "read_profile"))
    assert session["identity"] == "confirmed"
    assert (shown["last_name"], shown["inn"], shown["status"]) == ("Иванова", None, "not_checked")
    account = Account.get(doctor.person_id)
    assert account.totp is None
    kept = [one.what for one in Reservation.scan() if one.person_id == doctor.person_id]
    assert sorted(one.split("#")[0] for one in kept) == ["phone", "snils"]


def test_the_impostor_cannot_use_up_the_tries_of_the_doctor(world: World) -> None:
    """A ticket from before the confirmation costs the proven person none of his tries."""
    impostor = make.person(assurance="claimed", signed_in=False)
    doors.at_hour_start()
    ticket = doors.ask_password(world, impostor.login)
    assert world.client.run(NAME, _request(impostor, make.hr())).status == 200
    for _ in range(5):
        with_code = {"ticket": ticket, "kind": "sms", "code": "000000"}
        assert world.client.call("finish_sign_in", with_code).code == "sign-in-expired"
    assert _activate(world, impostor).status == 200


def test_the_profile_after_the_passport_is_the_registers(world: World) -> None:
    """The name is spelled as in the register, not as an applicant had typed it."""
    who = doors.applicant(world, last_name="ИВАНОВА", first_name="анна", middle_name="петровна")
    doctor = doors.register(world, who)
    assert world.client.run(NAME, _request(doctor, make.hr())).status == 200
    _activate(world, doctor)
    doors.sign_in(world, doctor, NEW)
    shown = world.client.call("read_profile", by=doctor).json
    assert [shown[name] for name in ("last_name", "first_name", "middle_name")] == ["Иванова", "Анна", "Петровна"]


def test_the_phone_given_up_is_free_and_the_new_one_taken(world: World) -> None:
    """Reservations follow the change of number."""
    worker = make.person(assurance="claimed", signed_in=False)
    doctor = replace(worker, phone="+79001112233")
    assert world.client.run(NAME, _request(doctor, make.hr())).status == 200
    first, second = (make.person(assurance="claimed", signed_in=False) for _ in range(2))
    officer = make.hr()
    assert world.client.run(NAME, _request(first, officer, phone=worker.phone)).status == 200
    assert world.client.run(NAME, _request(second, officer, phone=doctor.phone)).code == "phone-taken"


def test_contacts_do_not_count_before_the_worker_proved_them(world: World) -> None:
    """Between confirmation and activation nobody can sign in, and the card shows no contacts."""
    made = example(world)
    world.client.run(NAME, made)
    card = world.client.call("read_worker", by=made.by, person_id=made.path_values["person_id"]).json
    assert (card["identity"], card["phone"], card["email"]) == ("confirmed", None, None)
    account = Account.get(made.path_values["person_id"])
    body = {"ticket": doors.ask_login(world, account.login), "password": make.PASSWORD}
    assert world.client.call("check_password", body).code == "password-wrong"


def test_a_letter_that_was_not_used_in_time_can_be_sent_again(world: World) -> None:
    """When the letter was lost, кадры confirm once more, as the refusal of the old letter advises."""
    worker = make.person(assurance="claimed", signed_in=False)
    officer = make.hr()
    assert world.client.run(NAME, _request(worker, officer)).status == 200
    world.pump.drain()
    clock.advance(ACTIVATION_SECONDS + 1)
    body = {"activation": doors.letter(world, worker), "code": "000000"}
    answer = world.client.call("activate_account", body | {"password": NEW, "policy_version": POLICY_VERSION})
    assert answer.code == "activation-ended"
    make.sign_in(officer, Role.HR, make.HOSPITAL)
    assert world.client.run(NAME, _request(worker, officer)).status == 200
    assert _activate(world, worker).status == 200


def test_a_newer_letter_ends_the_one_before(world: World) -> None:
    """By the first letter neither a code is sent nor an account activated any more."""
    worker = make.person(assurance="claimed", signed_in=False)
    officer = make.hr()
    assert world.client.run(NAME, _request(worker, officer)).status == 200
    first = doors.activation(world, worker)
    assert world.client.run(NAME, _request(worker, officer)).status == 200
    world.client.call("send_activation_code", {"activation": first["activation"]})
    assert len(world.codes(worker.phone)) == 1
    body = first | {"password": NEW, "policy_version": POLICY_VERSION}
    assert world.client.call("activate_account", body).code == "activation-ended"
    assert _activate(world, worker).status == 200


def test_the_confirmation_sends_a_letter_and_no_code(world: World) -> None:
    """A code would wait for days; it is sent when it is asked for."""
    made = example(world)
    assert world.client.run(NAME, made).status == 200
    assert world.sent(made.body["phone"]) == []
    (letter,) = world.sent(made.body["email"])
    assert "код в SMS" in letter


def test_two_officers_at_once_confirm_once(world: World) -> None:
    """One letter leaves, whoever presses at the same time."""
    worker = make.person(assurance="claimed", signed_in=False)
    made = _request(worker, make.hr())
    statuses = [one.status for one in doors.together(8, lambda: world.client.run(NAME, made))]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 409, 412, 503}
    assert len(world.sent(worker.email)) == 1


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer and one letter, though the version is another by now."""
    made, key = example(world), make.key()
    first, again = (world.client.run(NAME, made, idempotency=key) for _ in range(2))
    assert (again.status, again.raw) == (200, first.raw)
    assert len(world.sent(made.body["email"])) == 1


def test_officer_and_worker_see_the_confirmation_in_their_journals(world: World) -> None:
    """The officer's record names the worker and no values; the worker sees who dealt with his account."""
    worker, officer = make.person(assurance="claimed", signed_in=False), make.hr()
    assert world.client.run(NAME, _request(worker, officer)).status == 200
    (record,) = JournalRecord.query(officer.person_id)
    seen: dict[str, Any] = record.serialize()
    assert (record.kind, record.outcome, record.subject_id) == ("identity.confirmed", "done", worker.person_id)
    assert worker.phone not in str(seen)
    _activate(world, worker)
    doors.sign_in(world, worker, NEW)
    views = world.client.call("list_views", by=worker).json["items"]
    assert [(one["kind"], one["role"]) for one in views] == [("identity.confirmed", "hr")]


def test_a_refused_confirmation_stands_in_the_officers_journal(world: World) -> None:
    """Refusals are recorded too."""
    officer = make.hr()
    world.client.run(NAME, _request(make.person(assurance="claimed"), officer), match='"99"')
    assert doors.journal(officer.person_id, NAME) == [("identity.confirmed", "stale")]
