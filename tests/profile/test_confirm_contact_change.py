"""Confirming a change of contacts by codes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import make
import papers
import pytest
from conftest import World

from chalicelib.accounts.tables import Account, Reservation
from chalicelib.kit import clock, secret
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.trail.tables import JournalRecord

NEW_PHONE, NEW_EMAIL = "+79161234567", "new.doctor@example.ru"


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = papers.doctor(world)
    papers.start(world, by, workplace_address="Москва, Тихая улица, 1")
    return make.Example(body={"code": world.codes(by.phone)[-1]}, by=by)


def begun(world: World, **fields: Any) -> tuple[make.Person, dict[str, str]]:
    """Make a worker who has begun a change, and return him with the codes that he got."""
    worker = papers.doctor(world)
    assert papers.start(world, worker, **fields).status == 202
    return worker, typed(world, worker)


def typed(world: World, worker: make.Person) -> dict[str, str]:
    """Return the codes that have come, as they are typed."""
    found = {"code": worker.phone, "phone_code": NEW_PHONE, "email_code": NEW_EMAIL}
    return {name: world.codes(place)[-1] for name, place in found.items() if world.codes(place)}


def confirm(world: World, worker: make.Person, codes: dict[str, str]) -> make.Answer:
    """Type the codes."""
    return world.client.call("confirm_contact_change", codes, by=worker)


def other_than(code: str) -> str:
    """Return a wrong code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def reserved(phone: str) -> str | None:
    """Return the person for whom a phone is reserved."""
    found = list(Reservation.query(f"phone#{secret.look_up('phone', phone)}"))
    return str(found[0].person_id) if found else None


def test_without_a_token_no_change_is_confirmed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("confirm_contact_change", {"code": "123456"})
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_confirms_no_change(world: World) -> None:
    """Only the role of a worker changes contacts here."""
    answer = confirm(world, make.hr(), {"code": "123456"})
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_claimed_person_confirms_no_change(world: World) -> None:
    """Who is not proven yet deals with his draft profile only."""
    answer = confirm(world, papers.doctor(world, assurance="claimed"), {"code": "123456"})
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_codes_of_another_person_do_not_fit(world: World) -> None:
    """A code belongs to the person whose change it is."""
    _, codes = begun(world, telegram="@one")
    worker, own = begun(world, telegram="@two")
    if codes != own:
        assert confirm(world, worker, codes).code == "code-wrong"
    assert papers.contacts(worker).telegram is None


def test_without_a_begun_change_there_is_nothing_to_confirm(world: World) -> None:
    """A code out of nowhere is told to begin anew; so is one used before."""
    worker, codes = begun(world, telegram="@one")
    assert confirm(world, papers.doctor(world), {"code": "123456"}).code == "contact-change-missing"
    assert confirm(world, worker, codes).status == 200
    again = confirm(world, worker, codes)
    assert (again.status, again.code) == (409, "contact-change-missing")


@pytest.mark.parametrize("name", ["code", "phone_code", "email_code"])
def test_each_code_is_needed(world: World, name: str) -> None:
    """With one of three codes wrong or missing the contacts stay as they are."""
    worker, codes = begun(world, phone=NEW_PHONE, email=NEW_EMAIL)
    before = papers.contacts(worker)
    answer = confirm(world, worker, codes | {name: other_than(codes[name])})
    assert (answer.status, answer.code) == (422, "code-wrong")
    less = confirm(world, worker, {one: code for one, code in codes.items() if one != name})
    assert less.status == 422
    assert (papers.contacts(worker), papers.contacts_tag(worker)) == (before, '"1"')
    assert reserved(worker.phone) == worker.person_id
    assert confirm(world, worker, codes).status == 200


def test_a_code_for_one_place_does_not_serve_another(world: World) -> None:
    """The code of the new phone is no proof for the confirmed channel."""
    worker, codes = begun(world, phone=NEW_PHONE)
    swapped = {"code": codes["phone_code"], "phone_code": codes["code"]}
    if swapped != codes:
        assert confirm(world, worker, swapped).code == "code-wrong"


