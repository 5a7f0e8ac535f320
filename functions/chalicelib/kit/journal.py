"""Making journal records: a known person's go to his journal, others to the security journal."""

from datetime import UTC, datetime
from typing import Any

from chalicelib.kit import clock, ids, settings
from chalicelib.kit.call import Call
from chalicelib.kit.refusals import InternalError
from chalicelib.kit.tables import Table, patiently
from chalicelib.kit.trail.tables import JournalRecord, SecurityRecord, hour_of, keep_until
from chalicelib.kit.transaction import Step


def step(call: Call, outcome: str, calls: int) -> Step:
    """Make the record of a call as a step of its transaction; `calls` is the source's number in this minute."""
    if call.identified is None:
        return _security_step(call, outcome, calls)
    return Step("put", _record(call, outcome), InternalError)


def alone(record: Step) -> None:
    """Write a record by itself, for reads and refusals."""
    item: Table = record.item
    if record.kind == "update" and isinstance(item, SecurityRecord):
        item.add_one()
        return
    patiently(item.save)


def by_person(
    person_id: str, kind: str, operation: str, trace_id: str, outcome: str = "done", **facts: Any
) -> JournalRecord:
    """Make the record of an act that the cabinet ascribes to a person: his sign-in, a check it made for him."""
    record_id = ids.new("rec")
    return JournalRecord(
        person_id=person_id,
        record_id=record_id,
        kind=kind,
        person_kind=f"{person_id}#{kind}",
        operation=operation,
        outcome=outcome,
        trace_id=trace_id,
        hour=hour_of(record_id),
        expires=keep_until(kind),
        **facts,
    )


def _record(call: Call, outcome: str) -> JournalRecord:
    actor = call.actor
    return by_person(
        actor.person_id,
        call.operation.audit,
        call.operation.name,
        call.trace_id,
        outcome,
        role=actor.role.value,
        organisation_id=actor.organisation_id,
        subject_id=call.subject,
        objects=list(call.objects),
        fields=list(call.fields),
        origin=actor.origin,
    )


def _security_step(call: Call, outcome: str, calls: int) -> Step:
    now = clock.now()
    hour = datetime(now.year, now.month, now.day, now.hour, tzinfo=UTC)
    place = f"{call.source}#{clock.stamp(hour)}"
    if calls > settings.SECURITY_RECORDS_A_MINUTE:
        summed = SecurityRecord(place=place, record_id=f"sum_{now.minute:02d}", expires=keep_until("security."))
        return Step("update", summed, InternalError, actions=summed.one_more())
    record = SecurityRecord(
        place=place,
        record_id=ids.new("rec"),
        operation=call.operation.name,
        outcome=outcome,
        trace_id=call.trace_id,
        expires=keep_until("security."),
    )
    return Step("put", record, InternalError)
