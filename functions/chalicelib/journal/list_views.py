"""Who looked at my data."""

from typing import Annotated

from msgspec import Meta

from chalicelib.journal.schemas import Period, SeenAct, seen
from chalicelib.journal.tables import views_of
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.trail.tables import JournalRecord


class ViewPage(Answer):
    """What others did with one's data, newest first; the list may lag a moment behind."""

    items: list[SeenAct]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]
    eventual: Annotated[bool, Meta(title="Список может немного отставать")]


@operation(
    "GET /v1/journal/views",
    allow=EVERYBODY,
    reads=[Query(JournalRecord.by_subject)],
    audit="journal.views_read",
)
def list_views(call: Call, query: Period) -> ViewPage:
    """Показать, кто обращался к моим данным."""
    find = views_of(call.actor.person_id, query.since, query.until)
    page = call.page(find, query.limit, query.cursor, f"{query.since}/{query.until}")
    items = [SeenAct(**seen(one)) for one in page.items]
    return ViewPage(items=items, next_cursor=page.next_cursor, eventual=True)
