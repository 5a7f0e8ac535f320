"""Another of the person's roles: a new session takes the place of the present one."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.tables import Account
from chalicelib.kit.access import EVERYBODY, Role
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Put, Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session, Setting
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Text
from chalicelib.sessions.refusals import RoleNotHeld
from chalicelib.sessions.schemas import SignedIn, exchange_session


class SwitchRole(Body):
    """The role to go on in, and where: a worker of several places names one."""

    role: Annotated[Role, Meta(title="Роль")]
    organisation_id: Annotated[Text | None, Meta(title="Организация роли")] = None


@operation(
    "POST /v1/sessions/current/roles",
    allow=EVERYBODY,
    claimed=True,
    unsettled=True,
    reads=[Account, Session, Query(Setting)],
    writes=[Update(Account), Put(Session), Delete(Session)],
    refuses=[RoleNotHeld],
    audit="role.switched",
    status=201,
)
def switch_role(call: Call, body: SwitchRole) -> SignedIn:
    """Перейти в другую свою роль."""
    account, session = call.read(
        Get(Account, call.actor.person_id), Get(Session, call.actor.handle, call.actor.session_id)
    )
    return exchange_session(call, account, session, body.role, body.organisation_id)
