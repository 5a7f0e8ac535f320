"""The history of electronic confirmations."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit import clock
from chalicelib.kit.access import Own, Role
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.listing import Listing
from chalicelib.profile.tables import Confirmation


class ConfirmationView(Answer):
    """One confirmation."""

    confirmation_id: Annotated[str, Meta(title="Номер подтверждения")]
    made_at: Annotated[str, Meta(title="Когда составлено")]


class ConfirmationPage(Answer):
    """Confirmations, newest first."""

    items: list[ConfirmationView]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]


@operation(
    "GET /v1/profile/confirmations",
    allow={Role.WORKER: Own()},
    reads=[Query(Confirmation)],
    audit="confirmation.listed",
)
def list_confirmations(call: Call, query: Listing) -> ConfirmationPage:
    """Показать электронные подтверждения."""
    page = call.page(Confirmation.of_person(call.actor.person_id), query.limit, query.cursor)
    items = [
        ConfirmationView(confirmation_id=one.confirmation_id, made_at=clock.moment(one.made_at)) for one in page.items
    ]
    return ConfirmationPage(items=items, next_cursor=page.next_cursor)
