"""Closing one's own account: at once, with work handed over, and never the last guardian's."""

import doors
import make
import offices
import pytest
from conftest import World

from chalicelib.accounts.tables import Account, HandOver
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.records.tables import Session
from chalicelib.kit.trail.tables import JournalRecord

NAME = "close_own_account"
DAY = 86_400


def example(world: World) -> make.Example:
    """Return a valid request."""
    body = {"hand_over_to": make.person(signed_in=False).person_id, "organisation_id": make.HOSPITAL}
    return make.Example(body=body, by=make.person())


def test_without_a_token_nothing_closes(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_stale_factor_closes_nothing(world: World) -> None:
    """Eleven minutes after the factor it is asked again."""
    made = example(world)
    clock.advance(660)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


@pytest.mark.parametrize("missing", ["hand_over_to", "organisation_id"])
def test_a_colleague_and_the_organisation_go_together(world: World, missing: str) -> None:
    """One without the other says nothing."""
    made = example(world)
    del made.body[missing]
    answer = world.client.run(NAME, made)
    assert [one["pointer"] for one in answer.json["errors"]] == [f"/{missing}"]


@pytest.mark.parametrize("to", ["himself", "elsewhere", "closed", "nobody"])
def test_work_goes_to_a_colleague_only(world: World, to: str) -> None:
    """Somebody of another organisation, a closed account, oneself and nobody: the account stays open."""
    who, closed = make.person(), make.person()
    world.client.call(NAME, {}, by=closed)
    heirs = {
        "himself": who.person_id,
        "elsewhere": make.person(works_at=make.OTHER_HOSPITAL).person_id,
        "closed": closed.person_id,
        "nobody": "psn_" + "0" * 32,
    }
    answer = world.client.call(NAME, {"hand_over_to": heirs[to], "organisation_id": make.HOSPITAL}, by=who)
    assert (answer.status, answer.code) == (409, "hand-over-unfit")
    assert world.client.call("read_session", by=who).status == 200


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SECURITY, Role.MANAGER])
def test_the_last_one_cannot_close(world: World, role: Role) -> None:
    """Somebody else must hold the role first; then it goes with the account."""
    where = make.HOSPITAL if role is Role.MANAGER else None
    who = offices.holder(role, where)
    assert world.client.call(NAME, {}, by=who).code == "last-holder"
    assert offices.account(who).closed_at is None
    offices.holder(role, where)
    assert world.client.call(NAME, {}, by=who).status == 200
    assert who.person_id not in offices.holders(role, where)
    assert offices.counted(role, where) == 1


@pytest.mark.parametrize(("assurance", "days"), [("confirmed", 90), ("claimed", 1)])
def test_a_closed_account_lets_nobody_in(world: World, assurance: str, days: int) -> None:
    """Sessions, password, factors and roles are gone at once; the day of erasure is told."""
    who = make.person(assurance=assurance)
    ticket = doors.ask_password(world, who.login)
    code = doors.ask_code(world, ticket, who)
    now = clock.epoch()
    answer = world.client.call(NAME, {}, by=who)
    assert answer.status == 200
    assert clock.moment(now + days * DAY) <= answer.json["erase_at"] <= clock.moment(clock.epoch() + days * DAY)
    assert world.client.call("read_session", by=who).code == "session-ended"
    assert [one for one in Session.scan() if one.person_id == who.person_id] == []
    body = {"ticket": ticket, "kind": "sms", "code": code}
    assert world.client.call("finish_sign_in", body).code == "sign-in-expired"
    again = {"ticket": doors.ask_login(world, who.login), "password": make.PASSWORD}
    assert world.client.call("check_password", again).code == "password-wrong"
    account = offices.account(who)
    assert not any((account.password_hash, account.totp, account.passkeys, account.codes, account.erased_at))
    assert account.closed_by == "owner"


def test_roles_by_invitation_go_and_the_workers_own_stays_for_a_return(world: World) -> None:
    """Rows and grants of offices end together."""
    officer = offices.holder(Role.HR, make.HOSPITAL)
    worker = {"role": "worker", "organisation_id": None}
    Account.get(officer.person_id).update(actions=[Account.grants.set([*offices.account(officer).grants, worker])])
    assert world.client.call(NAME, {}, by=officer).status == 200
    assert offices.grants(officer) == {("worker", None)}
    assert offices.holders(Role.HR, make.HOSPITAL) == set()


def test_open_work_is_handed_over(world: World) -> None:
    """One row says who takes it over, where and since when."""
    made = example(world)
    assert world.client.run(NAME, made).status == 200
    (row,) = HandOver.scan()
    assert made.by is not None
    assert (row.person_id, row.to_person_id, row.organisation_id) == (
        made.by.person_id,
        made.body["hand_over_to"],
        make.HOSPITAL,
    )
    assert row.at <= clock.epoch()


def test_hr_do_not_begin_a_closed_account_again(world: World) -> None:
    """Reopening comes first."""
    who = make.person(assurance="claimed")
    world.client.call(NAME, {}, by=who)
    body = {"phone": who.phone, "email": who.email}
    etag, person_id = offices.account(who).etag, who.person_id
    answer = world.client.call("confirm_identity", body, by=make.hr(), match=etag, person_id=person_id)
    assert (answer.status, answer.code) == (403, "account-closed")


def test_closing_many_times_at_once_closes_once(world: World) -> None:
    """Twenty parallel calls: one success, one message."""
    who = make.person()
    answers = doors.together(20, lambda: world.client.call(NAME, {}, by=who))
    assert sum(one.status == 200 for one in answers) == 1
    assert {one.code for one in answers if one.status != 200} <= {"session-ended", "account-closed", "busy"}
    assert len(world.sent(who.phone)) == 1


def test_the_owner_is_told_the_day(world: World) -> None:
    """On both channels, though no session is left."""
    who = make.person()
    world.client.call(NAME, {}, by=who)
    year, month, day = clock.moment(offices.account(who).erase_at)[:10].split("-")
    assert f"{day}.{month}.{year}" in world.sent(who.phone)[-1]
    assert f"{day}.{month}.{year}" in world.sent(who.email)[-1]


def test_the_journal_holds_the_closing(world: World) -> None:
    """The last record of the person's own journal."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    *_, record = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome) == ("account.closed", "done")
