"""The kit's own tables: sessions, keyed answers, the outbox, settings and what may happen once."""

from typing import Any, ClassVar

from pynamodb.attributes import BinaryAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection.base import BOTOCORE_EXCEPTIONS
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.kit import aws, clock, settings
from chalicelib.kit.tables import Condition, Find, Table, code_of, patiently


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
    signing_until = NumberAttribute(default=0)
    door = UnicodeAttribute(default="password")
    device = UnicodeAttribute(default="")
    keep = UnicodeAttribute(default="token")
    due = UnicodeAttribute(default="")
    told = UnicodeAttribute(default="")  # the greatest move that the owner was told of: "", "network" or "device"
    minute = NumberAttribute()
    hits_even = NumberAttribute()
    hits_odd = NumberAttribute()
    expires = NumberAttribute()

    @classmethod
    def of_person(cls, handle: str) -> Find["Session"]:
        """Find all sessions of a person, by his handle."""
        return Find(cls, handle)

    def is_open(self, now: int) -> bool:
        """Tell whether the session has neither idled out nor reached its absolute end."""
        return min(int(self.idle_until), int(self.absolute_until)) > now

    @classmethod
    def use(cls, handle: str, session_id: str, secret_hash: str) -> "Session | None":
        """Prove the secret, move the idle end and count the call in one trip; None when anything does not hold."""
        now = clock.epoch()
        this, other = ("hits_even", "hits_odd") if now // 60 % 2 == 0 else ("hits_odd", "hits_even")
        table = cls.Meta.table_name
        request = _use_request(table, this, other) | {
            "Key": {"handle": {"S": handle}, "session_id": {"S": session_id}},
            "ExpressionAttributeValues": {
                ":secret": {"S": secret_hash},
                ":now": {"N": str(now)},
                ":minute": {"N": str(now // 60)},
                ":before": {"N": str(now // 60 - 1)},
                ":most": {"N": str(settings.CALLS_A_MINUTE)},
                ":none": {"N": "0"},
                ":one": {"N": "1"},
            },
        }
        try:
            answer = patiently(lambda: aws.client("dynamodb").update_item(**request))
        except BOTOCORE_EXCEPTIONS as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return None
            raise
        return cls.from_raw_data(answer["Attributes"])

    def restart_minute(self) -> bool:
        """Forget calls counted in an earlier minute that shares this minute's counter; False when there are none."""
        now = clock.epoch() // 60
        if int(self.minute) >= now - 1:
            return False
        cls = type(self)
        calm: list[Action] = [cls.minute.set(now), cls.hits_even.set(0), cls.hits_odd.set(0)]
        cls.change(self.handle, self.session_id, actions=calm, when=cls.minute == self.minute)
        return True


def _use_request(table: str, this: str, other: str) -> dict[str, Any]:
    """Write the update of `Session.use` by hand: every call makes it, and building it anew is a tenth of a request.

    A count of an earlier minute that shares this minute's counter does not hold; `restart_minute` forgets it.
    """
    return {
        "TableName": table,
        "UpdateExpression": f"SET idle_until = idle_seconds + :now, #m = :minute, {other} = :none ADD {this} :one",
        "ConditionExpression": (
            "secret_hash = :secret AND idle_until > :now AND absolute_until > :now"
            f" AND ({this} = :none OR (#m >= :before AND {this} < :most))"
        ),
        "ExpressionAttributeNames": {"#m": "minute"},
        "ReturnValues": "ALL_NEW",
    }


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
    made_at = NumberAttribute(default=0)
    trace_id = UnicodeAttribute()
    expires = NumberAttribute(null=True)

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
        changes: list[Action] = [cls.lease_until.set(now + seconds), cls.attempts.add(1)]
        return cls.change(effect_id, actions=changes, when=(cls.state == "pending") & (cls.lease_until <= now))

    def is_held(self) -> Condition:
        """Return the condition that whoever claimed the effect still holds it: nobody took it over or settled it."""
        cls = type(self)
        held: Condition = (cls.state == "pending") & (cls.attempts == self.attempts)
        return held

    def settled(self, state: str) -> list[Action]:
        """Return the changes that end an effect as `delivered` or `dead`."""
        cls = type(self)
        kept = [cls.expires.remove()] if state == "dead" else []  # what was not delivered stays until somebody looks
        return [cls.state.set(state), cls.pending_shard.remove(), cls.pending_since.remove(), *kept]

    def released(self) -> list[Action]:
        """Return the changes that let a failed effect be tried again: after 1, 2, 4 … 64 minutes, later every two hours."""
        due = clock.epoch() + 60 * min(2 ** (int(self.attempts) - 1), 120)
        return [type(self).lease_until.set(due), type(self).pending_since.set(due)]


class Once(Table):
    """Something that may happen once: a challenge answered, a proof used. Put under the condition that it is new."""

    class Meta:
        table_name = settings.table("once")

    what = UnicodeAttribute(hash_key=True)
    expires = NumberAttribute()


class Setting(Table):
    """One value that an administrator set, and from when it holds; rows are added, never changed."""

    class Meta:
        table_name = settings.table("setting")

    scope = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    value = JSONAttribute()
    valid_from = NumberAttribute()
    set_at = NumberAttribute()

    @classmethod
    def everything(cls) -> Find["Setting"]:
        """Find all rows, oldest first for each name."""
        return Find(cls, "cabinet")

    @classmethod
    def of(cls, name: str) -> Find["Setting"]:
        """Find the rows of one name, newest first; `place` numbers them, so that two at once collide."""
        return Find(cls, "cabinet", cls.place.startswith(f"{name}#"), newest_first=True)


class Breaker(Table):
    """Whether an outside system answers; shared by all functions, so that one's failures spare the others."""

    class Meta:
        table_name = settings.table("breaker")

    system = UnicodeAttribute(hash_key=True)
    failures = NumberAttribute(default=0)
    open_until = NumberAttribute(default=0)

    @classmethod
    def failed(cls, system: str, most: int, seconds: int) -> None:
        """Count a failure; after `most` in a row the system is left alone for a while."""
        item = cls.change(system, actions=[cls.failures.add(1)])
        if item and item.failures >= most:
            cls.change(system, actions=[cls.failures.set(0), cls.open_until.set(clock.epoch() + seconds)])

    def recovered(self) -> list[Action]:
        """Return the changes that forget failures."""
        return [type(self).failures.set(0), type(self).open_until.set(0)]
