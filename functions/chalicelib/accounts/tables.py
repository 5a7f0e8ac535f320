"""Accounts, their unique names, and where people work."""

from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    JSONAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.kit import clock, settings
from chalicelib.kit.tables import Find, Table
from chalicelib.kit.tries.tables import LIMITS as LIMITS  # noqa: PLC0414 - given on to those who count tries
from chalicelib.kit.tries.tables import Purpose as Purpose  # noqa: PLC0414 - see above
from chalicelib.kit.tries.tables import Tried
from chalicelib.kit.vault import OwnerKey

ERASE_SHARDS = 4


class Account(Tried, Table):
    """A person of the cabinet: what he signs in with, how he is reached, what he may act as.

    `session_ends` maps open sessions to their absolute end; `codes` maps pending codes to {act hash, until};
    `workplaces` are the organisations at which the register says that he works; `activation` is кадры's letter, by its nonce;
    contacts, the TOTP secret and a pending change are sealed with the person's key. `passkeys` maps factor ids to what a
    passkey's check needs, `recovery_codes` lists hashes (None for a used one), `factors_off` names the channels that the
    person does not want as factors, `places` are the networks and devices he came from; `blocked` is {by, at};
    `ended_at` is when his sessions were last ended together: what was proved before opens nothing after.
    A closed account has `closed_at`, and `erase_at` with its shard until its keys are destroyed; then only `erased_at`.
    """

    class Meta:
        table_name = settings.table("account")

    person_id = UnicodeAttribute(hash_key=True)
    handle = UnicodeAttribute()
    login = UnicodeAttribute()
    assurance = UnicodeAttribute(default="claimed")
    epoch = NumberAttribute(default=0)
    ended_at = NumberAttribute(default=0)
    password_hash = UnicodeAttribute(null=True)
    wrapped_key = BinaryAttribute(legacy_encoding=False)
    former_key = BinaryAttribute(legacy_encoding=False, null=True)
    contacts = BinaryAttribute(legacy_encoding=False, null=True)
    contacts_reviewed_at = NumberAttribute(default=0)
    contacts_version = NumberAttribute(default=1)
    contact_change = BinaryAttribute(legacy_encoding=False, null=True)
    grants = JSONAttribute(default=list)
    workplaces = JSONAttribute(default=list)
    codes = JSONAttribute(default=dict)
    session_ends: Any = MapAttribute(default=dict)  # a raw map, updated by path
    totp = BinaryAttribute(legacy_encoding=False, null=True)
    totp_pending = BinaryAttribute(legacy_encoding=False, null=True)
    totp_pending_until = NumberAttribute(default=0)
    totp_step = NumberAttribute(default=0)
    totp_name = UnicodeAttribute(null=True)
    totp_added_at = NumberAttribute(default=0)
    passkeys = JSONAttribute(default=dict)
    recovery_codes = JSONAttribute(default=list)
    factors_off = JSONAttribute(default=list)
    places = JSONAttribute(default=list)
    blocked = JSONAttribute(null=True)
    password_changed_at = NumberAttribute(default=0)
    password_history = JSONAttribute(default=list)
    recovered_by = UnicodeAttribute(null=True)
    activation = UnicodeAttribute(null=True)
    activation_until = NumberAttribute(default=0)
    consent_version = UnicodeAttribute(null=True)
    register_state = UnicodeAttribute(default="working")
    matched_at = NumberAttribute(default=0)
    closed_at = NumberAttribute(null=True)
    closed_by = UnicodeAttribute(null=True)
    erase_shard = UnicodeAttribute(null=True)
    erase_at = NumberAttribute(null=True)
    erased_at = NumberAttribute(null=True)
    expires = NumberAttribute(null=True)
    version = NumberAttribute(default=1)

    class ByErase(GlobalSecondaryIndex["Account"]):
        """Closed accounts whose keys are still there, the next to be erased first, in a few shards."""

        class Meta:
            index_name = "by_erase"
            projection = KeysOnlyProjection()

        erase_shard = UnicodeAttribute(hash_key=True)
        erase_at = NumberAttribute(range_key=True)

    by_erase = ByErase()

    @classmethod
    def to_erase(cls, shard: int, before: int) -> Find["Account"]:
        """Find closed accounts of a shard whose time has come; only their keys are in the index."""
        return Find(cls, str(shard), cls.ByErase.erase_at <= before, cls.by_erase)

    @classmethod
    def no_way_in(cls) -> list[Action]:
        """Return the changes that take every means of signing in."""
        return [
            cls.password_hash.remove(),
            cls.totp.remove(),
            cls.totp_pending.remove(),
            cls.passkeys.set({}),
            cls.recovery_codes.set([]),
            cls.factors_off.set([]),
            cls.places.set([]),
            cls.password_history.set([]),
            cls.recovered_by.remove(),
        ]

    def begun_again(self, key: OwnerKey) -> list[Action]:
        """Return the changes that leave nothing to the former holder of an account that has found its person."""
        cls = type(self)
        former = self.former_key or self.wrapped_key
        begun = [cls.assurance.set("confirmed"), cls.wrapped_key.set(key.wrapped), cls.former_key.set(former)]
        return [*begun, *cls.left()]

    @classmethod
    def left(cls) -> list[Action]:
        """Return the changes that leave the holder of an account nothing by which he comes in or is reached."""
        tries = [*cls.no_tries("password"), *cls.no_tries("password_trusted")]
        gone = [cls.contacts.remove(), cls.blocked.remove(), cls.consent_version.remove()]
        return [*gone, *cls.no_way_in(), *tries]

    @classmethod
    def awaited(cls, contacts: bytes | None, letter: str | None, until: int) -> list[Action]:
        """Return the changes by which contacts wait for the activation of a letter; without them nothing waits any more."""
        if contacts is None or letter is None:
            return [cls.contact_change.remove(), cls.activation.remove(), cls.activation_until.set(0)]
        return [cls.contact_change.set(contacts), cls.activation.set(letter), cls.activation_until.set(until)]

    def activated(self, password_hash: str, policy_version: str) -> list[Action]:
        """Return the changes by which a proven person takes the account: contacts proven, password and consent set."""
        cls = type(self)
        return [
            cls.contacts.set(self.contact_change),
            cls.contact_change.remove(),
            cls.contacts_version.set(cls.contacts_version + 1),
            cls.contacts_reviewed_at.set(clock.epoch()),
            cls.password_hash.set(password_hash),
            cls.password_changed_at.set(clock.epoch()),
            cls.consent_version.set(policy_version),
            cls.codes.set({}),
            cls.activation.remove(),
        ]

    @property
    def sessions(self) -> dict[str, int]:
        """The sessions that were opened and not ended, with their absolute ends."""
        return {name: int(until) for name, until in self.session_ends.as_dict().items()}

    def live_sessions(self) -> dict[str, int]:
        """Return the sessions that have not reached their absolute end."""
        now = clock.epoch()
        return {name: until for name, until in self.sessions.items() if until > now}

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

    class ByPerson(GlobalSecondaryIndex["Reservation"]):
        """What is reserved for one person, to be given up with his account."""

        class Meta:
            index_name = "by_person"
            projection = KeysOnlyProjection()

        person_id = UnicodeAttribute(hash_key=True)
        what = UnicodeAttribute(range_key=True)

    by_person = ByPerson()

    @classmethod
    def of_person(cls, person_id: str) -> Find["Reservation"]:
        """Find all that is reserved for a person."""
        return Find(cls, person_id, index=cls.by_person)


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
    def of_person(cls, person_id: str) -> Find["Employment"]:
        """Find all employments of a person."""
        return Find(cls, person_id)

    @classmethod
    def of_organisation(cls, organisation_id: str, snils_hash: str) -> Find["Employment"]:
        """Find the worker of an organisation by СНИЛС."""
        return Find(cls, f"{organisation_id}#{snils_hash}", index=cls.by_snils)


class HandOver(Table):
    """Who takes over the open work of somebody who left; other domains read it when they next touch such work."""

    class Meta:
        table_name = settings.table("hand_over")

    person_id = UnicodeAttribute(hash_key=True)
    organisation_id = UnicodeAttribute(range_key=True)
    to_person_id = UnicodeAttribute()
    at = NumberAttribute()