def test_after_five_wrong_codes_the_right_one_is_too_late(world: World) -> None:
    """Tries belong to the hour, not to the code: a new change brings no new ones; the next hour does."""
    papers.begin_period(3600)
    worker, codes = begun(world, telegram="@one")
    for _ in range(5):
        assert confirm(world, worker, {"code": other_than(codes["code"])}).code == "code-wrong"
    late = confirm(world, worker, codes)
    assert (late.status, late.code, late.headers["Retry-After"]) == (429, "too-many-tries", "3600")
    papers.start(world, worker, telegram="@two")
    assert confirm(world, worker, typed(world, worker)).code == "too-many-tries"
    assert papers.contacts(worker).telegram is None
    papers.begin_period(3600)
    make.sign_in(worker)
    papers.start(world, worker, telegram="@three")
    assert confirm(world, worker, typed(world, worker)).status == 200


def test_parallel_guesses_get_no_more_than_five_tries(world: World) -> None:
    """Tries are counted before a code is compared, so thirty guesses at once are still five."""
    papers.begin_period(3600)
    worker, codes = begun(world, telegram="@one")
    wrong = {"code": other_than(codes["code"])}
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: confirm(world, worker, wrong).code, range(30)))
    assert sorted(set(answers)) == ["code-wrong", "too-many-tries"]
    assert answers.count("code-wrong") == 5


def test_codes_live_ten_minutes(world: World) -> None:
    """In the last second they serve, a moment later they do not."""
    worker, codes = begun(world, telegram="@one")
    late, late_codes = begun(world, telegram="@two")
    clock.advance(590)
    assert confirm(world, worker, codes).status == 200
    clock.advance(11)
    answer = confirm(world, late, late_codes)
    assert (answer.status, answer.code) == (409, "contact-change-missing")
    assert papers.contacts(late).telegram is None


def test_a_new_beginning_makes_the_former_codes_void(world: World) -> None:
    """Only the codes of the last change count, and only its values come."""
    worker, first = begun(world, telegram="@one")
    papers.start(world, worker, telegram="@two")
    second = typed(world, worker)
    if first != second:
        assert confirm(world, worker, first).code == "code-wrong"
    assert confirm(world, worker, second).status == 200
    assert papers.contacts(worker).telegram == "@two"


def test_a_phone_of_another_person_is_refused(world: World) -> None:
    """Who proves a number that belongs to another account is told so; nothing moves."""
    other = papers.doctor(world)
    worker = papers.doctor(world)
    papers.start(world, worker, phone=other.phone)
    codes = {"code": world.codes(worker.phone)[-1], "phone_code": world.codes(other.phone)[-1]}
    answer = confirm(world, worker, codes)
    assert (answer.status, answer.code) == (409, "phone-taken")
    assert papers.contacts(worker).phone == worker.phone
    assert (reserved(worker.phone), reserved(other.phone)) == (worker.person_id, other.person_id)


def test_right_codes_change_the_contacts_and_settle_the_review(world: World) -> None:
    """Absent fields stay, null clears, the version grows by one, and the answer is the whole new view."""
    worker, codes = begun(world, phone=NEW_PHONE, email=NEW_EMAIL, alternative_phone="+79167654321", telegram="@one")
    clock.advance(60)
    answer = confirm(world, worker, codes)
    assert answer.status == 200
    assert (answer.json["phone"], answer.json["email"], answer.json["telegram"]) == (NEW_PHONE, NEW_EMAIL, "@one")
    assert papers.is_recent(answer.json["reviewed_at"])
    assert answer.headers["ETag"] == papers.contacts_tag(worker) == '"2"'
    worker.phone = NEW_PHONE
    papers.start(world, worker, alternative_phone=None)
    assert confirm(world, worker, {"code": world.codes(NEW_PHONE)[-1]}).status == 200
    after = papers.contacts(worker)
    assert (after.alternative_phone, after.telegram, after.email) == (None, "@one", NEW_EMAIL)


@pytest.mark.parametrize("changed", [{"phone": NEW_PHONE}, {"email": NEW_EMAIL}])
def test_a_new_phone_or_mailbox_brings_new_recovery_codes(world: World, changed: dict[str, str]) -> None:
    """The former ten prove nothing any more, the new ones are shown once and do."""
    worker = papers.doctor(world)
    former = world.client.call("renew_recovery_codes", by=worker).json["recovery_codes"]
    assert papers.start(world, worker, **changed).status == 202
    shown = confirm(world, worker, typed(world, worker)).json["recovery_codes"]
    assert len(shown) == len(former) == 10
    answer = world.client.call("step_up", {"kind": "recovery", "code": former[0]}, by=worker)
    assert answer.code == "code-wrong"
    assert world.client.call("step_up", {"kind": "recovery", "code": shown[0]}, by=worker).status == 200


