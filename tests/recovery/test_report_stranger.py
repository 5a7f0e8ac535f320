"""«Это не я»: the number from the letter closes the access, once or twice, and the owner learns how to come back."""

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.schemas import NOT_ME_SECONDS, TellOwner
from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, outbox, ticket
from chalicelib.kit.records.tables import Session
from chalicelib.kit.trail.tables import SecurityRecord

NAME = "report_stranger"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"number": number(world, make.person())})


def number(world: World, who: make.Person) -> str:
    """Return the number that stands in a letter to the owner."""
    outbox.row(TellOwner(person_id=who.person_id, subject="Вход", text="Вход", not_me=True), "0" * 32).save()
    return world.sent(who.email)[-1].partition("/not-me/#")[2].strip()


def report(world: World, told: str) -> make.Answer:
    """Report a stranger."""
    return world.client.call(NAME, {"number": told})


@pytest.mark.parametrize("told", ["x", "AAAA", "psn_" + "0" * 32])
def test_what_is_no_number_closes_nothing(world: World, told: str) -> None:
    """A made-up number is refused."""
    answer = report(world, told)
    assert (answer.status, answer.code) == (409, "report-ended")


def test_a_ticket_of_another_door_closes_nothing(world: World) -> None:
    """What sign-in or recovery gives out is no such number."""
    person = make.person()
    for told in (doors.ask_login(world, person.login), returns.start(world, person.login)):
        assert report(world, told).code == "report-ended"
    assert Account.get(person.person_id).blocked is None


def test_after_a_week_the_number_has_ended(world: World) -> None:
    """It works in its last minute and not after it."""
    person, late = make.person(), make.person()
    first, second = number(world, person), number(world, late)
    clock.advance(NOT_ME_SECONDS - 60)
    assert report(world, first).status == 200
    clock.advance(61)
    assert report(world, second).code == "report-ended"


def test_a_number_of_nobody_is_not_found(world: World) -> None:
    """Whose account is gone has nothing to close."""
    told = ticket.seal("not_me", 600, person="psn_" + "0" * 32)
    assert report(world, told).code == "not-found"


def test_everything_open_ends_and_nothing_else_is_lost(world: World) -> None:
    """Sessions and sign-ins under way end; password, factors and contacts stay."""
    person = make.person()
    ticket_ = doors.ask_password(world, person.login)
    code = doors.ask_code(world, ticket_, person)
    before = Account.get(person.person_id)
    assert report(world, number(world, person)).status == 200
    assert world.client.call("read_session", by=person).code == "session-ended"
    finish = {"ticket": ticket_, "kind": "sms", "code": code}
    assert world.client.call("finish_sign_in", finish).code == "sign-in-expired"
    after = Account.get(person.person_id)
    assert after.blocked is not None
    assert after.blocked["by"] == "owner"
    assert not [one for one in Session.scan() if one.person_id == person.person_id]
    for name in ("password_hash", "contacts", "totp", "grants", "consent_version"):
        assert getattr(after, name) == getattr(before, name)


def test_a_strangers_recovery_under_way_dies(world: World) -> None:
    """Codes that he has in his hands fit no more."""
    person = make.person()
    strangers = returns.proved(world, person, "both")
    report(world, number(world, person))
    assert world.client.call("finish_recovery", strangers).code == "code-wrong"


def test_the_owner_comes_back_by_both_channels(world: World) -> None:
    """He is told how on both, and it works."""
    person = make.person()
    report(world, number(world, person))
    for text in (world.sent(person.phone)[-1], world.sent(person.email)[-1]):
        assert "из SMS и из письма вместе" in text
    assert world.client.call("finish_recovery", returns.proved(world, person, "both")).status == 200
    assert Account.get(person.person_id).blocked is None
    assert doors.ask_password(world, person.login, returns.NEW)


def test_a_second_press_changes_nothing_and_says_the_same(world: World) -> None:
    """Same answer, no second message, the moment of the block stays."""
    person = make.person()
    told = number(world, person)
    first, sent, before = report(world, told), len(world.sent(person.phone)), Account.get(person.person_id)
    clock.advance(60)
    again = report(world, told)
    assert (again.status, again.raw) == (200, first.raw)
    assert len(world.sent(person.phone)) == sent
    assert Account.get(person.person_id).serialize() == before.serialize()


def test_an_officers_block_does_not_become_the_owners(world: World) -> None:
    """Else a stranger with a letter could open by codes what security had closed."""
    person = make.person()
    told = number(world, person)
    returns.block(person, "officer")
    assert report(world, told).status == 200
    blocked = Account.get(person.person_id).blocked
    assert blocked is not None
    assert blocked["by"] == "officer"


def test_a_block_by_the_watch_does_not_disarm_the_number(world: World) -> None:
    """Who knows the password and brings about the watch's block would else keep his session in spite of the owner."""
    person = make.person()
    told = number(world, person)
    returns.block(person, "suspicion")
    assert report(world, told).status == 200
    assert world.client.call("read_session", by=person).code == "session-ended"
    blocked = Account.get(person.person_id).blocked
    assert blocked is not None
    assert blocked["by"] == "owner"


def test_parallel_presses_tell_the_owner_once(world: World) -> None:
    """Many at once close once."""
    person = make.person()
    told = number(world, person)
    sent = len(world.sent(person.phone))
    statuses = {one.status for one in doors.together(8, lambda: report(world, told))}
    assert 200 in statuses <= {200, 503}
    assert len(world.sent(person.phone)) == sent + 1


def test_owner_and_security_see_the_report(world: World) -> None:
    """The owner's journal keeps it, the security journal every press, without the number."""
    person = make.person()
    told = number(world, person)
    report(world, told)
    report(world, told)
    assert doors.journal(person.person_id, NAME) == [("access.stranger_reported", "done")]
    assert doors.unknown_callers(NAME) == ["done", "done"]
    assert told not in str([one.serialize() for one in SecurityRecord.scan()])
