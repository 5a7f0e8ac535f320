"""The journal of a checked organisation, while the check is open."""

from typing import Annotated

from msgspec import Meta

from chalicelib.journal.refusals import CheckEnded
from chalicelib.journal.schemas import OrganisationActPage, organisation_acts, take_pointer
from chalicelib.journal.tables import OrganisationCheck, acts_for
from chalicelib.kit.access import ByCase, Role
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Check, Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Token
from chalicelib.kit.trail.tables import JournalRecord


class CheckedActsQuery(Listing, kw_only=True):
    """A page of a checked organisation's journal."""

    pointer: Annotated[Token, Meta(title="Указатель журнала", description="pointer из карточки проверки.")]


@operation(
    "GET /v1/journal/checks/{check_id}/acts",
    allow={Role.AUTHORITY: ByCase()},
    reads=[Query(JournalRecord.by_organisation)],
    writes=[Check(OrganisationCheck)],
    refuses=[CheckEnded],
    audit="journal.organisation_read",
)
def list_organisation_acts(call: Call, check_id: str, query: CheckedActsQuery) -> OrganisationActPage:
    """Показать журнал проверяемой организации.

    The pointer only says where to look, so that the check need not be read first. The right is proved by the check
    itself: it must be open in the very transaction that journals this look, or nothing is answered.
    """
    said = take_pointer(call.actor, check_id, query.pointer)
    if said is None:
        raise NotFound
    call.note(objects=[check_id])
    page = call.page(acts_for(said.checked_id, said.first_day, said.last_day), query.limit, query.cursor, check_id)
    place = Get(OrganisationCheck, call.actor.organisation_id or "", check_id)
    call.transaction.check(place, OrganisationCheck.is_open(), CheckEnded)
    return organisation_acts(page)
