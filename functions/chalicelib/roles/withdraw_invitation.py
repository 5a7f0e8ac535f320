"""An invitation that nobody has accepted is taken back."""

from chalicelib.kit.access import InOrganisation, Role, WholeCabinet
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Update
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.roles.refusals import InvitationEnded, RoleNotGrantable
from chalicelib.roles.rules import place_of, refuse_unwithdrawable
from chalicelib.roles.schemas import InvitationView, show_invitation
from chalicelib.roles.tables import Invitation


@operation(
    "POST /v1/roles/invitations/{invitation_id}/withdrawals",
    allow={Role.ADMIN: WholeCabinet(), Role.SECURITY: WholeCabinet(), Role.MANAGER: InOrganisation()},
    match=True,
    reads=[Invitation],
    writes=[Update(Invitation)],
    refuses=[InvitationEnded, RoleNotGrantable],
    audit="invitation.withdrawn",
)
def withdraw_invitation(call: Call, invitation_id: str) -> InvitationView:
    """Отозвать приглашение."""
    found = call.read(Get(Invitation, place_of(call.actor.organisation_id), invitation_id))
    refuse_unwithdrawable(call.actor.role, Role(found.role))
    call.match(found)
    if found.state != "open":
        raise InvitationEnded
    call.note(objects=[invitation_id])
    call.transaction.update(found, Invitation.state.set("withdrawn"), when=Invitation.state == "open")
    found.state = "withdrawn"
    shown = show_invitation(found)
    shown.version += 1
    call.tag(shown.version)
    return shown
