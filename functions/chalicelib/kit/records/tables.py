"""The kit's own tables: sessions, keyed answers, the outbox, counters of calls, the journal and its security part."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from pynamodb.attributes import BinaryAttribute, JSONAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.kit import clock, settings
from chalicelib.kit.tables import Find, Table, patiently


class DeploymentSecret(Table):
    """The wrapped secret of the deployment."""

    class Meta:
        table_name = settings.table("deployment_secret")

    place = UnicodeAttribute(hash_key=True)
    wrapped = BinaryAttribute(legacy_encoding=False)


class Session(Table):
    """One sign-in: the key is the person's random handle, so a token names nobody."""

    class Meta:
        table_name = settings.table("session")

    handle = UnicodeAttribute(hash_key=True)
    session_id = UnicodeAttribute(range_key=True)
    person_id = UnicodeAttribute()
    secret_hash = UnicodeAttribute()
    grant = JSONAttribute()
    assurance = UnicodeAttribute()
    consent_version = UnicodeAttribute()
    wrapped_key = BinaryAttribute(legacy_encoding=False)
    source = UnicodeAttribute()
    origin = BinaryAttribute(legacy_encoding=False)
    opened_at = NumberAttribute()
    factor_at = NumberAttribute()
    idle_seconds = NumberAttribute()
    idle_until = NumberAttribute()
    absolute_until = NumberAttribute()
    minute = NumberAttribute()
    hits_even = NumberAttribute()
    hits_odd = NumberAttribute()
    expires = NumberAttribute()

    @classmethod
    def use(cls, handle: str, session_id: str, secret_hash: str) -> "Session | None":
        """Prove the secret, move the idle end and count the call in one trip; None when anything does not hold."""
        now = clock.epoch()
        this, other = (cls.hits_even, cls.hits_odd) if now // 60 % 2 == 0 else (cls.hits_odd, cls.hits_even)
        item = cls(handle=handle, session_id=session_id)
        holds = (cls.secret_hash == secret_hash) & (cls.idle_until > now) & (cls.absolute_until > now)
        changes: list[Action] = [
            cls.idle_until.set(cls.idle_seconds + now),
            cls.minute.set(now // 60),
            this.add(1),
            other.set(0),
        ]
        try:
            patiently(lambda: item.update(actions=changes, condition=holds & (this < settings.CALLS_A_MINUTE)))
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return None
        return item

    def restart_minute(self) -> bool:
        """Forget calls counted in an earlier minute that shares this minute's counter; False when there are none."""
        now = clock.epoch() // 60
        if int(self.minute) == now:
            return False
        cls = type(self)
        self.update(actions=[cls.minute.set(now), cls.hits_even.set(0), cls.hits_odd.set(0)])
        return True


class Idempotency(Table):
    """The answer of a keyed request that succeeded, readable only with the client's own key."""

    class Meta:
        table_name = settings.table("idempotency")

    record = UnicodeAttribute(hash_key=True)
    fingerprint = UnicodeAttribute()
    answer = BinaryAttribute(legacy_encoding=False)
    expires = NumberAttribute()


class Outbox(Table):
    """One effect to be delivered: written with the change that asked for it, sent by workers."""

    class Meta:
        table_name = settings.table("outbox")

    stream: ClassVar[bool] = True

    effect_id = UnicodeAttribute(hash_key=True)
    channel = UnicodeAttribute()
    kind = UnicodeAttribute()
    sealed = BinaryAttribute(legacy_encoding=False)
    state = UnicodeAttribute(default="pending")
    attempts = NumberAttribute(default=0)
    lease_until = NumberAttribute(default=0)
    pending_shard = UnicodeAttribute(null=True)
    pending_since = NumberAttribute(null=True)
    trace_id = UnicodeAttribute()
    expires = NumberAttribute()

    class ByPending(GlobalSecondaryIndex["Outbox"]):
        """Effects not delivered yet, oldest first, in a few shards."""

        class Meta:
            index_name = "by_pending"
            projection = AllProjection()

        pending_shard = UnicodeAttribute(hash_key=True)
        pending_since = NumberAttribute(range_key=True)

    by_pending = ByPending()

    @classmethod
    def overdue(cls, shard: int, before: int) -> Find["Outbox"]:
        """Find effects of a shard that have waited since before a moment."""
        return Find(cls, str(shard), cls.ByPending.pending_since < before, cls.by_pending)

    @classmethod
    def claim(cls, effect_id: str, seconds: int) -> "Outbox | None":
        """Take a pending effect for a while; None when it is gone, settled or in other hands."""
        now = clock.epoch()
        item = cls(effect_id=effect_id)
        changes: list[Action] = [cls.lease_until.set(now + seconds), cls.attempts.add(1)]
        free = (cls.state == "pending") & (cls.lease_until <= now)
        try:
            patiently(lambda: item.update(actions=changes, condition=free))
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return None
        return item

    def settled(self, state: str) -> list[Action]:
        """Return the changes that end an effect as `delivered` or `dead`."""
        cls = type(self)
        return [cls.state.set(state), cls.pending_shard.remove(), cls.pending_since.remove()]

    def released(self) -> list[Action]:
        """Return the changes that let a failed effect be tried again."""
        return [type(self).lease_until.set(0)]


class Counter(Table):
    """Public calls of one source in one minute, counted before anything secret is compared."""

    class Meta:
        table_name = settings.table("counter")

    counted = UnicodeAttribute(hash_key=True)
    calls = NumberAttribute(default=0)
    expires = NumberAttribute(null=True)

    @classmethod
    def hit(cls, what: str) -> int:
        """Count one call in the present minute and return the number so far."""
        item = cls(counted=f"{what}#{clock.epoch() // 60}")
        changes: list[Action] = [cls.calls.add(1), cls.expires.set(clock.epoch() + 3600)]
        patiently(lambda: item.update(actions=changes))
        return int(item.calls)


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

    by_subject = BySubject()
    by_kind = ByKind()
    by_organisation = ByOrganisation()


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
        self.update(actions=self.one_more())


@lru_cache(maxsize=1)
def _retention() -> list[dict[str, Any]]:
    data = json.loads((Path(__file__).parent.parent / "data/journal_retention.json").read_text(encoding="utf-8"))
    rules: list[dict[str, Any]] = data["rules"]
    return rules


def keep_until(kind: str) -> int:
    """Return the second until which a record of a kind is kept: the longest matching prefix decides."""
    today = clock.now().date().isoformat()
    valid = [one for one in _retention() if one["valid_from"] <= today and kind.startswith(one["kind_prefix"])]
    days: int = max(valid, key=lambda one: len(one["kind_prefix"]))["days"]
    return clock.epoch() + days * 24 * 3600
