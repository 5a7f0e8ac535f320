"""The checks that an authority opened."""

from typing import Annotated

from msgspec import Meta

from chalicelib.journal.schemas import AuthorityCheck, view
from chalicelib.journal.tables import OrganisationCheck
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing


class AuthorityCheckPage(Answer):
    """Checks, newest first."""

    items: list[AuthorityCheck]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]


@operation(
    "GET /v1/journal/checks",
    allow={Role.AUTHORITY: InOrganisation()},
    reads=[Query(OrganisationCheck)],
    audit="check.listed",
)
def list_checks(call: Call, query: Listing) -> AuthorityCheckPage:
    """Показать проверки своего органа."""
    page = call.page(OrganisationCheck.by_authority(call.actor.organisation_id or ""), query.limit, query.cursor)
    return AuthorityCheckPage(items=[view(one) for one in page.items], next_cursor=page.next_cursor)
