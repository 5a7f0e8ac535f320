"""One offers a role to a person known by his СНИЛС; the letter carries the only number with which it is accepted."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.tables import Reservation
from chalicelib.administration.tables import Organisation
from chalicelib.kit import secret
from chalicelib.kit.access import Grant, InOrganisation, Role, WholeCabinet
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Put
from chalicelib.kit.declare import operation
from chalicelib.kit.outbox import Email
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Email as EmailText
from chalicelib.kit.text import OrganisationId, Snils
from chalicelib.roles.refusals import InvitingOneself, OrganisationClosed, RoleNotGrantable
from chalicelib.roles.rules import fits_kind, place_of, refuse_ungrantable
from chalicelib.roles.schemas import InvitationView, RoleField, letter, new_invitation, show_invitation
from chalicelib.roles.tables import Invitation


class Invite(Body):
    """The role, where it is held, and whom to invite."""

    role: RoleField
    snils: Snils
    email: EmailText
    organisation_id: Annotated[OrganisationId | None, Meta(title="Организация роли")] = None


@operation(
    "POST /v1/roles/invitations",
    allow={Role.ADMIN: WholeCabinet(), Role.SECURITY: WholeCabinet(), Role.MANAGER: InOrganisation()},
    fresh=True,
    reads=[Reservation, Organisation],
    writes=[Put(Invitation)],
    effects=[Email],
    refuses=[RoleNotGrantable, InvitingOneself, OrganisationClosed],
    audit="role.invited",
    status=201,
)
def invite(call: Call, body: Invite) -> InvitationView:
    """Пригласить человека на роль."""
    actor = call.actor
    refuse_ungrantable(actor.role, body.role)
    where = str(body.organisation_id or actor.organisation_id or "") or None
    if body.role.at_organisation != (where is not None):
        raise WrongFields([wrong("/organisation_id", "Организация нужна ролям организаций, и только им.")])
    owner, *found = call.look(
        Get(Reservation, f"snils#{secret.look_up('snils', body.snils)}"),
        *([Get(Organisation, where)] if where else []),
    )
    if owner is not None and owner.person_id == actor.person_id:
        raise InvitingOneself
    for organisation in found:
        _refuse_unfit_organisation(organisation, body.role)
    grant = Grant(role=body.role, organisation_id=where)
    made, number = new_invitation(grant, place_of(actor.organisation_id), body.snils, body.email, actor.person_id)
    call.note(objects=[made.invitation_id], fields=[f"role.{body.role}"])
    call.transaction.put(made)
    call.transaction.send(letter(grant, body.email, number))
    call.tag(1)
    return show_invitation(made)


def _refuse_unfit_organisation(organisation: Organisation | None, role: Role) -> None:
    if organisation is None or not fits_kind(role, organisation.kind):
        said = (
            "Такой организации в кабинете нет." if organisation is None else "Роль даётся в организации другого вида."
        )
        raise WrongFields([wrong("/organisation_id", said)])
    if organisation.state != "working":
        raise OrganisationClosed
