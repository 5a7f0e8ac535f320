"""Taking a role away: at once, told, and never the last of the cabinet's guardians."""

from concurrent.futures import ThreadPoolExecutor

import doors
import make
import offices
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.roles.tables import RoleHolder

NAME = "withdraw_role"


def example(world: World) -> make.Example:
    """Return a valid request."""
    officer = offices.holder(Role.HR, make.HOSPITAL)
    return _request(make.person(Role.MANAGER, make.HOSPITAL), officer, Role.HR, make.HOSPITAL)


def _request(by: make.Person, who: make.Person, role: Role, where: str | None = None) -> make.Example:
    holder = RoleHolder.get(where or "cabinet", f"{role}#{who.person_id}")
    body = {"role": role.value} | ({"organisation_id": where} if where else {})
    return make.Example(body=body, by=by, match=holder.etag, path_values={"person_id": who.person_id})


def test_without_a_token_no_role_is_withdrawn(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_hr_withdraws_no_role(world: World) -> None:
    """Not even a colleague's."""
    answer = world.client.run(NAME, example(world), by=make.hr())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_another_manager_finds_nobody(world: World) -> None:
    """The holder of another organisation is not there for him, named or not."""
    made, other = example(world), make.person(Role.MANAGER, make.OTHER_HOSPITAL)
    for body in (made.body, {"role": "hr"}):
        answer = world.client.run(NAME, made, by=other, body=body)
        assert (answer.status, answer.code) == (404, "not-found")


@pytest.mark.parametrize(
    ("by", "role"), [("manager", "manager"), ("security", "admin"), ("security", "support"), ("admin", "worker")]
)
def test_a_role_that_one_does_not_give_is_not_withdrawn(world: World, by: str, role: str) -> None:
    """A manager takes no manager's role, security no administrator's, nobody a worker's."""
    officer = make.person(Role(by), make.HOSPITAL if by == "manager" else None)
    path = {"person_id": make.person(signed_in=False).person_id}
    answer = world.client.run(NAME, make.Example(body={"role": role}, by=officer, match='"1"', path_values=path))
    assert (answer.status, answer.code) == (403, "role-not-grantable")


def test_ones_own_role_is_not_withdrawn(world: World) -> None:
    """It is given up."""
    admin = offices.holder(Role.ADMIN)
    answer = world.client.run(NAME, _request(admin, admin, Role.ADMIN))
    assert (answer.status, answer.code) == (409, "withdrawing-oneself")


def test_an_earlier_grant_of_the_same_role_is_stale(world: World) -> None:
    """A tag names one grant: after withdrawal and a new invitation it no longer fits."""
    officer = offices.holder(Role.HR, make.HOSPITAL)
    made = _request(make.person(Role.MANAGER, make.HOSPITAL), officer, Role.HR, make.HOSPITAL)
    assert world.client.run(NAME, made).status == 200
    clock.advance(1)
    offices.seat(officer, Role.HR, make.HOSPITAL)
    assert world.client.run(NAME, made).code == "stale"


def test_the_last_security_officer_stays(world: World) -> None:
    """The administrator cannot leave the cabinet without one; with two he may withdraw one."""
    first, admin = offices.holder(Role.SECURITY), offices.holder(Role.ADMIN)
    assert world.client.run(NAME, _request(admin, first, Role.SECURITY)).code == "last-holder"
    offices.holder(Role.SECURITY)
    assert world.client.run(NAME, _request(admin, first, Role.SECURITY)).status == 200
    assert offices.counted(Role.SECURITY) == 1


def test_two_administrators_who_withdraw_each_other_leave_one(world: World) -> None:
    """At once, from both sides: one stays."""
    for _ in range(3):
        pair = [offices.holder(Role.ADMIN) for _ in range(2)]
        counted = offices.counted(Role.ADMIN)
        requests = [_request(pair[0], pair[1], Role.ADMIN), _request(pair[1], pair[0], Role.ADMIN)]
        with ThreadPoolExecutor(2) as pool:
            answers = [one.result() for one in [pool.submit(world.client.run, NAME, made) for made in requests]]
        done = [one.status for one in answers].count(200)
        assert offices.counted(Role.ADMIN) == counted - done
        assert len(offices.holders(Role.ADMIN)) == counted - done >= 1
        world.empty()


def test_the_session_of_a_withdrawn_role_ends_at_once(world: World) -> None:
    """The very next call is refused; the worker's own role is left for the next sign-in."""
    officer = offices.holder(Role.HR, make.HOSPITAL)
    Account.get(officer.person_id).update(
        actions=[
            Account.grants.set([{"role": "worker", "organisation_id": None}, *Account.get(officer.person_id).grants])
        ]
    )
    assert world.client.call("read_session", by=officer).status == 200
    made = _request(make.person(Role.ADMIN), officer, Role.HR, make.HOSPITAL)
    assert world.client.run(NAME, made).status == 200
    assert world.client.call("read_session", by=officer).code == "session-ended"
    assert offices.grants(officer) == {("worker", None)}
    assert offices.holders(Role.HR, make.HOSPITAL) == set()
    doors.sign_in(world, officer)
    assert world.client.call("read_session", by=officer).json["role"] == "worker"


def test_a_withdrawal_during_sign_in_stops_it(world: World) -> None:
    """Who has passed the password opens no session in the withdrawn role: the epoch has grown."""
    officer = offices.holder(Role.HR, make.HOSPITAL, signed_in=False)
    ticket = doors.ask_password(world, officer.login)
    code = doors.ask_code(world, ticket, officer)
    made = _request(make.person(Role.MANAGER, make.HOSPITAL), officer, Role.HR, make.HOSPITAL)
    assert world.client.run(NAME, made).status == 200
    body = {"ticket": ticket, "kind": "sms", "code": code, "role": "hr", "organisation_id": make.HOSPITAL}
    assert world.client.call("finish_sign_in", body).code == "sign-in-expired"


def test_the_owner_is_told(world: World) -> None:
    """On both confirmed channels."""
    officer = offices.holder(Role.HR, make.HOSPITAL)
    world.client.run(NAME, _request(make.person(Role.ADMIN), officer, Role.HR, make.HOSPITAL))
    assert "больше нет роли «кадровая служба»" in world.sent(officer.phone)[-1]
    assert "больше нет роли" in world.sent(officer.email)[-1]


def test_the_journal_names_role_and_person(world: World) -> None:
    """The officer's record has the subject and the role."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    (record,) = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.fields) == ("role.withdrawn", ["role.hr"])
    assert record.subject_id == made.path_values["person_id"]
