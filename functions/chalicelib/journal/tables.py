"""Checks of supervising authorities, and queries on the journal, whose table is the kit's since all operations write it."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.kit import clock, ids, settings
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import WrongFields
from chalicelib.kit.tables import Condition, Find, Table
from chalicelib.kit.trail.tables import JournalRecord

FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2200, 1, 1)
MOSCOW: Final = ZoneInfo("Europe/Moscow")


class OrganisationCheck(Table):
    """A supervising authority's check of an organisation: while it is open, the organisation's journal is open too.

    It belongs to the authority (`organisation_id`); days are ISO dates, moments seconds since 1970.
    """

    class Meta:
        table_name = settings.table("organisation_check")

    organisation_id = UnicodeAttribute(hash_key=True)
    check_id = UnicodeAttribute(range_key=True)
    checked_id = UnicodeAttribute()
    order_number = UnicodeAttribute()
    order_date = UnicodeAttribute()
    since = UnicodeAttribute()
    until = UnicodeAttribute()
    opened_by = UnicodeAttribute()
    opened_at = NumberAttribute()
    closes_at = NumberAttribute()
    closed_by = UnicodeAttribute(null=True)
    closed_at = NumberAttribute(null=True)
    version = NumberAttribute(default=1)

    class ByChecked(GlobalSecondaryIndex["OrganisationCheck"]):
        """The checks of one organisation, whoever opened them."""

        class Meta:
            index_name = "by_checked"
            projection = AllProjection()

        checked_id = UnicodeAttribute(hash_key=True)
        check_id = UnicodeAttribute(range_key=True)

    by_checked = ByChecked()

    @property
    def status(self) -> str:
        """Whether the check is open, was closed, or its term has passed."""
        if self.closed_at is not None:
            return "closed"
        return "open" if self.closes_at > clock.epoch() else "expired"

    @classmethod
    def is_open(cls) -> Condition:
        """Return the condition that the check gives access at this moment."""
        condition: Condition = cls.closed_at.does_not_exist() & (cls.closes_at > clock.epoch())
        return condition

    @classmethod
    def by_authority(cls, organisation_id: str) -> Find["OrganisationCheck"]:
        """Find the checks that an authority opened, newest first."""
        return Find(cls, organisation_id, newest_first=True)

    @classmethod
    def of_checked(cls, organisation_id: str) -> Find["OrganisationCheck"]:
        """Find the checks that an organisation undergoes or underwent, newest first."""
        return Find(cls, organisation_id, index=cls.by_checked, newest_first=True)


def acts_of(person_id: str, since: date | None, until: date | None, kind: str | None) -> Find[JournalRecord]:
    """Find a person's own acts in a period (Moscow days, both included), of one kind or of all; newest first."""
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


def acts_for(organisation_id: str, since: date | None, until: date | None) -> Find[JournalRecord]:
    """Find what was done in the name of an organisation; newest first."""
    index, index_key = JournalRecord.by_organisation, JournalRecord.ByOrganisation.record_id
    between = index_key.between(*_bounds(since, until))
    return Find(JournalRecord, organisation_id, between, index, newest_first=True)


def _bounds(since: date | None, until: date | None) -> tuple[str, str]:
    first = max(since or FIRST_DAY, FIRST_DAY)
    after = min(until, LAST_DAY) + timedelta(days=1) if until else LAST_DAY
    if after <= first:
        raise WrongFields([wrong("/until", "Конец периода раньше его начала. Поменяйте дни местами.")])
    return ids.floor("rec", _milliseconds(first)), ids.floor("rec", _milliseconds(after))


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=MOSCOW).timestamp() * 1000)
