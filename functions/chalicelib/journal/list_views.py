"""Who looked at my data."""

from chalicelib.journal.schemas import ActPage, Period, show
from chalicelib.journal.tables import views_of
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.trail.tables import JournalRecord


@operation(
    "GET /v1/journal/views",
    allow=EVERYBODY,
    reads=[Query(JournalRecord.by_subject)],
    audit="journal.views_read",
)
def list_views(call: Call, query: Period) -> ActPage:
    """Показать, кто обращался к моим данным."""
    find = views_of(call.actor.person_id, query.since, query.until)
    page = call.page(find, query.limit, query.cursor, f"{query.since}/{query.until}")
    return ActPage(items=[show(one) for one in page.items], next_cursor=page.next_cursor, eventual=True)
