"""Rules of accounts: pure functions over what an account holds."""

from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.kit.access import Grant
from chalicelib.kit.options import PasswordPolicy
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import WrongFields


def with_session(live: Mapping[str, int], session_id: str, until: int, most: int) -> tuple[dict[str, int], list[str]]:
    """Add a session; returns the sessions kept and those to be ended so that there are at most `most`."""
    ordered = sorted(live, key=lambda name: live[name])
    ended = ordered[: max(0, len(ordered) + 1 - most)]
    kept = {name: end for name, end in live.items() if name not in ended}
    return kept | {session_id: until}, ended


def chosen_grant(grants: Sequence[Grant], role: str | None, organisation_id: str | None) -> Grant | None:
    """Return the grant that fits the asked role and organisation, or the first one; None when nothing fits."""
    fitting = [
        one
        for one in grants
        if (role is None or one.role == role) and (organisation_id is None or one.organisation_id == organisation_id)
    ]
    return fitting[0] if fitting else None


def refuse_impossible_birth_date(day: date | None, today: date) -> None:
    """Refuse a birth date that no working person has; None stands for a date that is not being changed."""
    if day is not None and not date(1900, 1, 1) <= day <= today:
        raise WrongFields([wrong("/birth_date", "Такой даты рождения быть не может. Проверьте год.")])


def is_match_stale(matched_at: float, now: int, days: int = 30) -> bool:
    """Tell whether the stored match with the register is older than the given days."""
    return now - matched_at > days * 24 * 3600


def is_password_expired(changed_at: float, policy: PasswordPolicy, now: int) -> bool:
    """Tell whether a password is older than the policy allows."""
    left = days_until_expiry(changed_at, policy, now)
    return left is not None and left < 0


def days_until_expiry(changed_at: float, policy: PasswordPolicy, now: int) -> int | None:
    """Return the whole days for which a password still holds, negative when it is over; None when it never is."""
    return None if not policy.days else int((changed_at + policy.days * 86_400 - now) // 86_400)
