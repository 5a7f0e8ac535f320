"""Beginning a change of contacts: codes go where they must, and nothing changes yet."""

from typing import Any

import make
import papers
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.trail.tables import JournalRecord

NEW_PHONE, NEW_EMAIL = "+79161234567", "new.doctor@example.ru"


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = papers.doctor(world)
    return make.Example(body={"channel": "sms", "phone": NEW_PHONE}, by=by, match=papers.contacts_tag(by))


def test_without_a_token_no_change_begins(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("start_contact_change", {"channel": "sms", "phone": NEW_PHONE}, match='"1"')
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_begins_no_change(world: World) -> None:
    """Only the role of a worker changes contacts here."""
    body = {"channel": "sms", "phone": NEW_PHONE}
    answer = world.client.call("start_contact_change", body, by=make.hr(), match='"1"')
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_claimed_person_begins_no_change(world: World) -> None:
    """Who is not proven yet deals with his draft profile only."""
    answer = papers.start(world, papers.doctor(world, assurance="claimed"), phone=NEW_PHONE)
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


@pytest.mark.parametrize(
    ("tag", "code"),
    [(None, "version-required"), ("*", "version-required"), ('W/"1"', "version-required"), ('"7"', "stale")],
)
def test_a_change_names_the_version_of_the_contacts(world: World, tag: str | None, code: str) -> None:
    """Whoever saw other contacts reads again."""
    body = {"channel": "sms", "phone": NEW_PHONE}
    assert world.client.call("start_contact_change", body, by=papers.doctor(world), match=tag).code == code


def test_all_wrong_contacts_are_named_at_once(world: World) -> None:
    """Each wrong field has its pointer; no code is sent."""
    worker = papers.doctor(world)
    wrong: dict[str, Any] = {
        "channel": "telegram",
        "phone": "+44 20 7946 0958",
        "email": "no address",
        "alternative_phone": "12",
        "workplace_address": "",
        "telegram": "a\nb",
        "whatsapp": "x",
    }
    answer = papers.start(world, worker, **wrong)
    assert (answer.status, answer.code) == (422, "wrong-fields")
    assert {one["pointer"] for one in answer.json["errors"]} == {f"/{name}" for name in wrong}
    assert world.codes(worker.phone) == []


@pytest.mark.parametrize("name", ["phone", "email"])
def test_phone_and_mail_cannot_be_cleared(world: World, name: str) -> None:
    """A worker is always reachable."""
    fields: dict[str, Any] = {name: None}
    answer = papers.start(world, papers.doctor(world), **fields)
    assert [one["pointer"] for one in answer.json["errors"]] == [f"/{name}"]


def test_a_change_to_the_same_is_no_change(world: World) -> None:
    """The stored phone in another spelling changes nothing, and no code is sent."""
    worker = papers.doctor(world)
    same = f"8 ({worker.phone[2:5]}) {worker.phone[5:]}"
    answer = papers.start(world, worker, phone=same, telegram=None)
    assert (answer.status, answer.code) == (422, "nothing-to-change")
    assert world.codes(worker.phone) == []


@pytest.mark.parametrize(("channel", "other"), [("sms", "email"), ("email", "sms")])
def test_the_first_code_goes_to_the_confirmed_channel_of_ones_choice(world: World, channel: str, other: str) -> None:
    """By SMS or by letter, never by both."""
    worker = papers.doctor(world)
    place = {"sms": worker.phone, "email": worker.email}
    answer = papers.start(world, worker, channel, workplace_address="Москва, Тихая улица, 1")
    assert (answer.status, answer.json["needed"]) == (202, ["code"])
    assert len(world.codes(place[channel])) == 1
    assert world.codes(place[other]) == []


def test_a_new_phone_and_a_new_mailbox_get_codes_of_their_own(world: World) -> None:
    """Three different codes: to the confirmed channel, to the new phone, to the new mailbox."""
    worker = papers.doctor(world)
    answer = papers.start(world, worker, "email", phone="8 916 123-45-67", email="New.Doctor@EXAMPLE.ru")
    assert answer.json["needed"] == ["code", "email_code", "phone_code"]
    assert len(world.codes(worker.email)) == len(world.codes(NEW_PHONE)) == 1
    assert len(world.codes("New.Doctor@example.ru")) == 1
    assert world.codes(worker.phone) == []


def test_nothing_changes_before_the_codes_come(world: World) -> None:
    """Contacts, their version and the waiting change show nothing of the new values."""
    worker = papers.doctor(world)
    before = papers.contacts(worker)
    papers.start(world, worker, phone=NEW_PHONE, email=NEW_EMAIL, telegram="@doctor_orlova")
    assert (papers.contacts(worker), papers.contacts_tag(worker)) == (before, '"1"')
    stored = "".join(papers.raw(model) for model in (Account, Outbox, JournalRecord))
    assert not any(value in stored for value in (NEW_PHONE, NEW_EMAIL, "@doctor_orlova", worker.phone, worker.email))


def test_the_journal_names_the_fields_that_are_to_change(world: World) -> None:
    """Names of fields, no values; refusals too."""
    worker = papers.doctor(world)
    papers.start(world, worker, phone=NEW_PHONE, viber="doctor", email=worker.email)
    papers.start(world, worker, email=worker.email)
    done, refused = papers.acts(worker)
    assert (done.kind, done.outcome, done.fields) == ("contacts.change_started", "done", ["phone", "viber"])
    assert refused.outcome == "nothing-to-change"
