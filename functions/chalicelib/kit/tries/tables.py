"""Counting tries on the item that is being tried: before anything secret is compared, in the trip that reads it."""

from typing import Any, Final, Literal, Self

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.update import Action

from chalicelib.kit import clock, codes
from chalicelib.kit.refusals import PasswordDoorShut, TooManyTries, TryLater
from chalicelib.kit.tables import Get, fetch

Purpose = Literal[
    "password", "sign_in", "proof", "activation", "factor", "contacts", "recovery", "step_up", "password_trusted"
]
MOST_IN_A_ROW: Final = 100  # NIST SP 800-63B-4: consecutive failures of one account, however slowly
STAND_IN_SECONDS: Final = 30 * 24 * 3600  # as long as it takes to tell it from a person by wrong passwords in a row
LIMITS: dict[Purpose, int] = {
    "password": 10,
    "password_trusted": 10,  # from a device that has signed in before: strangers' tries do not use it up
    "sign_in": codes.TRIES_AN_HOUR,
    "proof": codes.TRIES_AN_HOUR,
    "activation": codes.TRIES_AN_HOUR,
    "factor": codes.TRIES_AN_HOUR,
    "contacts": codes.TRIES_AN_HOUR,
    "recovery": codes.TRIES_AN_HOUR,
    "step_up": codes.TRIES_AN_HOUR,
}
# Seconds to wait after so many wrong passwords in a row; codes need none, they have five tries and ten minutes.
DELAYS: Final = {3: 5, 4: 10, 5: 20, 6: 40, 7: 80, 8: 160, 9: 300}
DELAYED: Final = frozenset({"password", "password_trusted"})


class Tried:
    """Tries by purpose and hour; mixed into a table that has `person_id`, `epoch` and `expires`."""

    person_id: Any
    epoch: Any
    expires: Any
    change: Any
    password_hour = NumberAttribute(default=0)
    password_tries = NumberAttribute(default=0)
    password_at = NumberAttribute(default=0)
    password_row = NumberAttribute(default=0)
    password_trusted_hour = NumberAttribute(default=0)
    password_trusted_tries = NumberAttribute(default=0)
    password_trusted_at = NumberAttribute(default=0)
    password_trusted_row = NumberAttribute(default=0)
    sign_in_hour = NumberAttribute(default=0)
    sign_in_tries = NumberAttribute(default=0)
    proof_hour = NumberAttribute(default=0)
    proof_tries = NumberAttribute(default=0)
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

        Refuses past the hour's limit, and passwords past those in a row; None when the access was changed since `epoch`.
        An unknown person costs the same:
        his tries are counted on an item that expires and opens nothing. After a success `no_tries` starts anew.
        """
        account = cls._count(person_id, purpose, known, epoch)
        if account is not None:
            return account
        kind: Any = cls
        (item,) = fetch((Get(kind, person_id),))
        if item is None or (epoch is not None and item.epoch != epoch):
            return None
        if item.row(purpose) >= MOST_IN_A_ROW:
            raise PasswordDoorShut
        if item.forgive_earlier_hour(purpose) and (account := cls._count(person_id, purpose, known, epoch)):
            return account
        raise TryLater(retry_after=wait) if (wait := item.seconds_to_wait(purpose)) else TooManyTries

    @classmethod
    def _count(cls, person_id: str, purpose: Purpose, known: bool, epoch: int | None) -> "Self | None":  # noqa: FBT001
        hour = clock.epoch() // 3600
        tries, counted_in = getattr(cls, f"{purpose}_tries"), getattr(cls, f"{purpose}_hour")
        allowed = tries.does_not_exist() | (tries == 0) | ((counted_in == hour) & (tries < LIMITS[purpose]))
        changes: list[Action] = [tries.add(1), counted_in.set(hour)]
        if purpose in DELAYED:
            tried_at, row = getattr(cls, f"{purpose}_at"), getattr(cls, f"{purpose}_row")
            allowed = allowed & cls._waited(tries, tried_at) & (row.does_not_exist() | (row < MOST_IN_A_ROW))
            changes += [tried_at.set(clock.epoch()), row.add(1)]
        if not known:
            changes.append(cls.expires.set(clock.epoch() + STAND_IN_SECONDS))
        if epoch is not None:
            allowed = allowed & (cls.epoch == epoch)
        changed: Self | None = cls.change(person_id, actions=changes, when=allowed)
        return changed

    @classmethod
    def _waited(cls, tries: Any, tried_at: Any) -> Any:
        """Return the condition that the delay which grows with every wrong try is over."""
        waited = tries.does_not_exist() | (tries < min(DELAYS))
        for number, seconds in DELAYS.items():
            waited = waited | ((tries == number) & (tried_at <= clock.epoch() - seconds))
        return waited | (tries > max(DELAYS))

    def row(self, purpose: Purpose) -> int:
        """Return how many passwords in a row were wrong, over all hours; 0 where none are counted."""
        return int(getattr(self, f"{purpose}_row")) if purpose in DELAYED else 0

    def seconds_to_wait(self, purpose: Purpose) -> int:
        """Return how long the next try has to wait; 0 when the hour's tries are what ran out."""
        if purpose not in DELAYED:
            return 0
        delay = DELAYS.get(int(getattr(self, f"{purpose}_tries")), 0)
        return max(0, int(getattr(self, f"{purpose}_at")) + delay - clock.epoch())

    def forgive_earlier_hour(self, purpose: Purpose) -> bool:
        """Forget tries that were counted in an earlier hour, unless somebody else has done it meanwhile."""
        cls = type(self)
        counted_in, seen = getattr(cls, f"{purpose}_hour"), getattr(self, f"{purpose}_hour")
        if int(seen) == clock.epoch() // 3600:
            return False
        changes = [getattr(cls, f"{purpose}_tries").set(0), counted_in.set(clock.epoch() // 3600)]
        cls.change(self.person_id, actions=changes, when=counted_in == seen)
        return True

    @classmethod
    def no_tries(cls, purpose: Purpose) -> list[Action]:
        """Return the changes that forget counted tries, after a success."""
        rows = [getattr(cls, f"{purpose}_row").set(0)] if purpose in DELAYED else []
        return [getattr(cls, f"{purpose}_tries").set(0), *rows]
