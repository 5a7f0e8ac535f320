"""The organisations of a kind, in the order of their names."""

from typing import Annotated

from msgspec import Meta

from chalicelib.administration.schemas import OrganisationKind, OrganisationView, show_organisation
from chalicelib.administration.tables import Organisation
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing


class OrganisationsQuery(Listing):
    """A page of the organisations of one kind."""

    kind: OrganisationKind = "hospital"


class OrganisationPage(Answer):
    """Organisations by name; the list may lag a moment behind."""

    items: list[OrganisationView]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]
    eventual: Annotated[bool, Meta(title="Список может немного отставать")]


@operation(
    "GET /v1/administration/organisations",
    allow={Role.ADMIN: WholeCabinet()},
    reads=[Query(Organisation.by_kind)],
    audit="organisation.listed",
)
def list_organisations(call: Call, query: OrganisationsQuery) -> OrganisationPage:
    """Показать организации одного вида по алфавиту."""
    page = call.page(Organisation.of_kind(query.kind), query.limit, query.cursor)
    items = [show_organisation(one) for one in page.items]
    return OrganisationPage(items=items, next_cursor=page.next_cursor, eventual=True)
