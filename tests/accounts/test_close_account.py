"""The administrator closes somebody else's account."""

import make
import offices
import pytest
from conftest import World

from chalicelib.accounts.tables import HandOver
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "close_account"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return request(make.person(), make.person(Role.ADMIN))


def request(who: make.Person, by: make.Person, **said: str) -> make.Example:
    """Write the request that closes a person's account."""
    path = {"person_id": who.person_id}
    return make.Example(body={"reason": "requested"} | said, by=by, match=offices.account(who).etag, path_values=path)


def test_without_a_token_nothing_closes(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.SECURITY])
def test_other_offices_close_nothing(world: World, role: Role) -> None:
    """Only the administrator does."""
    answer = world.client.run(NAME, example(world), by=make.person(role))
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_ones_own_account_is_closed_elsewhere(world: World) -> None:
    """The administrator's own account is closed as everybody's."""
    admin = make.person(Role.ADMIN)
    answer = world.client.run(NAME, request(admin, admin))
    assert (answer.status, answer.code) == (409, "closing-oneself")


def test_a_reason_of_the_list_is_wanted(world: World) -> None:
    """No free text."""
    for body in ({}, {"reason": "because"}):
        answer = world.client.run(NAME, example(world), body=body)
        assert [one["pointer"] for one in answer.json["errors"]] == ["/reason"]


def test_a_closed_account_is_not_closed_twice(world: World) -> None:
    """The second time says so."""
    who, by = make.person(), make.person(Role.ADMIN)
    assert world.client.run(NAME, request(who, by)).status == 200
    assert world.client.run(NAME, request(who, by)).code == "account-closed"


def test_the_last_security_officer_stays_and_the_last_manager_may_go(world: World) -> None:
    """The cabinet never lacks its guardians; an organisation's last manager may have died."""
    security, manager = offices.holder(Role.SECURITY), offices.holder(Role.MANAGER, make.HOSPITAL)
    by = make.person(Role.ADMIN)
    assert world.client.run(NAME, request(security, by)).code == "last-holder"
    assert world.client.run(NAME, request(manager, by, reason="deceased")).status == 200
    assert offices.holders(Role.MANAGER, make.HOSPITAL) == set()
    assert offices.counted(Role.MANAGER, make.HOSPITAL) == 0


def test_closing_ends_everything_and_hands_work_over(world: World) -> None:
    """Sessions end, the reason is kept as a code, the colleague is noted, the owner is told."""
    who, heir = make.person(), make.person(signed_in=False)
    made = request(who, make.person(Role.ADMIN), reason="left")
    made.body |= {"hand_over_to": heir.person_id, "organisation_id": make.HOSPITAL}
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.json["person_id"]) == (200, who.person_id)
    assert world.client.call("read_session", by=who).code == "session-ended"
    assert offices.account(who).closed_by == "office.left"
    assert [one.to_person_id for one in HandOver.scan()] == [heir.person_id]
    assert "закрыт" in world.sent(who.phone)[-1]


def test_a_stale_factor_closes_nothing(world: World) -> None:
    """Eleven minutes after the factor it is asked again."""
    made = example(world)
    clock.advance(660)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


def test_the_journal_names_person_and_reason(world: World) -> None:
    """The administrator's record has the subject and the code of the reason."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.fields) == ("account.closed_by_office", ["reason.requested"])
    assert record.subject_id == made.path_values["person_id"]
