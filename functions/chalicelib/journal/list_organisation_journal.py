"""Кадры and the head of an organisation read its journal."""

from chalicelib.journal.schemas import OrganisationActPage, Period, organisation_acts
from chalicelib.journal.tables import acts_for
from chalicelib.kit.access import InOrganisation, Role
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.trail.tables import JournalRecord


@operation(
    "GET /v1/journal/organisation",
    allow={Role.HR: InOrganisation(), Role.MANAGER: InOrganisation()},
    reads=[Query(JournalRecord.by_organisation)],
    audit="journal.own_organisation_read",
)
def list_organisation_journal(call: Call, query: Period) -> OrganisationActPage:
    """Показать журнал своей организации."""
    find = acts_for(call.actor.organisation_id or "", query.since, query.until)
    return organisation_acts(call.page(find, query.limit, query.cursor, f"{query.since}/{query.until}"))
