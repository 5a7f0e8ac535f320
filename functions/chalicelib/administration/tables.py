"""The organisations where roles are held."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.kit import settings
from chalicelib.kit.tables import Find, Table


class Organisation(Table):
    """A hospital, an authority, a pharmacy…: known by its OID, or by a number of ours when it has none."""

    class Meta:
        table_name = settings.table("organisation")

    organisation_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute()
    name = UnicodeAttribute()
    name_key = UnicodeAttribute()
    ogrn = UnicodeAttribute()
    state = UnicodeAttribute(default="working")
    version = NumberAttribute(default=1)

    class ByKind(GlobalSecondaryIndex["Organisation"]):
        """Organisations of a kind, by name."""

        class Meta:
            index_name = "by_kind"
            projection = AllProjection()

        kind = UnicodeAttribute(hash_key=True)
        name_key = UnicodeAttribute(range_key=True)

    by_kind = ByKind()

    @classmethod
    def of_kind(cls, kind: str) -> Find["Organisation"]:
        """Find the organisations of a kind, in the order of their names."""
        return Find(cls, kind, index=cls.by_kind)
