"""The holder lays a role down himself; the last of some roles can not."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.schemas import TellOwner, end_sessions
from chalicelib.accounts.tables import Account
from chalicelib.kit.access import EVERYBODY, Grant
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get
from chalicelib.kit.text import OrganisationId
from chalicelib.roles.refusals import LastHolder
from chalicelib.roles.rules import place_of
from chalicelib.roles.schemas import RoleChanged, RoleField, grants_of, named, take_into, without
from chalicelib.roles.tables import RoleCount, RoleHolder


class GiveUpRole(Body):
    """Which role, and where it is held."""

    role: RoleField
    organisation_id: Annotated[OrganisationId | None, Meta(title="Организация роли")] = None


@operation(
    "POST /v1/roles/releases",
    allow=EVERYBODY,
    fresh=True,
    reads=[RoleHolder, Account],
    writes=[Update(Account), Update(RoleCount), Delete(RoleHolder), Delete(Session)],
    effects=[TellOwner],
    refuses=[LastHolder],
    audit="role.given_up",
)
def give_up_role(call: Call, body: GiveUpRole) -> RoleChanged:
    """Отказаться от своей роли."""
    person_id, where = call.actor.person_id, str(body.organisation_id) if body.organisation_id else None
    _, account = call.read(Get(RoleHolder, place_of(where), f"{body.role}#{person_id}"), Get(Account, person_id))
    gone = Grant(role=body.role, organisation_id=where)
    take_into(call.transaction, gone, person_id, by_himself=True)
    end_sessions(call.transaction, account, Account.grants.set(without(grants_of(account), gone)))
    call.note(fields=[f"role.{body.role}"])
    text = f"В кабинете медработника вы отказались от роли {named(gone)}. Все ваши сеансы завершены."
    call.transaction.send(TellOwner(person_id=person_id, subject="Отказ от роли", text=text, not_me=True))
    detail = "Роли больше нет, все ваши сеансы завершены. Войдите снова в другой роли."
    return RoleChanged(role=gone.role, organisation_id=where, detail=detail)
