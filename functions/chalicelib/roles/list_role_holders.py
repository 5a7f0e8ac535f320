"""Who holds roles at an organisation, or the cabinet's own roles."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit.access import InOrganisation, Role, WholeCabinet
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing
from chalicelib.kit.text import OrganisationId
from chalicelib.roles.rules import place_of
from chalicelib.roles.schemas import ROLES, HolderView, show_holder
from chalicelib.roles.tables import RoleHolder


class HoldersQuery(Listing):
    """A page of who holds roles at a place."""

    organisation_id: Annotated[
        OrganisationId | None,
        Meta(title="Организация", description="Пусто — своя; у администратора — роли самого кабинета."),
    ] = None
    role: Annotated[Role | None, Meta(title="Роль", description=ROLES)] = None


class HolderPage(Answer):
    """Who holds roles, by role."""

    items: list[HolderView]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]


@operation(
    "GET /v1/roles/holders",
    allow={
        Role.ADMIN: WholeCabinet(),
        Role.SECURITY: WholeCabinet(),
        Role.MANAGER: InOrganisation(),
        Role.HR: InOrganisation(),
    },
    reads=[Query(RoleHolder)],
    audit="role.listed",
)
def list_role_holders(call: Call, query: HoldersQuery) -> HolderPage:
    """Показать, у кого какие роли."""
    place = place_of(query.organisation_id or call.actor.organisation_id)
    page = call.page(RoleHolder.at(place, query.role), query.limit, query.cursor, str(query.role))
    return HolderPage(items=[show_holder(one) for one in page.items], next_cursor=page.next_cursor)
