"""Queries on the journal; its table is the kit's, since every operation writes there."""

from datetime import UTC, date, datetime, timedelta

from chalicelib.kit import ids
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.tables import Find
from chalicelib.kit.trail.tables import JournalRecord

FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2200, 1, 1)


def acts_of(person_id: str, since: date | None, until: date | None, kind: str | None) -> Find[JournalRecord]:
    """Find a person's own acts in a period (days by UTC, both included), of one kind or of all; newest first."""
    between = JournalRecord.record_id.between(*_bounds(since, until))
    if kind is None:
        return Find(JournalRecord, person_id, between, newest_first=True)
    index, index_key = JournalRecord.by_kind, JournalRecord.ByKind.record_id
    return Find(
        JournalRecord, f"{person_id}#{kind}", index_key.between(*_bounds(since, until)), index, newest_first=True
    )


def views_of(person_id: str, since: date | None, until: date | None) -> Find[JournalRecord]:
    """Find what others did with a person's data; newest first."""
    index, index_key = JournalRecord.by_subject, JournalRecord.BySubject.record_id
    between = index_key.between(*_bounds(since, until))
    return Find(JournalRecord, person_id, between, index, newest_first=True)


def _bounds(since: date | None, until: date | None) -> tuple[str, str]:
    first = max(since or FIRST_DAY, FIRST_DAY)
    after = min(until, LAST_DAY) + timedelta(days=1) if until else LAST_DAY
    if after <= first:
        raise WrongFields([wrong("/until", "Конец периода раньше его начала. Поменяйте дни местами.")])
    return ids.floor("rec", _milliseconds(first)), ids.floor("rec", _milliseconds(after))


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
