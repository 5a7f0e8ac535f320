"""The seals, the leaves below them and the tree of owners; all of it moves with one conditional write of the head."""

from typing import Any, Final

from pynamodb.attributes import BinaryAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.kit import clock, settings
from chalicelib.kit.tables import Condition, Find, Table
from chalicelib.kit.trail.tables import JournalRecord, place_in_hour
from chalicelib.seals.rules import FANOUT, Entry

CHAIN: Final = "journal"
TOP: Final = "top"
LOST, NEW, OLD = "lost", "new", "old"


class JournalLeaf(Table):
    """What a record left in its owner's chain; `text` is what is hashed."""

    class Meta:
        table_name = settings.table("journal_leaf")

    person_id = UnicodeAttribute(hash_key=True)
    record_id = UnicodeAttribute(range_key=True)
    seal = NumberAttribute()
    text = UnicodeAttribute()
    expires = NumberAttribute()

    class BySeal(GlobalSecondaryIndex["JournalLeaf"]):
        """The leaves of one seal."""

        class Meta:
            index_name = "by_seal"
            projection = AllProjection()

        seal = NumberAttribute(hash_key=True)
        record_id = UnicodeAttribute(range_key=True)

    by_seal = BySeal()

    @classmethod
    def of_person(cls, person_id: str) -> Find["JournalLeaf"]:
        """Find a person's leaves, oldest record first."""
        return Find(cls, person_id)

    @classmethod
    def of_seal(cls, number: int) -> Find["JournalLeaf"]:
        """Find the leaves of a seal."""
        partition: Any = number  # PynamoDB writes it as the number that the index holds
        return Find(cls, partition, index=cls.by_seal)


class Seal(Table):
    """One seal, kept for ever: its signed body, the signature (DER, hex) and the hashes of its leaves, 32 bytes each."""

    class Meta:
        table_name = settings.table("seal")

    chain = UnicodeAttribute(hash_key=True, default=CHAIN)
    number = NumberAttribute(range_key=True)
    body = UnicodeAttribute()
    signature = UnicodeAttribute()
    leaves = BinaryAttribute(legacy_encoding=False)
    made_at = NumberAttribute()
    unpublished = UnicodeAttribute(null=True)

    class ByUnpublished(GlobalSecondaryIndex["Seal"]):
        """Seals that do not lie in the bucket yet, as far as the table knows."""

        class Meta:
            index_name = "by_unpublished"
            projection = KeysOnlyProjection()

        unpublished = UnicodeAttribute(hash_key=True)
        number = NumberAttribute(range_key=True)

    by_unpublished = ByUnpublished()

    @property
    def hashes(self) -> list[str]:
        """The hashes of the leaves."""
        return [self.leaves[start : start + 32].hex() for start in range(0, len(self.leaves), 32)]

    @classmethod
    def waiting(cls) -> Find["Seal"]:
        """Find the seals that are not published, oldest first; only their keys come."""
        return Find(cls, CHAIN, index=cls.by_unpublished)

    @classmethod
    def since(cls, number: int) -> Find["Seal"]:
        """Find the seals from a number on."""
        return Find(cls, CHAIN, cls.number >= number)

    @classmethod
    def published(cls, number: int) -> None:
        """Note that a seal lies in the bucket."""
        cls.change(CHAIN, number, actions=[cls.unpublished.remove()], when=cls.number.exists())


class SealHead(Table):
    """The newest seal, without its leaves; whoever moves it has sealed."""

    class Meta:
        table_name = settings.table("seal_head")

    place = UnicodeAttribute(hash_key=True, default=CHAIN)
    number = NumberAttribute()
    body = UnicodeAttribute()
    signature = UnicodeAttribute()

    @classmethod
    def follows(cls, head: "SealHead | None") -> Condition:
        """Return the condition that nobody has sealed since a head was read."""
        condition: Condition = cls.place.does_not_exist() if head is None else cls.number == head.number
        return condition


class SealNode(Table):
    """A node of the tree of owners: the top, a middle node or a bucket; written only together with the head.

    `children`: the 64 hashes below, 32 bytes each. `entries`: of a bucket, the ends of its owners' chains.
    """

    class Meta:
        table_name = settings.table("seal_node")

    place = UnicodeAttribute(hash_key=True)
    children = BinaryAttribute(legacy_encoding=False, null=True)
    entries = JSONAttribute(null=True)

    @staticmethod
    def middle(number: int) -> str:
        """Name a middle node."""
        return f"middle#{number:02d}"

    @staticmethod
    def bucket(middle: int, number: int) -> str:
        """Name a bucket."""
        return f"bucket#{middle:02d}#{number:02d}"

    @classmethod
    def of_children(cls, place: str, children: list[str]) -> "SealNode":
        """Make the top or a middle node."""
        return cls(place=place, children=bytes.fromhex("".join(children)))

    @classmethod
    def of_bucket(cls, middle: int, number: int, ends: dict[str, Entry]) -> "SealNode":
        """Make a bucket."""
        return cls(place=cls.bucket(middle, number), entries={owner: list(end) for owner, end in ends.items()})

    @property
    def hashes(self) -> list[str]:
        """The hashes below."""
        return [self.children[start : start + 32].hex() for start in range(0, 32 * FANOUT, 32)]

    @property
    def ends(self) -> dict[str, Entry]:
        """The ends of the chains of a bucket's owners."""
        return {owner: Entry(*values) for owner, values in self.entries.items()}


class SealKey(Table):
    """A public key that has signed seals: `key_id` is the SHA-256 of its DER form; `number`, `valid_from`: its first seal.

    `endorsement`: what the key before it has signed of it (`rules.endorsement_of`), DER signature in hex; the first key
    has none.
    """

    class Meta:
        table_name = settings.table("seal_key")

    place = UnicodeAttribute(hash_key=True, default=CHAIN)
    key_id = UnicodeAttribute(range_key=True)
    pem = UnicodeAttribute()
    number = NumberAttribute()
    valid_from = UnicodeAttribute()
    endorsement = UnicodeAttribute(null=True)
    endorsement_signature = UnicodeAttribute(null=True)

    @classmethod
    def everyone(cls) -> Find["SealKey"]:
        """Find all keys."""
        return Find(cls, CHAIN)


class SealCheck(Table):
    """How far the hourly jobs have come; `number` is the next seal to compare, or the hour since 1970 with its place there.

    Places: LOST (hours, their shards, the last record there), NEW and OLD (seals compared for the first time and again).
    """

    class Meta:
        table_name = settings.table("seal_check")

    place = UnicodeAttribute(hash_key=True)
    number = NumberAttribute()
    shard = NumberAttribute(default=0)
    record_id = UnicodeAttribute(default="rec_")


def records_of_hour(check: SealCheck) -> Find[JournalRecord]:
    """Find the keys of the records of the position's hour and shard, after its last record."""
    place = place_in_hour(int(check.number), int(check.shard))
    return Find(JournalRecord, place, JournalRecord.ByHour.record_id > check.record_id, JournalRecord.by_hour)


def one_record(person_id: str, record_id: str) -> Find[JournalRecord]:
    """Find one record by its whole key: the journal is only put and queried."""
    return Find(JournalRecord, person_id, JournalRecord.record_id == record_id)


def own_records(person_id: str) -> Find[JournalRecord]:
    """Find a person's records, oldest first."""
    return Find(JournalRecord, person_id)


def present_hour() -> int:
    """Return the present hour, counted since 1970."""
    return clock.epoch() // 3600
