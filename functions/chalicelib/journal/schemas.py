"""How journal records and checks are shown."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.journal.tables import OrganisationCheck, acts_of
from chalicelib.kit import clock, ticket
from chalicelib.kit.access import Actor
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call, Page
from chalicelib.kit.listing import Listing
from chalicelib.kit.text import Token
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.kit.vault import OwnerKey

FILE_RECORDS = 2000
POINTER_SECONDS = 90 * 24 * 3600  # longer than any check: what ends the access is the check itself

Since = Annotated[date | None, Meta(title="С какого дня", description="День по московскому времени, включительно.")]
Until = Annotated[date | None, Meta(title="По какой день", description="День по московскому времени, включительно.")]
Kind = Annotated[Token | None, Meta(title="Вид действия", description="Например profile.changed.")]


class Period(Listing):
    """A page of a period."""

    since: Since = None
    until: Until = None


class ActsQuery(Period):
    """A page of one's own acts."""

    kind: Kind = None


class ExportQuery(Body):
    """Which of one's own acts go into a file."""

    since: Since = None
    until: Until = None
    kind: Kind = None
    cursor: Annotated[Token | None, Meta(title="Продолжение", description="Cabinet-Next-Cursor прежнего файла.")] = None


class SeenAct(Answer):
    """One act as others may see it: without any values, and without the place it came from."""

    record_id: Annotated[str, Meta(title="Номер записи")]
    at: Annotated[str, Meta(title="Когда")]
    kind: Annotated[str, Meta(title="Вид действия")]
    operation: Annotated[str, Meta(title="Операция")]
    outcome: Annotated[str, Meta(title="Итог", description="done — сделано, repeated — повтор, иначе код отказа.")]
    role: Annotated[str | None, Meta(title="В какой роли")]
    organisation_id: Annotated[str | None, Meta(title="От какой организации")]
    objects: Annotated[list[str], Meta(title="Номера затронутых записей")]
    fields: Annotated[list[str], Meta(title="Изменённые поля")]


class Act(SeenAct):
    """One's own act."""

    address: Annotated[str | None, Meta(title="Откуда: адрес", description="Адрес при входе; null — не сохранилось.")]
    device: Annotated[str | None, Meta(title="Откуда: устройство", description="Как назвалось при входе.")]


class OrganisationAct(SeenAct):
    """An act done in the name of an organisation."""

    person_id: Annotated[str, Meta(title="Кто", description="Номер человека в кабинете.")]


class ActPage(Answer):
    """One's own acts, newest first; lists by kind may lag a moment behind."""

    items: list[Act]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]
    eventual: Annotated[bool, Meta(title="Список может немного отставать")]


class OrganisationActPage(Answer):
    """Acts done in the name of an organisation, newest first; the list may lag a moment behind."""

    items: list[OrganisationAct]
    next_cursor: Annotated[str | None, Meta(title="Продолжение списка")]
    eventual: Annotated[bool, Meta(title="Список может немного отставать")]


class CheckOfUs(Answer):
    """A check as the checked organisation sees it."""

    check_id: Annotated[str, Meta(title="Номер проверки")]
    authority_id: Annotated[str, Meta(title="Кто проверяет (OID)")]
    organisation_id: Annotated[str, Meta(title="Кого проверяют (OID)")]
    order_number: Annotated[str, Meta(title="Номер приказа")]
    order_date: Annotated[str, Meta(title="Дата приказа")]
    since: Annotated[str, Meta(title="Проверяемый период: с какого дня")]
    until: Annotated[str, Meta(title="Проверяемый период: по какой день")]
    status: Annotated[
        str, Meta(title="Состояние", description="open — открыта, closed — закрыта, expired — срок вышел.")
    ]
    opened_at: Annotated[str, Meta(title="Когда открыта")]
    closes_at: Annotated[str, Meta(title="До какого времени открыта")]
    closed_at: Annotated[str | None, Meta(title="Когда закрыта")]


class AuthorityCheck(CheckOfUs):
    """A check as the authority sees it."""

    opened_by: Annotated[str, Meta(title="Кто открыл", description="Номер человека в кабинете.")]
    closed_by: Annotated[str | None, Meta(title="Кто закрыл", description="Номер человека в кабинете.")]


