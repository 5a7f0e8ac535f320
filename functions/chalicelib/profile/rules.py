"""What a profile holds and how it is compared with the register: pure functions."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from chalicelib.accounts.ports import RegisteredWorker
from chalicelib.accounts.rules import refuse_impossible_birth_date
from chalicelib.kit.body import Answer

Result = Literal["confirmed", "needs_clarification", "input_error"]
Qualification = Literal["высшая", "первая", "вторая", "нет"]
LicenceState = Literal["none", "proposed", "confirmed"]

FIELD_NAMES: Final[dict[str, str]] = {
    "snils": "СНИЛС",
    "last_name": "Фамилия",
    "first_name": "Имя",
    "middle_name": "Отчество",
    "birth_date": "Дата рождения",
    "inn": "ИНН",
    "personnel_number": "Табельный номер",
    "speciality": "Специальность",
    "qualification": "Квалификационная категория",
    "licence_number": "Регистрационный номер лицензии",
    "organisation_ogrn": "ОГРН организации",
    "ogrnip": "ОГРНИП",
    "employment": "Место работы",
}


REQUIRED: Final = (
    "last_name",
    "first_name",
    "birth_date",
    "personnel_number",
    "speciality",
    "qualification",
    "licence_number",
)
_DIFFERS: Final = (
    "Значение отличается от регистра. Проверьте его; если оно верно, попросите кадровую службу исправить регистр."
)
_MISSING: Final = "Поле не заполнено. Заполните его и повторите проверку."
_UNKNOWN: Final = (
    "В регистре нет работника с таким СНИЛС. Проверьте номер; если он верен, обратитесь в кадровую службу."
)
_NOT_WORKING: Final = "В регистре нет вашего действующего места работы. Обратитесь в кадровую службу организации."
LONG_AGO_DAYS: Final = 90


class ProfileData(msgspec.Struct):
    """Personal and professional data of a worker. Stored sealed."""

    snils: str
    last_name: str
    first_name: str
    birth_date: date
    middle_name: str | None = None
    inn: str | None = None
    personnel_number: str | None = None
    speciality: str | None = None
    qualification: Qualification | None = None
    licence_number: str | None = None
    licence_state: LicenceState = "none"
    organisation_ogrn: str | None = None
    ogrnip: str | None = None


class Remark(Answer):
    """One field that the check stumbled over."""

    field: Annotated[str, Meta(title="Поле", description="Имя поля профиля.")]
    title: Annotated[str, Meta(title="Название поля")]
    detail: Annotated[str, Meta(title="Что не так и что сделать")]


def changed(before: ProfileData, changes: Mapping[str, Any], today: date) -> ProfileData:
    """Apply a patch; a new licence number is a proposal until the organisation, or the register, agrees."""
    refuse_impossible_birth_date(changes.get("birth_date"), today)
    after = msgspec.structs.replace(before, **changes)
    if after.licence_number != before.licence_number or after.ogrnip != before.ogrnip:
        after.licence_state = "proposed" if after.licence_number else "none"
    return after


def judge(data: ProfileData, worker: RegisteredWorker | None, day: date) -> tuple[Result, list[Remark]]:
    """Compare a profile with the register: one of the three results, and the fields that led to it.

    A field that the register does not hold is not compared. Missing required fields (an entrepreneur has no personnel
    number) and an unknown СНИЛС are errors of input; differences want clarification.
    """
    required = [name for name in REQUIRED if name != "personnel_number" or data.ogrnip is None]
    missing = [_remark(name, _MISSING) for name in required if getattr(data, name) is None]
    if missing:
        return "input_error", missing
    if worker is None:
        return "input_error", [_remark("snils", _UNKNOWN)]
    cards = worker.valid_cards(day)
    if not cards:
        return "needs_clarification", [_remark("employment", _NOT_WORKING)]
    remarks = [_remark(name, _DIFFERS) for name in _differing(data, worker, day)]
    return ("needs_clarification", remarks) if remarks else ("confirmed", [])


def is_own_licence(data: ProfileData, worker: RegisteredWorker | None) -> bool:
    """Tell whether a proposed licence is an entrepreneur's own: the register knows him as one (D20)."""
    known = worker is not None and worker.ogrnip is not None and worker.ogrnip == data.ogrnip
    return known and data.licence_state == "proposed"


def status_after(result: Result) -> Literal["confirmed", "needs_correction"]:
    """Return the profile status that follows a result."""
    return "confirmed" if result == "confirmed" else "needs_correction"


def is_review_due(reviewed_at: float, now: int) -> bool:
    """Tell whether contacts were not looked through for 90 days."""
    return now - reviewed_at >= LONG_AGO_DAYS * 24 * 3600


def same_text(one: str | None, other: str | None) -> bool:
    """Compare two texts of a person or register: case, ё and е, spaces around do not matter."""
    return _plain(one) == _plain(other)


def _differing(data: ProfileData, worker: RegisteredWorker, day: date) -> list[str]:
    cards = worker.valid_cards(day)
    numbers = {card.personnel_number for card in cards if card.personnel_number}
    licences = {card.licence_number for card in cards if card.licence_number}
    checks = {
        "last_name": same_text(data.last_name, worker.last_name),
        "first_name": same_text(data.first_name, worker.first_name),
        "middle_name": not worker.middle_name or same_text(data.middle_name, worker.middle_name),
        "birth_date": data.birth_date == worker.birth_date,
        "inn": worker.inn is None or data.inn is None or data.inn == worker.inn,
        "personnel_number": not numbers or data.personnel_number in numbers,
        "speciality": not worker.specialities or any(same_text(data.speciality, one) for one in worker.specialities),
        "qualification": worker.qualification is None or same_text(data.qualification, worker.qualification),
        "licence_number": not licences or data.licence_number in licences,
        "ogrnip": worker.ogrnip is None or data.ogrnip is None or data.ogrnip == worker.ogrnip,
    }
    return [name for name, agrees in checks.items() if not agrees]


def _remark(field: str, detail: str) -> Remark:
    return Remark(field=field, title=FIELD_NAMES[field], detail=detail)


def _plain(text: str | None) -> str:
    return " ".join((text or "").lower().replace("ё", "е").split())
