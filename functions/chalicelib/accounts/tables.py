"""Accounts, their unique names, and where people work."""

from typing import Any, Literal

from pynamodb.attributes import (
    BinaryAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.kit import clock, codes, settings
from chalicelib.kit.tables import Find, Get, Table, fetch
from chalicelib.kit.vault import OwnerKey

Purpose = Literal["password", "code"]
PASSWORD_TRIES_AN_HOUR = 10
STAND_IN_SECONDS = 2 * 3600
_LIMITS: dict[Purpose, int] = {"password": PASSWORD_TRIES_AN_HOUR, "code": codes.TRIES_AN_HOUR}


class Account(Table):
    """A person of the cabinet: what he signs in with, how he is reached, what he may act as.

    `sessions` maps open sessions to their absolute end; `codes` maps pending codes to {act hash, until};
    contacts, the TOTP secret and a pending change are sealed with the person's key.
    """

    class Meta:
        table_name = settings.table("account")

    person_id = UnicodeAttribute(hash_key=True)
    handle = UnicodeAttribute()
    login = UnicodeAttribute()
    assurance = UnicodeAttribute(default="claimed")
    epoch = NumberAttribute(default=0)
    password_hash = UnicodeAttribute(null=True)
    wrapped_key = BinaryAttribute(legacy_encoding=False)
    contacts = BinaryAttribute(legacy_encoding=False, null=True)
    contacts_reviewed_at = NumberAttribute(default=0)
    contacts_version = NumberAttribute(default=1)
    contact_change = BinaryAttribute(legacy_encoding=False, null=True)
    grants = JSONAttribute(default=list)
    codes = JSONAttribute(default=dict)
    sessions = JSONAttribute(default=dict)
    totp = BinaryAttribute(legacy_encoding=False, null=True)
    totp_pending = BinaryAttribute(legacy_encoding=False, null=True)
    totp_step = NumberAttribute(default=0)
    activation = UnicodeAttribute(null=True)
    activation_until = NumberAttribute(default=0)
    consent_version = UnicodeAttribute(null=True)
    register_state = UnicodeAttribute(default="working")
    matched_at = NumberAttribute(default=0)
    password_hour = NumberAttribute(default=0)
    password_even = NumberAttribute(default=0)
    password_odd = NumberAttribute(default=0)
    code_hour = NumberAttribute(default=0)
    code_even = NumberAttribute(default=0)
    code_odd = NumberAttribute(default=0)
    expires = NumberAttribute(null=True)
    version = NumberAttribute(default=1)

    @classmethod
    def attempt(cls, person_id: str, purpose: Purpose, *, known: bool = True) -> "Account | None":
        """Count a try before anything is compared, and read the account in the same trip; None past the limit.

        An unknown person costs the same: his tries are counted on an item that expires and opens nothing.
        """
        account = cls._count(person_id, purpose, known=known)
        if account is None and cls._forgive_earlier_hour(person_id, purpose):
            account = cls._count(person_id, purpose, known=known)
        return account

    @classmethod
    def _count(cls, person_id: str, purpose: Purpose, *, known: bool) -> "Account | None":
        hour = clock.epoch() // 3600
        this, other = (getattr(cls, f"{purpose}_{name}") for name in _even_first(hour))
        changes: list[Action] = [this.add(1), other.set(0), getattr(cls, f"{purpose}_hour").set(hour)]
        if not known:
            changes.append(cls.expires.set(clock.epoch() + STAND_IN_SECONDS))
        allowed = this.does_not_exist() | (this < _LIMITS[purpose])
        return cls.change(person_id, actions=changes, when=allowed)

    @classmethod
    def _forgive_earlier_hour(cls, person_id: str, purpose: Purpose) -> bool:
        """Reset the counter when it still holds tries of an earlier hour that shares its place."""
        (item,) = fetch((Get(cls, person_id),))
        hour = clock.epoch() // 3600
        if item is None or int(getattr(item, f"{purpose}_hour")) == hour:
            return False
        cls.change(person_id, actions=cls.no_tries(purpose))
        return True

    @classmethod
    def no_tries(cls, purpose: Purpose) -> list[Action]:
        """Return the changes that forget counted tries, after a success."""
        return [getattr(cls, f"{purpose}_even").set(0), getattr(cls, f"{purpose}_odd").set(0)]

    def begun_again(self, key: OwnerKey, contacts: bytes, digest: str, until: int) -> list[Action]:
        """Return the changes that leave nothing to the former holder; contacts count only after activation."""
        cls = type(self)
        return [
            cls.assurance.set("confirmed"),
            cls.wrapped_key.set(key.wrapped),
            cls.contacts.remove(),
            cls.contact_change.set(contacts),
            cls.password_hash.remove(),
            cls.totp.remove(),
            cls.totp_pending.remove(),
            cls.consent_version.remove(),
            cls.activation.set(digest),
            cls.activation_until.set(until),
        ]

    def activated(self, password_hash: str, policy_version: str) -> list[Action]:
        """Return the changes by which a proven person takes the account: contacts proven, password and consent set."""
        cls = type(self)
        return [
            cls.contacts.set(self.contact_change),
            cls.contact_change.remove(),
            cls.contacts_version.set(cls.contacts_version + 1),
            cls.contacts_reviewed_at.set(clock.epoch()),
            cls.password_hash.set(password_hash),
            cls.consent_version.set(policy_version),
            cls.activation.remove(),
        ]

    def live_sessions(self) -> dict[str, int]:
        """Return the sessions that have not reached their absolute end."""
        now = clock.epoch()
        return {name: int(until) for name, until in (self.sessions or {}).items() if until > now}

    def live_codes(self) -> dict[str, Any]:
        """Return the pending codes that are still good."""
        now = clock.epoch()
        return {name: one for name, one in (self.codes or {}).items() if one["until"] > now}


class Login(Table):
    """A login, taken for good."""

    class Meta:
        table_name = settings.table("login")

    login = UnicodeAttribute(hash_key=True)
    person_id = UnicodeAttribute()


class Reservation(Table):
    """A keyed hash (of a СНИЛС, of a phone) that belongs to one person."""

    class Meta:
        table_name = settings.table("reservation")

    what = UnicodeAttribute(hash_key=True)
    person_id = UnicodeAttribute()


class Employment(Table):
    """Where a person works, as the register said at the last match; ties him to an organisation."""

    class Meta:
        table_name = settings.table("employment")

    person_id = UnicodeAttribute(hash_key=True)
    organisation_id = UnicodeAttribute(range_key=True)
    organisation_snils = UnicodeAttribute()
    wrapped_key = BinaryAttribute(legacy_encoding=False)
    sealed = BinaryAttribute(legacy_encoding=False)
    matched_at = NumberAttribute()

    class BySnils(GlobalSecondaryIndex["Employment"]):
        """Find a worker of an organisation by the keyed hash of his СНИЛС."""

        class Meta:
            index_name = "by_snils"
            projection = AllProjection()

        organisation_snils = UnicodeAttribute(hash_key=True)
        person_id = UnicodeAttribute(range_key=True)

    by_snils = BySnils()

    @classmethod
    def of_organisation(cls, organisation_id: str, snils_hash: str) -> Find["Employment"]:
        """Find the worker of an organisation by СНИЛС."""
        return Find(cls, f"{organisation_id}#{snils_hash}", index=cls.by_snils)


def _even_first(hour: int) -> tuple[str, str]:
    return ("even", "odd") if hour % 2 == 0 else ("odd", "even")
