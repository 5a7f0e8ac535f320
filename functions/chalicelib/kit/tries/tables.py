"""Counting tries on the item that is being tried: before anything secret is compared, in the trip that reads it."""

from typing import Any, Final, Literal, Self

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.update import Action

from chalicelib.kit import clock, codes
from chalicelib.kit.refusals import TooManyTries
from chalicelib.kit.tables import Get, fetch

Purpose = Literal["password", "sign_in", "activation", "factor", "contacts", "recovery", "step_up"]
STAND_IN_SECONDS: Final = 2 * 3600
LIMITS: dict[Purpose, int] = {
    "password": 10,
    "sign_in": codes.TRIES_AN_HOUR,
    "activation": codes.TRIES_AN_HOUR,
    "factor": codes.TRIES_AN_HOUR,
    "contacts": codes.TRIES_AN_HOUR,
    "recovery": codes.TRIES_AN_HOUR,
    "step_up": codes.TRIES_AN_HOUR,
}


class Tried:
    """Tries by purpose and hour; mixed into a table that has `person_id`, `epoch` and `expires`."""

    person_id: Any
    epoch: Any
    expires: Any
    change: Any
    password_hour = NumberAttribute(default=0)
    password_tries = NumberAttribute(default=0)
    sign_in_hour = NumberAttribute(default=0)
    sign_in_tries = NumberAttribute(default=0)
    activation_hour = NumberAttribute(default=0)
    activation_tries = NumberAttribute(default=0)
    factor_hour = NumberAttribute(default=0)
    factor_tries = NumberAttribute(default=0)
    contacts_hour = NumberAttribute(default=0)
    contacts_tries = NumberAttribute(default=0)
    recovery_hour = NumberAttribute(default=0)
    recovery_tries = NumberAttribute(default=0)
    step_up_hour = NumberAttribute(default=0)
    step_up_tries = NumberAttribute(default=0)

    @classmethod
    def attempt(
        cls, person_id: str, purpose: Purpose, *, known: bool = True, epoch: int | None = None
    ) -> "Self | None":
        """Count a try before anything is compared, and read the item in the same trip.

        Refuses past the hour's limit; None when the access was changed since `epoch`. An unknown person costs the same:
        his tries are counted on an item that expires and opens nothing. After a success `no_tries` starts anew.
        """
        account = cls._count(person_id, purpose, known, epoch)
        if account is not None:
            return account
        kind: Any = cls
        (item,) = fetch((Get(kind, person_id),))
        if item is None or (epoch is not None and item.epoch != epoch):
            return None
        if item.forgive_earlier_hour(purpose) and (account := cls._count(person_id, purpose, known, epoch)):
            return account
        raise TooManyTries

    @classmethod
    def _count(cls, person_id: str, purpose: Purpose, known: bool, epoch: int | None) -> "Self | None":  # noqa: FBT001
        hour = clock.epoch() // 3600
        tries, counted_in = getattr(cls, f"{purpose}_tries"), getattr(cls, f"{purpose}_hour")
        allowed = tries.does_not_exist() | (tries == 0) | ((counted_in == hour) & (tries < LIMITS[purpose]))
        changes: list[Action] = [tries.add(1), counted_in.set(hour)]
        if not known:
            changes.append(cls.expires.set(clock.epoch() + STAND_IN_SECONDS))
        if epoch is not None:
            allowed = allowed & (cls.epoch == epoch)
        changed: Self | None = cls.change(person_id, actions=changes, when=allowed)
        return changed

    def forgive_earlier_hour(self, purpose: Purpose) -> bool:
        """Forget tries that were counted in an earlier hour, unless somebody else has done it meanwhile."""
        cls = type(self)
        counted_in, seen = getattr(cls, f"{purpose}_hour"), getattr(self, f"{purpose}_hour")
        if int(seen) == clock.epoch() // 3600:
            return False
        changes = [*cls.no_tries(purpose), counted_in.set(clock.epoch() // 3600)]
        cls.change(self.person_id, actions=changes, when=counted_in == seen)
        return True

    @classmethod
    def no_tries(cls, purpose: Purpose) -> list[Action]:
        """Return the changes that forget counted tries, after a success."""
        return [getattr(cls, f"{purpose}_tries").set(0)]
