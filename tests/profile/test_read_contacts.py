"""Reading one's own contacts."""

import make
import papers
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.trail.tables import JournalRecord

DAY = 24 * 3600


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=papers.doctor(world))


def test_without_a_token_contacts_are_not_shown(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("read_contacts")
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_does_not_read_them(world: World) -> None:
    """Only the role of a worker reads contacts."""
    answer = world.client.call("read_contacts", by=make.hr())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_claimed_person_does_not_read_them(world: World) -> None:
    """Who is not proven yet deals with his draft profile only."""
    answer = world.client.call("read_contacts", by=papers.doctor(world, assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_the_owner_sees_his_contacts_and_their_version(world: World) -> None:
    """Empty fields are shown as empty; the entity tag is that of the contacts."""
    worker = papers.doctor(world)
    answer = world.client.call("read_contacts", by=worker)
    assert (answer.status, answer.headers["ETag"]) == (200, papers.contacts_tag(worker))
    assert (answer.json["phone"], answer.json["email"]) == (worker.phone, worker.email)
    assert (answer.json["telegram"], answer.json["workplace_address"], answer.json["review_due"]) == (None, None, False)


def test_after_ninety_days_a_review_is_due(world: World) -> None:
    """A quarter without a look at the contacts is shown."""
    worker = papers.doctor(world)
    clock.advance(90 * DAY - 60)
    make.sign_in(worker)
    assert world.client.call("read_contacts", by=worker).json["review_due"] is False
    clock.advance(60)
    assert world.client.call("read_contacts", by=worker).json["review_due"] is True


def test_stored_contacts_and_the_journal_hold_no_plain_text(world: World) -> None:
    """Neither the account nor the record of the look shows phone or mail."""
    worker = papers.doctor(world)
    world.client.call("read_contacts", by=worker)
    assert papers.outcomes(worker) == [("contacts.read", "done")]
    stored = papers.raw(Account) + papers.raw(JournalRecord)
    assert worker.phone not in stored
    assert worker.email not in stored
