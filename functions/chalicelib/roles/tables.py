"""Invitations, and who holds which role where."""

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.kit import settings
from chalicelib.kit.tables import Find, Table


class Invitation(Table):
    """An offer of one role to the owner of one СНИЛС; lies with the grantor's organisation, or with the cabinet.

    The e-mail is sealed with a key of the deployment, since the invited person may have no key yet.
    """

    class Meta:
        table_name = settings.table("invitation")

    place = UnicodeAttribute(hash_key=True)
    invitation_id = UnicodeAttribute(range_key=True)
    role = UnicodeAttribute()
    organisation_id = UnicodeAttribute(null=True)
    snils_hash = UnicodeAttribute()
    sealed_email = BinaryAttribute(legacy_encoding=False)
    secret_hash = UnicodeAttribute()
    granted_by = UnicodeAttribute()
    state = UnicodeAttribute(default="open")
    until = NumberAttribute()
    expires = NumberAttribute()
    version = NumberAttribute(default=1)

    @classmethod
    def at(cls, place: str) -> Find["Invitation"]:
        """Find the invitations of a place, newest first."""
        return Find(cls, place, newest_first=True)


class RoleHolder(Table):
    """One person in one role at one place; `version` is the moment of the grant, so that a tag names this very grant."""

    class Meta:
        table_name = settings.table("role_holder")

    place = UnicodeAttribute(hash_key=True)
    role_person = UnicodeAttribute(range_key=True)
    person_id = UnicodeAttribute()
    login = UnicodeAttribute()
    role = UnicodeAttribute()
    organisation_id = UnicodeAttribute(null=True)
    granted_by = UnicodeAttribute()
    version = NumberAttribute()

    @classmethod
    def at(cls, place: str, role: str | None = None) -> Find["RoleHolder"]:
        """Find who holds roles at a place, or one role."""
        return Find(cls, place, cls.role_person.startswith(f"{role}#") if role else None)


class RoleCount(Table):
    """How many people hold a role that must not be left empty; counted in the transactions that give and take it."""

    class Meta:
        table_name = settings.table("role_count")

    counted = UnicodeAttribute(hash_key=True)
    holders = NumberAttribute(default=0)
