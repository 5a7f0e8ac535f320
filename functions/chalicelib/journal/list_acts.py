"""One's own acts by period and kind."""

from chalicelib.journal.schemas import ActPage, ActsQuery, own_acts
from chalicelib.journal.tables import acts_of
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.trail.tables import JournalRecord


@operation(
    "GET /v1/journal/acts",
    allow=EVERYBODY,
    reads=[Query(JournalRecord), Query(JournalRecord.by_kind)],
    audit="journal.read",
)
def list_acts(call: Call, query: ActsQuery) -> ActPage:
    """Показать свой журнал действий."""
    find = acts_of(call.actor.person_id, query.since, query.until, query.kind)
    page = call.page(find, query.limit, query.cursor, f"{query.since}/{query.until}/{query.kind}")
    items = own_acts(call.actor, list(page.items))
    return ActPage(items=items, next_cursor=page.next_cursor, eventual=query.kind is not None)