def test_other_contacts_and_who_had_none_bring_no_recovery_codes(world: World) -> None:
    """A messenger is no factor; nobody gets codes that he has not asked for."""
    worker = papers.doctor(world)
    former = world.client.call("renew_recovery_codes", by=worker).json["recovery_codes"]
    papers.start(world, worker, telegram="@one")
    assert confirm(world, worker, typed(world, worker)).json["recovery_codes"] == []
    assert world.client.call("step_up", {"kind": "recovery", "code": former[0]}, by=worker).status == 200
    other, codes = begun(world, phone="+79035554411")
    codes["phone_code"] = world.codes("+79035554411")[-1]
    assert confirm(world, other, codes).json["recovery_codes"] == []


def test_the_old_number_is_free_afterwards(world: World) -> None:
    """The reservation moves with the phone: another person may take the old one."""
    worker, codes = begun(world, phone=NEW_PHONE)
    confirm(world, worker, codes)
    assert (reserved(NEW_PHONE), reserved(worker.phone)) == (worker.person_id, None)
    other = papers.doctor(world)
    papers.start(world, other, "email", phone=worker.phone)
    codes = {"code": world.codes(other.email)[-1], "phone_code": world.codes(worker.phone)[-1]}
    assert confirm(world, other, codes).status == 200
    assert reserved(worker.phone) == other.person_id


def test_the_former_contacts_are_told(world: World) -> None:
    """Whoever held phone and mailbox before learns of the change, without the new values."""
    worker, codes = begun(world, phone=NEW_PHONE, email=NEW_EMAIL)
    confirm(world, worker, codes)
    for place in (worker.phone, worker.email):
        told = world.sent(place)[-1]
        assert "изменены" in told
        assert not any(value in told for value in (NEW_PHONE, NEW_EMAIL))


def test_messengers_are_stored_and_nothing_is_ever_sent_there(world: World) -> None:
    """Messages leave only for the phone and the mailbox."""
    worker, codes = begun(world, telegram="@doctor", viber="+79161112233", other_messenger="MAX: doctor")
    confirm(world, worker, codes)
    papers.change(world, worker, organisation_ogrn=papers.OGRN)
    world.pump.drain()
    stored = papers.contacts(worker)
    assert (stored.telegram, stored.viber, stored.other_messenger) == ("@doctor", "+79161112233", "MAX: doctor")
    assert {one["to"] for one in world.pump.sent} == {worker.phone, worker.email}
    assert {one["channel"] for one in world.pump.sent} == {"sms", "email"}
    assert {one.channel for one in Outbox.scan()} <= {"sms", "email", "check", "register"}


def test_the_register_learns_of_a_new_phone_and_mailbox_once(world: World) -> None:
    """One change with both; messengers and a repeated request bring nothing more."""
    worker, codes = begun(world, phone=NEW_PHONE, email=NEW_EMAIL, telegram="@doctor")
    key = make.key()
    answers = [world.client.call("confirm_contact_change", codes, by=worker, idempotency=key) for _ in range(2)]
    assert [one.status for one in answers] == [200, 200]
    assert answers[0].raw == answers[1].raw
    world.pump.drain()
    assert papers.changes(world, worker.snils) == [{"phone": NEW_PHONE, "email": NEW_EMAIL}]
    worker.phone = NEW_PHONE
    papers.start(world, worker, telegram="@other")
    confirm(world, worker, {"code": world.codes(NEW_PHONE)[-1]})
    world.pump.drain()
    assert len(papers.changes(world, worker.snils)) == 1


def test_the_journal_names_fields_and_refusals_and_no_values(world: World) -> None:
    """Neither phone, mail, messenger nor code stands in the journal, the account, the outbox or the answers kept."""
    worker, codes = begun(world, phone=NEW_PHONE, email=NEW_EMAIL, telegram="@doctor_orlova")
    confirm(world, worker, codes | {"code": other_than(codes["code"])})
    confirm(world, worker, codes)
    refused, done = papers.acts(worker)[1:]
    assert (refused.kind, refused.outcome, refused.fields) == ("contacts.changed", "code-wrong", [])
    assert (done.kind, done.outcome, done.fields) == ("contacts.changed", "done", ["phone", "email", "telegram"])
    stored = papers.raw(JournalRecord) + papers.raw(Account) + papers.raw(Outbox)
    secrets = (NEW_PHONE, NEW_EMAIL, "@doctor_orlova", worker.phone, worker.email)
    assert not any(value in stored for value in secrets)
    assert not any(f"'{code}'" in stored for code in codes.values())
