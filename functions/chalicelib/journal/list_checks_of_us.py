"""Кадры and the head of an organisation see who checks it."""

from typing import Annotated

from msgspec import Meta

from chalicelib.journal.schemas import CheckOfUs, outline
from chalicelib.journal.tables import OrganisationCheck
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing


class ChecksOfUsPage(Answer):
    """Checks of one's own organisation, newest first; the list may lag a moment behind."""

    items: list[CheckOfUs]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]
    eventual: Annotated[bool, Meta(title="Список может немного отставать")]


@operation(
    "GET /v1/journal/organisation/checks",
    allow={Role.HR: InOrganisation(), Role.MANAGER: InOrganisation()},
    reads=[Query(OrganisationCheck.by_checked)],
    audit="check.of_us_listed",
)
def list_checks_of_us(call: Call, query: Listing) -> ChecksOfUsPage:
    """Показать проверки своей организации."""
    page = call.page(OrganisationCheck.of_checked(call.actor.organisation_id or ""), query.limit, query.cursor)
    items = [CheckOfUs(**outline(one)) for one in page.items]
    return ChecksOfUsPage(items=items, next_cursor=page.next_cursor, eventual=True)
