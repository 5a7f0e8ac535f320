"""An invited person without a cabinet: proved by a door, he opens one together with the role."""

from typing import Any

import doors
import make
import offices
import pytest
from conftest import World
from registration.test_start_proved_registration import ticket

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.access import Grant, Role
from chalicelib.roles.rules import OPERATOR
from chalicelib.roles.schemas import new_invitation
from chalicelib.roles.tables import Invitation, RoleHolder

NAME = "start_invited_registration"


def invited(who: doors.Applicant, role: Role = Role.SUPPORT, organisation_id: str | None = None) -> str:
    """Write an invitation and return its number."""
    grant = Grant(role=role, organisation_id=organisation_id)
    place = organisation_id or "cabinet"
    invitation, number = new_invitation(grant, place, who.body["snils"], who.email, OPERATOR)
    invitation.save()
    return number


def body(who: doors.Applicant, number: str, **said: Any) -> dict[str, Any]:
    """Write the first step of an invited person."""
    return {"ticket": ticket(who), "invitation": number, "phone": who.phone, "email": who.email} | said


def example(world: World) -> make.Example:
    """Return a valid request: of somebody in whose name a cabinet was opened before."""
    who = doors.applicant(world)
    theirs = {"phone": f"+7916{who.phone[-7:]}", "email": f"x{who.email}"}
    impostor = doors.register(world, doors.Applicant(who.body | theirs, {}))
    doors.sign_in(world, impostor)
    return make.Example(body=body(who, invited(who)))


def test_only_a_good_number_opens(world: World) -> None:
    """Damaged, old, used and withdrawn invitations are refused alike."""
    who = doors.applicant(world)
    number = invited(who)
    damaged = number.replace(".", ".0", 1)[: len(number)]
    assert world.client.call(NAME, body(who, damaged)).code == "invitation-ended"
    assert world.client.call(NAME, body(who, "abc")).code == "invitation-ended"
    Invitation.get("cabinet", number.split(".")[0]).update(actions=[Invitation.state.set("withdrawn")])
    assert world.client.call(NAME, body(who, number)).code == "invitation-ended"
    fresh = invited(who)
    clock.advance(72 * 3600 + 1)
    assert world.client.call(NAME, body(who, fresh)).code == "invitation-ended"


def test_an_invitation_is_for_one_snils(world: World) -> None:
    """Whoever else holds the letter gets nothing by it."""
    who, other = doors.applicant(world), doors.applicant(world)
    answer = world.client.call(NAME, body(other, invited(who)))
    assert (answer.status, answer.code) == (409, "invitation-for-another")


@pytest.mark.parametrize("role", [Role.PHARMACY, Role.MANAGER])
def test_the_cabinet_opens_with_the_role_and_only_it(world: World, role: Role) -> None:
    """No register is asked; the invitation is spent, the holder is listed, and the session has the role."""
    who = doors.applicant(world, listed=False)
    offices.organisation(organisation_id=make.HOSPITAL)
    number = invited(who, role, make.HOSPITAL)
    begun = world.client.call(NAME, body(who, number))
    assert begun.status == 202, begun.raw
    flow = begun.json["flow"]
    world.client.call("confirm_registration_contacts", doors.contact_codes(world, who, flow))
    assert world.client.call("complete_registration", doors.completion(flow, password=None)).status == 202
    person = doors.registered(world, who)
    assert Account.get(person.person_id).grants == [{"role": role.value, "organisation_id": make.HOSPITAL}]
    assert Invitation.get(make.HOSPITAL, number.split(".")[0]).state == "accepted"
    (holder,) = RoleHolder.query(make.HOSPITAL)
    assert holder.person_id == person.person_id
    opened = world.client.call("finish_sign_in", {"ticket": ticket(who)}).json["session"]
    assert (opened["role"], opened["organisation_id"]) == (role.value, make.HOSPITAL)


def _taken_over(world: World) -> tuple[doors.Applicant, str]:
    """Let a doctor in whose name a cabinet was opened go up to the last step of his invited registration."""
    who = doors.applicant(world)
    stranger = {"phone": "+79161234567", "email": "x@example.ru"}
    doors.sign_in(world, doors.register(world, doors.Applicant(who.body | stranger, {})))
    flow = world.client.call(NAME, body(who, invited(who))).json["flow"]
    world.client.call("confirm_registration_contacts", doors.contact_codes(world, who, flow))
    return who, flow


def test_a_doctor_who_is_invited_stays_a_worker(world: World) -> None:
    """What the register has matched is not lost to the role of the invitation: he may act in both."""
    who, flow = _taken_over(world)
    assert world.client.call("complete_registration", doors.completion(flow, password=None)).status == 202
    person = doors.registered(world, who)
    assert [one["role"] for one in Account.get(person.person_id).grants] == ["worker", "support"]
    clock.advance(2)
    as_worker = {"role": "worker", "organisation_id": make.HOSPITAL}
    opened = world.client.call("finish_sign_in", {"ticket": ticket(who)} | as_worker)
    assert opened.status == 201
    assert {(one["role"], one["organisation_id"]) for one in opened.json["roles"]} == {
        ("worker", make.HOSPITAL),
        ("support", None),
    }


def test_a_role_withdrawn_meanwhile_does_not_come_back(world: World) -> None:
    """What the account holds changed after the flow began: the flow has ended."""
    _, flow = _taken_over(world)
    (account,) = doors.people()
    account.update(actions=[Account.grants.set([])])
    answer = world.client.call("complete_registration", doors.completion(flow, password=None))
    assert (answer.status, answer.code) == (409, "flow-ended")
    assert Account.get(account.person_id).grants == []


def test_an_invitation_spent_meanwhile_opens_no_cabinet(world: World) -> None:
    """Two flows of one invitation: the second is refused at its end and leaves no account."""
    who = doors.applicant(world)
    number = invited(who)
    flows = []
    for _ in range(2):
        flow = world.client.call(NAME, body(who, number)).json["flow"]
        world.client.call("confirm_registration_contacts", doors.contact_codes(world, who, flow))
        flows.append(flow)
    assert world.client.call("complete_registration", doors.completion(flows[0], password=None)).status == 202
    answer = world.client.call("complete_registration", doors.completion(flows[1], password=None))
    assert answer.status >= 400
    assert len(doors.people()) == 1


def test_no_role_begins_at_a_closed_organisation(world: World) -> None:
    """An invitation outlives the closing of its organisation, and then opens nothing."""
    who = doors.applicant(world)
    number = invited(who, Role.HR, offices.organisation(state="closed"))
    assert world.client.call(NAME, body(who, number)).code == "organisation-closed"
    assert not doors.people()


def test_no_cabinet_opens_when_the_grantors_role_has_ended(world: World) -> None:
    """Also if it ended after the first step."""
    who, officer = doors.applicant(world), offices.holder(Role.ADMIN)
    grant = Grant(role=Role.SUPPORT)
    invitation, number = new_invitation(grant, "cabinet", who.body["snils"], who.email, officer.person_id)
    invitation.save()
    flow = world.client.call(NAME, body(who, number)).json["flow"]
    world.client.call("confirm_registration_contacts", doors.contact_codes(world, who, flow))
    RoleHolder.get("cabinet", f"admin#{officer.person_id}").delete()
    answer = world.client.call("complete_registration", doors.completion(flow, password=None))
    assert (answer.status, answer.code) == (409, "invitation-ended")
    assert [one.person_id for one in doors.people()] == [officer.person_id]
