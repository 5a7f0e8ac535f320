"""The invited person, proved by ЕСИА or by a signature, takes the role; once, and nobody else's."""

from chalicelib.accounts.schemas import TellOwner
from chalicelib.accounts.tables import Account, Reservation
from chalicelib.administration.tables import Organisation
from chalicelib.kit.access import EVERYBODY, Grant, Role
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Check, Put, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.roles import refusals
from chalicelib.roles.refusals import InvitationForAnother, OrganisationClosed, ProvedSignInRequired
from chalicelib.roles.schemas import (
    InvitationNumber,
    RoleChanged,
    accept_into,
    grants_of,
    named,
    open_invitation,
    refuse_ended,
)
from chalicelib.roles.tables import Invitation, RoleCount, RoleHolder

PROVING_DOORS = frozenset({"esia", "oidc", "signature"})


class AcceptInvitation(Body):
    """The number from the letter."""

    invitation: InvitationNumber


@operation(
    "POST /v1/roles/acceptances",
    allow=EVERYBODY,
    reads=[Invitation, Account],
    writes=[
        *map(Update, (Invitation, Account, RoleCount)),
        Put(RoleHolder),
        *map(Check, (Reservation, Organisation, RoleHolder)),
    ],
    effects=[TellOwner],
    refuses=[
        ProvedSignInRequired,
        InvitationForAnother,
        OrganisationClosed,
        refusals.InvitationEnded,
        refusals.RolesExclude,
        refusals.RoleAlreadyHeld,
    ],
    audit="role.accepted",
)
def accept_invitation(call: Call, body: AcceptInvitation) -> RoleChanged:
    """Принять приглашение на роль."""
    if call.actor.door not in PROVING_DOORS:
        raise ProvedSignInRequired
    person_id = call.actor.person_id
    place, invitation_id, secret_hash = open_invitation(body.invitation)
    found, account = call.look(Get(Invitation, place, invitation_id), Get(Account, person_id))
    invitation = refuse_ended(found, secret_hash)
    grants = accept_into(call.transaction, invitation, person_id, account.login, grants_of(account))
    mine = Get(Reservation, f"snils#{invitation.snils_hash}")
    call.transaction.check(mine, Reservation.person_id == person_id, InvitationForAnother)
    where = invitation.organisation_id
    if where is not None:
        call.transaction.check(Get(Organisation, where), Organisation.state == "working", OrganisationClosed)
    call.transaction.update(account, Account.grants.set(grants))
    call.note(objects=[invitation_id], fields=[f"role.{invitation.role}"])
    new = Grant(role=Role(invitation.role), organisation_id=where)
    text = f"В кабинете медработника у вас новая роль: {named(new)}."
    call.transaction.send(TellOwner(person_id=person_id, subject="Новая роль", text=text, not_me=True))
    detail = "Роль ваша. Выберите её при следующем входе."
    return RoleChanged(role=new.role, organisation_id=where, detail=detail)
