"""A role is taken from somebody: at once, with all his sessions, and he is told."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import TellOwner, end_sessions
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import Grant, InOrganisation, Role, WholeCabinet
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import OrganisationId
from chalicelib.roles.refusals import LastHolder, RoleNotGrantable, WithdrawingOneself
from chalicelib.roles.rules import place_of, refuse_unwithdrawable
from chalicelib.roles.schemas import RoleChanged, RoleField, grants_of, named, take_into, without
from chalicelib.roles.tables import RoleCount, RoleHolder


class WithdrawRole(Body):
    """Which role, and where it is held."""

    role: RoleField
    organisation_id: Annotated[OrganisationId | None, Meta(title="Организация роли")] = None


@operation(
    "POST /v1/roles/holders/{person_id}/withdrawals",
    allow={Role.ADMIN: WholeCabinet(), Role.SECURITY: WholeCabinet(), Role.MANAGER: InOrganisation()},
    match=True,
    fresh=True,
    reads=[RoleHolder, Account],
    writes=[Update(Account), Update(RoleCount), Delete(RoleHolder), Delete(Session)],
    effects=[TellOwner],
    refuses=[RoleNotGrantable, WithdrawingOneself, LastHolder],
    audit="role.withdrawn",
)
def withdraw_role(call: Call, person_id: str, body: WithdrawRole) -> RoleChanged:
    """Отозвать роль."""
    refuse_unwithdrawable(call.actor.role, body.role)
    if person_id == call.actor.person_id:
        raise WithdrawingOneself
    place = place_of(body.organisation_id or call.actor.organisation_id)
    holder, account = call.read(Get(RoleHolder, place, f"{body.role}#{person_id}"), Get(Account, person_id))
    call.match(holder)
    gone = Grant(role=body.role, organisation_id=holder.organisation_id)
    take_into(call.transaction, gone, person_id, by_himself=False)
    end_sessions(call.transaction, account, Account.grants.set(without(grants_of(account), gone)))
    call.note(fields=[f"role.{body.role}"])
    text = f"В кабинете медработника у вас больше нет роли {named(gone)}. Все ваши сеансы завершены."
    call.transaction.send(TellOwner(person_id=person_id, subject="Роль отозвана", text=text))
    detail = "Роль отозвана, сеансы этого человека завершены, ему об этом сообщено."
    return RoleChanged(role=gone.role, organisation_id=gone.organisation_id, detail=detail)
