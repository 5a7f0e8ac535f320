"""The tables of the journal: records are put and queried, nothing else."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final

from pynamodb.attributes import BinaryAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.kit import clock, ids, settings
from chalicelib.kit.tables import Table

HOUR_SHARDS: Final = 4


class JournalRecord(Table):
    """What one person did: written once, never changed; retention is the time to live."""

    class Meta:
        table_name = settings.table("journal")

    stream: ClassVar[bool] = True

    person_id = UnicodeAttribute(hash_key=True)
    record_id = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    person_kind = UnicodeAttribute()
    operation = UnicodeAttribute()
    outcome = UnicodeAttribute()
    role = UnicodeAttribute(null=True)
    organisation_id = UnicodeAttribute(null=True)
    subject_id = UnicodeAttribute(null=True)
    objects = ListAttribute[Any](default=list)
    fields = ListAttribute[Any](default=list)
    trace_id = UnicodeAttribute()
    origin = BinaryAttribute(legacy_encoding=False, null=True)
    hour = UnicodeAttribute(null=True)
    expires = NumberAttribute()

    class BySubject(GlobalSecondaryIndex["JournalRecord"]):
        """Who looked at or changed a person's data; his own acts are not in it."""

        class Meta:
            index_name = "by_subject"
            projection = AllProjection()

        subject_id = UnicodeAttribute(hash_key=True)
        record_id = UnicodeAttribute(range_key=True)

    class ByKind(GlobalSecondaryIndex["JournalRecord"]):
        """A person's acts of one kind."""

        class Meta:
            index_name = "by_kind"
            projection = AllProjection()

        person_kind = UnicodeAttribute(hash_key=True)
        record_id = UnicodeAttribute(range_key=True)

    class ByOrganisation(GlobalSecondaryIndex["JournalRecord"]):
        """Acts done in the name of an organisation."""

        class Meta:
            index_name = "by_organisation"
            projection = AllProjection()

        organisation_id = UnicodeAttribute(hash_key=True)
        record_id = UnicodeAttribute(range_key=True)

    class ByHour(GlobalSecondaryIndex["JournalRecord"]):
        """The keys of all records of one hour, in a few shards, for whoever looks over the whole journal."""

        class Meta:
            index_name = "by_hour"
            projection = KeysOnlyProjection()

        hour = UnicodeAttribute(hash_key=True)
        record_id = UnicodeAttribute(range_key=True)

    by_subject = BySubject()
    by_kind = ByKind()
    by_organisation = ByOrganisation()
    by_hour = ByHour()


class SecurityRecord(Table):
    """Calls of no known person: by source, hour and shard; past a limit a minute only a sum is kept."""

    class Meta:
        table_name = settings.table("security_journal")

    place = UnicodeAttribute(hash_key=True)
    record_id = UnicodeAttribute(range_key=True)
    operation = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute(null=True)
    trace_id = UnicodeAttribute(null=True)
    calls = NumberAttribute(default=1)
    expires = NumberAttribute(null=True)

    def one_more(self) -> list[Action]:
        """Return the changes that add a call to the summed record."""
        cls = type(self)
        return [cls.calls.add(1), cls.expires.set(self.expires), cls.outcome.set("summed")]

    def add_one(self) -> None:
        """Add a call to the summed record outside a transaction."""
        type(self).change(self.place, self.record_id, actions=self.one_more())


def hour_of(record_id: str) -> str:
    """Return the partition of the index by hour: the hour of the record's number (UTC) and its shard."""
    return place_in_hour(ids.milliseconds(record_id) // 3_600_000, int(record_id[-1], 16) % HOUR_SHARDS)


def place_in_hour(hour: int, shard: int) -> str:
    """Name a shard of an hour, which is counted since 1970: `2026-11-22T09#3`."""
    return f"{clock.moment(hour * 3600)[:13]}#{shard}"


@lru_cache(maxsize=1)
def _retention() -> list[dict[str, Any]]:
    data = json.loads((Path(__file__).parent.parent / "data/journal_retention.json").read_text(encoding="utf-8"))
    rules: list[dict[str, Any]] = data["rules"]
    return rules


def keep_until(kind: str) -> int:
    """Return the second until which a record of a kind is kept: the longest matching prefix decides."""
    return clock.epoch() + _days(kind, clock.epoch() // 86_400) * 86_400


def shortest_seconds() -> int:
    """Return how long a record is kept at least, of whatever kind."""
    return min(int(one["days"]) for one in _retention()) * 86_400


@lru_cache(maxsize=512)
def _days(kind: str, day: int) -> int:
    today = clock.moment(day * 86_400)[:10]
    valid = [one for one in _retention() if one["valid_from"] <= today and kind.startswith(one["kind_prefix"])]
    days: int = max(valid, key=lambda one: len(one["kind_prefix"]))["days"]
    return days
