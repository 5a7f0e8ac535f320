"""The chain that one's own records left."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing
from chalicelib.seals.tables import JournalLeaf


class Leaf(Answer):
    """One link of the chain."""

    leaf: Annotated[str, Meta(title="Звено целиком", description="JSON: номер, хеш записи, хеш прежнего звена.")]


class LeafPage(Answer):
    """Links, oldest record first."""

    items: list[Leaf]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]


@operation("GET /v1/seals/leaves", allow=EVERYBODY, reads=[Query(JournalLeaf)], audit="journal.leaves_read")
def list_own_leaves(call: Call, query: Listing) -> LeafPage:
    """Скачать цепочку своих записей для проверки."""
    page = call.page(JournalLeaf.of_person(call.actor.person_id), query.limit, query.cursor)
    return LeafPage(items=[Leaf(leaf=one.text) for one in page.items], next_cursor=page.next_cursor)