class Origin(msgspec.Struct):
    """Where a session was opened from. Stored sealed."""

    address: str
    device: str = ""


class CheckPointer(msgspec.Struct):
    """What the pointer to a checked organisation's journal says; it is no right, the open check is."""

    checked_id: str
    first_day: date
    last_day: date


def seen(record: JournalRecord) -> dict[str, Any]:
    """Write down what anybody who may see a record sees of it."""
    milliseconds = int(record.record_id.removeprefix("rec_")[:12], 16)
    return {
        "record_id": record.record_id,
        "at": clock.stamp(datetime.fromtimestamp(milliseconds / 1000, UTC)),
        "kind": record.kind,
        "operation": record.operation,
        "outcome": record.outcome,
        "role": record.role,
        "organisation_id": record.organisation_id,
        "objects": list(record.objects or []),
        "fields": list(record.fields or []),
    }


def own_acts(actor: Actor, records: list[JournalRecord]) -> list[Act]:
    """Show one's own records with the places they came from; each session's place is opened once."""
    key = OwnerKey(actor.person_id, actor.wrapped_key)
    places = {sealed: _origin(key, sealed) for sealed in {one.origin for one in records}}
    shown = []
    for record in records:
        place = places[record.origin]
        address, device = (place.address, place.device) if place else (None, None)
        shown.append(Act(**seen(record), address=address, device=device))
    return shown


def _origin(key: OwnerKey, sealed: bytes | None) -> Origin | None:
    """Open where an act came from; None when it was not kept or was sealed with a former key."""
    if sealed is None:
        return None
    try:
        return key.open("session/origin", sealed, Origin)
    except ValueError:
        return None


def exported(call: Call, query: ExportQuery, ending: str) -> tuple[list[Act], bool]:
    """Read the acts of one file in one trip, name the file, and say how to go on; tells whether there is more."""
    find = acts_of(call.actor.person_id, query.since, query.until, query.kind)
    page = call.page(find, FILE_RECORDS, query.cursor, f"{query.since}/{query.until}/{query.kind}")
    call.headers["Content-Disposition"] = f'attachment; filename="journal-{clock.today()}.{ending}"'
    if page.next_cursor:
        call.headers["Cabinet-Next-Cursor"] = page.next_cursor
    return own_acts(call.actor, list(page.items)), page.next_cursor is not None


def organisation_acts(page: Page) -> OrganisationActPage:
    """Show a page of an organisation's journal."""
    items = [OrganisationAct(**seen(one), person_id=one.person_id) for one in page.items]
    return OrganisationActPage(items=items, next_cursor=page.next_cursor, eventual=True)


def outline(check: OrganisationCheck) -> dict[str, Any]:
    """Write down what both sides see of a check."""
    return {
        "check_id": check.check_id,
        "authority_id": check.organisation_id,
        "organisation_id": check.checked_id,
        "order_number": check.order_number,
        "order_date": check.order_date,
        "since": check.since,
        "until": check.until,
        "status": check.status,
        "opened_at": clock.moment(check.opened_at),
        "closes_at": clock.moment(check.closes_at),
        "closed_at": clock.moment(check.closed_at) if check.closed_at is not None else None,
    }


def view(check: OrganisationCheck) -> AuthorityCheck:
    """Show a check to the authority that opened it."""
    return AuthorityCheck(**outline(check), opened_by=check.opened_by, closed_by=check.closed_by)


def give_pointer(actor: Actor, check: OrganisationCheck) -> str:
    """Seal what the journal of a checked organisation is asked with, for this officer and this check."""
    said = {"checked_id": check.checked_id, "first_day": check.since, "last_day": check.until}
    return ticket.seal("journal/check", POINTER_SECONDS, _bound(actor, check.check_id), **said)


def take_pointer(actor: Actor, check_id: str, given: str) -> CheckPointer | None:
    """Open a pointer; None when it is not this officer's, or of another check."""
    values = ticket.unseal("journal/check", given, _bound(actor, check_id))
    return None if values is None else msgspec.convert(values, CheckPointer)


def _bound(actor: Actor, check_id: str) -> str:
    return f"{actor.person_id}/{actor.organisation_id}/{check_id}"
