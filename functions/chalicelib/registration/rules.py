"""Rules of registration: how a login is made of a name, when two names are one person's."""

import re
import unicodedata
from datetime import date
from typing import Literal

from chalicelib.accounts.ports import RegisteredWorker

Outcome = Literal["matched", "no-match", "not-working", "already-registered", "phone-taken"]
LOGIN_BASE_LENGTH = 40
LAST_LOGIN_NUMBER = 999_999

_LETTERS = dict(zip("абвгдезийклмнопрстуфыэё", "abvgdeziiklmnoprstufyee", strict=True))
_LETTERS |= dict(zip("жхцчшщъьюя", ("zh", "kh", "ts", "ch", "sh", "shch", "", "", "iu", "ia"), strict=True))
_INITIALS_LENGTH = 8  # two of the longest transliterated letters
_LOGIN = re.compile(r"([A-Za-z](?:[A-Za-z0-9_]*[A-Za-z])?)([1-9][0-9]{0,5})?")


def _transliterated(character: str) -> str:
    """Return a lower-case character in ASCII letters, `_` for a space or dash, nothing for what has no Latin form."""
    if character.isspace() or unicodedata.category(character) == "Pd":
        return "_"
    if character in _LETTERS:
        return _LETTERS[character]
    parts = unicodedata.normalize("NFKD", character).lower()
    return "".join(_LETTERS.get(part, part if "a" <= part <= "z" else "") for part in parts)


def _words(name: str) -> list[str]:
    """Return the transliterated letters of a name, one string for each letter or separator that leaves something."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return [letter for letter in map(_transliterated, folded) if letter]


def _initial(name: str) -> str:
    return next((letter for letter in _words(name) if letter != "_"), "")


def login_base(last_name: str, first_name: str, middle_name: str | None) -> str:
    """Return the login a name gives before any number: `ivanova_ap` for Иванова Анна Петровна.

    It has letters a to z and `_` only, starts and ends with a letter and is at most `LOGIN_BASE_LENGTH` long.
    """
    initials = (_initial(first_name) + _initial(middle_name or ""))[:_INITIALS_LENGTH]
    surname = re.sub("_+", "_", "".join(_words(last_name))).strip("_") or "worker"
    room = LOGIN_BASE_LENGTH - len(initials) - 1
    return f"{surname[:room].rstrip('_')}_{initials}".rstrip("_")


def login_of(base: str, number: int) -> str:
    """Return the login of the `number`-th worker with this base: the first has no number, the second has 2."""
    login = base if number == 1 else f"{base}{number}"
    if split_login(login) != (base, number):
        raise ValueError(f"{base!r} and {number} do not make a login")
    return login


def split_login(login: str) -> tuple[str, int]:
    """Return the base and the number of a login, in lower case; raise `ValueError` on what `login_of` cannot make."""
    match = _LOGIN.fullmatch(login)
    if not match or len(match[1]) > LOGIN_BASE_LENGTH or match[2] == "1":
        raise ValueError("Логин состоит из латинских букв, цифр и знака «_», например ivanova_ap: проверьте раскладку.")
    return match[1].lower(), int(match[2] or 1)


def same_person_names(a: str, b: str) -> bool:
    """Tell whether two spellings are one name: case, ё or е, extra spaces and the kind of hyphen do not matter."""

    def plain(name: str) -> str:
        folded = unicodedata.normalize("NFC", name).casefold().replace("ё", "е")
        return re.sub(r" ?[-\u2010-\u2015\u2212] ?", "-", " ".join(folded.split()))

    return plain(a) == plain(b)


def outcome_of(
    typed: tuple[str, str, str | None, date],
    worker: RegisteredWorker | None,
    day: date,
    *,
    taken: bool,
    phone_taken: bool,
) -> Outcome:
    """Judge an application: `typed` is last, first and middle name and birth date; told only to the proven contacts."""
    *names, birth_date = typed
    if worker is None or worker.birth_date != birth_date:
        return "no-match"
    known = (worker.last_name, worker.first_name, worker.middle_name)
    if not all(same_person_names(one or "", other or "") for one, other in zip(names, known, strict=True)):
        return "no-match"
    if not worker.valid_cards(day):
        return "not-working"
    if taken:
        return "already-registered"
    return "phone-taken" if phone_taken else "matched"


def code_text(code: str) -> str:
    """Return the message that carries a registration code."""
    return f"Код для регистрации в кабинете медработника: {code}. Действует 10 минут. Никому его не сообщайте."


def outcome_text(outcome: str, login: str) -> str:
    """Return the message that tells an applicant how his registration ended."""
    return {
        "matched": (
            f"Вы зарегистрированы. Ваш логин: {login}. Чтобы открыть все функции, подтвердите личность: войдите через "
            "Госуслуги или по электронной подписи либо придите с паспортом в кадровую службу вашей организации."
        ),
        "no-match": (
            "Регистрация не завершена: СНИЛС, ФИО и дата рождения не совпали с регистром медицинских работников. "
            "Проверьте их и начните заново; если всё верно, обратитесь в кадровую службу."
        ),
        "not-working": (
            "Регистрация не завершена: в регистре нет вашего действующего места работы. "
            "Обратитесь в кадровую службу организации, где вы работаете."
        ),
        "already-registered": (
            "Регистрация не завершена: у вас уже есть кабинет. Войдите со своим логином; "
            "если кабинет открыли не вы, войдите через Госуслуги или по электронной подписи либо придите с паспортом "
            "в кадровую службу: доступ прежнего владельца прекратится."
        ),
        "phone-taken": (
            "Регистрация не завершена: этот телефон уже подтверждён в другом кабинете. Начните заново с другим номером."
        ),
    }[outcome]


def proved_text(outcome: str, login: str) -> str:
    """Return the message that tells a person whom a door has proved how his registration ended."""
    if outcome == "matched":
        return f"Кабинет открыт, личность подтверждена. Ваш логин: {login}. Входите тем же способом или с паролем."
    return outcome_text(outcome, login)
