"""How journal records are shown."""

from datetime import UTC, date, datetime
from typing import Annotated

from msgspec import Meta

from chalicelib.kit import clock
from chalicelib.kit.body import Answer
from chalicelib.kit.listing import Listing
from chalicelib.kit.text import Token
from chalicelib.kit.trail.tables import JournalRecord


class Period(Listing):
    """A page of a period."""

    since: Annotated[date | None, Meta(title="С какого дня", description="День по UTC, включительно.")] = None
    until: Annotated[date | None, Meta(title="По какой день", description="День по UTC, включительно.")] = None


class ActsQuery(Period):
    """A page of one's own acts."""

    kind: Annotated[Token | None, Meta(title="Вид действия", description="Например profile.changed.")] = None


class Act(Answer):
    """One act, without any values."""

    record_id: Annotated[str, Meta(title="Номер записи")]
    at: Annotated[str, Meta(title="Когда")]
    kind: Annotated[str, Meta(title="Вид действия")]
    operation: Annotated[str, Meta(title="Операция")]
    outcome: Annotated[str, Meta(title="Итог", description="done — сделано, repeated — повтор, иначе код отказа.")]
    role: Annotated[str | None, Meta(title="В какой роли")]
    organisation_id: Annotated[str | None, Meta(title="От какой организации")]
    objects: Annotated[list[str], Meta(title="Номера затронутых записей")]
    fields: Annotated[list[str], Meta(title="Изменённые поля")]


class ActPage(Answer):
    """Acts, newest first; lists by kind and of views may lag a moment behind."""

    items: list[Act]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]
    eventual: Annotated[bool, Meta(title="Список может немного отставать")]


def show(record: JournalRecord) -> Act:
    """Show one record."""
    milliseconds = int(record.record_id.removeprefix("rec_")[:12], 16)
    return Act(
        record_id=record.record_id,
        at=clock.stamp(datetime.fromtimestamp(milliseconds / 1000, UTC)),
        kind=record.kind,
        operation=record.operation,
        outcome=record.outcome,
        role=record.role,
        organisation_id=record.organisation_id,
        objects=list(record.objects or []),
        fields=list(record.fields or []),
    )
