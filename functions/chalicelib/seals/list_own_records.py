"""One's own records exactly as they are stored, to be checked against the seals."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing
from chalicelib.kit.tables import Find
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.seals.rules import stored_text
from chalicelib.seals.tables import own_records


class StoredRecord(Answer):
    """One record: the text whose SHA-256 stands in its leaf."""

    record: Annotated[str, Meta(title="Запись целиком", description="JSON в том виде, в каком она опечатана.")]


class StoredRecordPage(Answer):
    """Records, oldest first."""

    items: list[StoredRecord]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]


@operation("GET /v1/seals/records", allow=EVERYBODY, reads=[Query(JournalRecord)], audit="journal.records_read")
def list_own_records(call: Call, query: Listing) -> StoredRecordPage:
    """Скачать свои записи журнала для проверки."""
    page = call.page(own_records(call.actor.person_id), query.limit, query.cursor, read=Find.stored_page)
    items = [StoredRecord(record=stored_text(one)) for one in page.items]
    return StoredRecordPage(items=items, next_cursor=page.next_cursor)
