"""Rules of accounts: pure functions over what an account holds."""

import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from chalicelib.kit.access import Grant, Role
from chalicelib.kit.options import PasswordPolicy
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import WrongFields

DAY_SECONDS: Final = 24 * 3600
LOGIN_RUN: Final = 3
COMMON_SHORTEST: Final = 4
FEWEST_DIFFERENT: Final = 5
_UNPRINTABLE: Final = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of surrogate pairs, line and paragraph separators
_LOOK_ALIKE: Final = str.maketrans("авеёікмнорстухѕјԁԛԝ", "abeeikmhopctyxsjdqw")
_KEYS: Final = str.maketrans("ёйцукенгшщзхъфывапролджэячсмитьбю", "`qwertyuiop[]asdfghjkl;'zxcvbnm,.")


def with_session(live: Mapping[str, int], session_id: str, until: int, most: int) -> tuple[dict[str, int], list[str]]:
    """Add a session; returns the sessions kept and those to be ended so that there are at most `most`."""
    ordered = sorted(live, key=lambda name: live[name])
    ended = ordered[: max(0, len(ordered) + 1 - most)]
    kept = {name: end for name, end in live.items() if name not in ended}
    return kept | {session_id: until}, ended


def offered_grants(grants: Sequence[Grant], workplaces: Sequence[str], *, works: bool) -> list[Grant]:
    """Return the roles as they may be acted in: a worker acts at one of his workplaces, if the register knows any.

    Who works nowhere any more keeps his other roles.
    """
    at_work = [Grant(role=Role.WORKER, organisation_id=place) for place in workplaces] or [Grant(role=Role.WORKER)]
    return [
        offered for one in grants for offered in ([one] if one.role is not Role.WORKER else at_work if works else [])
    ]


def is_only_worker(grants: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a person has no other role than the one that rests on the register."""
    return all(one["role"] == Role.WORKER for one in grants)


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


def days_kept(rules: Sequence[Mapping[str, Any]], assurance: str, day: str) -> int:
    """Return for how many days a closed account is kept, by the newest rule for its assurance on a day (ISO)."""
    valid = [
        one
        for one in rules
        if one["assurance"] == assurance and one["valid_from"] <= day <= (one["valid_to"] or "9999-12-31")
    ]
    days: int = max(valid, key=lambda one: str(one["valid_from"]))["days"]
    return days


def plain(text: str) -> str:
    """Return a text without case and with Cyrillic letters that look like Latin ones written as these."""
    return unicodedata.normalize("NFC", text).casefold().translate(_LOOK_ALIKE)


def weaknesses_of_password(
    password: str, login: str, policy: PasswordPolicy, words: Collection[str], common: Collection[str]
) -> list[str]:
    """Return a Russian sentence for every rule of the policy that a password breaks, none for a good one.

    `words` are those that everybody expects in a password of this cabinet, `common` the passwords that are tried first.
    """
    password = unicodedata.normalize("NFC", password)
    rules = (
        (len(password) < policy.shortest, f"Пароль короткий: нужно не меньше {policy.shortest} знаков."),
        (len(password) > policy.longest, f"Пароль длинный: нужно не больше {policy.longest} знаков."),
        *(_composition(password) if policy.mixed else ()),
        (
            bool({unicodedata.category(one) for one in password} & _UNPRINTABLE),
            "Уберите из пароля перенос строки и другие управляющие знаки.",
        ),
        (
            policy.login_parts and _repeats_login(password, login),
            f"Уберите из пароля части логина (фамилии и инициалов латиницей): {LOGIN_RUN} его знака подряд — уже много.",
        ),
        (
            policy.context_words and any(plain(word) in plain(password) for word in words),
            "Уберите из пароля слова, которых от вас ждут: названия кабинета, ведомств и должностей, слово «пароль».",
        ),
        (
            policy.common and _is_common(password, common),
            "Такой пароль подберут одним из первых: он есть в списке частых паролей или почти повторяет его строку.",
        ),
    )
    return [sentence for broken, sentence in rules if broken]


def _composition(password: str) -> tuple[tuple[bool, str], ...]:
    cases = re.search("[a-zа-яё]", password) and re.search("[A-ZА-ЯЁ]", password)
    special = any(unicodedata.category(one)[0] in "PS" for one in password)
    return (
        (not cases, "Добавьте в пароль и заглавные, и строчные буквы."),
        (not re.search("[0-9]", password), "Добавьте в пароль хотя бы одну цифру."),
        (not special, "Добавьте в пароль хотя бы один специальный знак, например ! или %."),
    )


def _repeats_login(password: str, login: str) -> bool:
    """Tell whether `LOGIN_RUN` neighbouring characters of the login stand in the password, forwards or backwards."""
    password, login = plain(password), plain(login)
    runs = (login[start : start + LOGIN_RUN] for start in range(len(login) - LOGIN_RUN + 1))
    return any(run in password or run[::-1] in password for run in runs)


def _is_common(password: str, common: Collection[str]) -> bool:
    """Tell whether a password is on the list: as it is, by its keys, without digits and signs around it, or two joined."""
    folded = unicodedata.normalize("NFC", password).casefold()
    if len(set(folded)) < FEWEST_DIFFERENT:
        return True
    spellings = {folded, folded.translate(_LOOK_ALIKE), folded.translate(_KEYS)}
    spellings |= {re.sub(r"^[\W\d_]+|[\W\d_]+$", "", one) for one in spellings}
    return any(_is_listed(one, common) for one in spellings if len(one) >= COMMON_SHORTEST)


def _is_listed(spelling: str, common: Collection[str]) -> bool:
    cuts = range(COMMON_SHORTEST, len(spelling) - COMMON_SHORTEST + 1)
    return spelling in common or any(spelling[:cut] in common and spelling[cut:] in common for cut in cuts)


def days_until_expiry(changed_at: float, policy: PasswordPolicy, now: int) -> int | None:
    """Return how many days a password still holds, 0 for an expired one, None where passwords do not expire."""
    if not policy.days:
        return None
    return max(0, math.ceil((changed_at + policy.days * DAY_SECONDS - now) / DAY_SECONDS))


def is_password_expired(changed_at: float, policy: PasswordPolicy, now: int) -> bool:
    """Tell whether a password is older than the policy allows; one of unknown age (0) is, where passwords expire."""
    return days_until_expiry(changed_at, policy, now) == 0


def is_expiry_near(changed_at: float, policy: PasswordPolicy, now: int) -> bool:
    """Tell whether the person is to be warned at sign-in that his password expires soon."""
    left = days_until_expiry(changed_at, policy, now)
    return left is not None and left <= policy.warning_days
