"""The invitations of one's office."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit.access import InOrganisation, Role, WholeCabinet
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing
from chalicelib.roles.rules import place_of
from chalicelib.roles.schemas import InvitationView, show_invitation
from chalicelib.roles.tables import Invitation


class InvitationPage(Answer):
    """Invitations, newest first."""

    items: list[InvitationView]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]


@operation(
    "GET /v1/roles/invitations",
    allow={Role.ADMIN: WholeCabinet(), Role.SECURITY: WholeCabinet(), Role.MANAGER: InOrganisation()},
    reads=[Query(Invitation)],
    audit="invitation.listed",
)
def list_invitations(call: Call, query: Listing) -> InvitationPage:
    """Показать приглашения, новые сверху."""
    page = call.page(Invitation.at(place_of(call.actor.organisation_id)), query.limit, query.cursor)
    return InvitationPage(items=[show_invitation(one) for one in page.items], next_cursor=page.next_cursor)
