"""Profiles and the confirmations that the register agreed with them."""

from pynamodb.attributes import BinaryAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.kit import settings
from chalicelib.kit.tables import Action, Find, Table


class Profile(Table):
    """What a worker says of himself (sealed), and how the last check ended.

    `version` counts edits of what he says; a check that ends meanwhile does not make his copy stale.
    """

    class Meta:
        table_name = settings.table("profile")

    person_id = UnicodeAttribute(hash_key=True)
    wrapped_key = BinaryAttribute(legacy_encoding=False)
    sealed = BinaryAttribute(legacy_encoding=False)
    status = UnicodeAttribute(default="not_checked")
    result = UnicodeAttribute(null=True)
    remarks = JSONAttribute(default=list)
    checked_at = NumberAttribute(null=True)
    changed_fields = JSONAttribute(default=list)
    shape = NumberAttribute(default=1)
    version = NumberAttribute(default=1)

    @classmethod
    def begun_again(cls, fresh: "Profile") -> list[Action]:
        """Return the changes that replace everything by a fresh profile."""
        return [
            cls.wrapped_key.set(fresh.wrapped_key),
            cls.sealed.set(fresh.sealed),
            cls.status.set("not_checked"),
            cls.result.remove(),
            cls.remarks.set([]),
            cls.checked_at.remove(),
            cls.changed_fields.set([]),
        ]


class Confirmation(Table):
    """The electronic confirmation of one full match; what it states is sealed and never changes."""

    class Meta:
        table_name = settings.table("confirmation")

    person_id = UnicodeAttribute(hash_key=True)
    confirmation_id = UnicodeAttribute(range_key=True)
    wrapped_key = BinaryAttribute(legacy_encoding=False)
    sealed = BinaryAttribute(legacy_encoding=False)
    made_at = NumberAttribute()

    @classmethod
    def of_person(cls, person_id: str) -> Find["Confirmation"]:
        """Find a person's confirmations, newest first."""
        return Find(cls, person_id, newest_first=True)
