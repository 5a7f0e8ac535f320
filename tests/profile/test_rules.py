"""The rules of the profile: a comparison with the register ends in exactly one of three ways."""

from datetime import date, timedelta
from typing import Any, get_args

import msgspec
import papers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.accounts.ports import Card, RegisteredWorker
from chalicelib.profile.rules import (
    FIELD_NAMES,
    REQUIRED,
    ProfileData,
    Result,
    is_review_due,
    judge,
    same_text,
    status_after,
)
from chalicelib.profile.schemas import RESULT_NAMES, STATUS_NAMES

TODAY = date(2026, 11, 22)
BORN = date(1985, 4, 2)
SNILS = "11223344595"

names = st.sampled_from(["Семёнов", "Семенов", "СЕМЁНОВ", "Орлова", "Ю", "Тер-Гукасян"])
maybe_names = st.none() | names
days = st.dates(date(2026, 11, 1), date(2026, 12, 31))
cards = st.builds(
    Card,
    organisation_id=st.just("1.2"),
    licence_number=st.sampled_from([None, papers.LICENCE, papers.OTHER_LICENCE]),
    personnel_number=st.sampled_from([None, "", "1", "2"]),
    since=st.none() | days,
    until=st.none() | days,
)
open_cards = st.builds(lambda one: msgspec.structs.replace(one, since=None, until=None), cards)
workers = st.builds(
    RegisteredWorker,
    snils=st.just(SNILS),
    last_name=names,
    first_name=names,
    middle_name=maybe_names,
    birth_date=st.sampled_from([BORN, TODAY]),
    inn=st.sampled_from([None, "1", "2"]),
    ogrnip=st.sampled_from([None, "1", "2"]),
    cards=st.lists(cards, max_size=3),
    specialities=st.lists(names, max_size=2),
    qualification=st.sampled_from([None, "высшая", "первая"]),
)
profiles = st.builds(
    ProfileData,
    snils=st.just(SNILS),
    last_name=names,
    first_name=names,
    middle_name=maybe_names,
    birth_date=st.sampled_from([BORN, TODAY]),
    inn=st.sampled_from([None, "1", "2"]),
    personnel_number=st.sampled_from([None, "1", "2"]),
    speciality=maybe_names,
    qualification=st.sampled_from([None, "высшая", "первая", "вторая", "нет"]),
    licence_number=st.sampled_from([None, papers.LICENCE, papers.OTHER_LICENCE]),
    ogrnip=st.sampled_from([None, "1", "2"]),
)


def a_worker(**changes: Any) -> RegisteredWorker:
    """Make a worker of the register."""
    whole: dict[str, Any] = {
        "snils": SNILS,
        "last_name": "Семёнова",
        "first_name": "Алёна",
        "middle_name": "Петровна",
        "birth_date": BORN,
        "inn": "1",
        "ogrnip": "1",
        "cards": [Card(organisation_id="1.2", licence_number=papers.LICENCE, personnel_number="7")],
        "specialities": ["Терапия"],
        "qualification": "первая",
    }
    return RegisteredWorker(**whole | changes)


def a_profile(**changes: Any) -> ProfileData:
    """Make the profile that agrees with the worker."""
    whole: dict[str, Any] = {
        "snils": SNILS,
        "last_name": "Семёнова",
        "first_name": "Алёна",
        "middle_name": "Петровна",
        "birth_date": BORN,
        "inn": "1",
        "ogrnip": "1",
        "personnel_number": "7",
        "speciality": "Терапия",
        "qualification": "первая",
        "licence_number": papers.LICENCE,
    }
    return ProfileData(**whole | changes)


def fields_of(data: ProfileData, worker: RegisteredWorker | None, day: date = TODAY) -> list[str]:
    """Name the fields that a comparison stumbled over."""
    return [one.field for one in judge(data, worker, day)[1]]


def test_the_three_results_and_four_statuses_have_the_names_that_people_know() -> None:
    """The words on the screen are those of the help pages."""
    assert tuple(RESULT_NAMES) == get_args(Result)
    assert list(RESULT_NAMES.values()) == ["Данные подтверждены", "Требуется уточнение", "Ошибка ввода"]
    assert list(STATUS_NAMES.values()) == ["Не проверено", "На проверке", "Требует исправления", "Подтверждено"]


@settings(deadline=None)
@given(data=profiles, worker=st.none() | workers, day=days)
def test_every_comparison_ends_in_one_of_three_ways(
    data: ProfileData, worker: RegisteredWorker | None, day: date
) -> None:
    """Confirmed exactly when there is no remark; each remark names a field of the profile once, with what to do."""
    result, remarks = judge(data, worker, day)
    assert result in RESULT_NAMES
    assert (result == "confirmed") == (not remarks)
    assert status_after(result) == ("needs_correction" if remarks else "confirmed")
    fields = [one.field for one in remarks]
    assert len(fields) == len(set(fields))
    assert all(one.title == FIELD_NAMES[one.field] and one.detail for one in remarks)


@settings(deadline=None)
@given(data=profiles, worker=workers, jobs=st.lists(open_cards, min_size=1, max_size=3))
def test_what_the_register_does_not_hold_is_never_a_difference(
    data: ProfileData, worker: RegisteredWorker, jobs: list[Card]
) -> None:
    """Only a value that stands in the register can differ from the profile."""
    filled = {name: getattr(data, name) or getattr(a_profile(), name) for name in REQUIRED}
    known = msgspec.structs.replace(worker, cards=jobs)
    held = {name for name in FIELD_NAMES if getattr(known, name, None)}
    held |= {name for name in ("personnel_number", "licence_number") if any(getattr(one, name) for one in jobs)}
    held |= {"speciality"} if known.specialities else set()
    assert set(fields_of(msgspec.structs.replace(data, **filled), known)) <= held


@settings(deadline=None)
@given(data=profiles, worker=workers, day=days)
def test_case_and_yo_do_not_matter(data: ProfileData, worker: RegisteredWorker, day: date) -> None:
    """A profile written in capitals and without ё is judged as the usual one."""

    def plainly(text: str | None) -> str | None:
        return text.replace("ё", "е").replace("Ё", "Е").upper() if text else text

    spoken = {name: plainly(getattr(data, name)) for name in ("last_name", "first_name", "middle_name", "speciality")}
    assert judge(msgspec.structs.replace(data, **spoken), worker, day) == judge(data, worker, day)


@settings(deadline=None)
@given(day=days, since=st.none() | days, until=st.none() | days)
def test_an_employment_holds_from_its_first_to_its_last_day(day: date, since: date | None, until: date | None) -> None:
    """Both ends count; a missing end is open."""
    job = Card(organisation_id="1.2", since=since, until=until)
    assert job.is_valid_on(day) == ((since or date.min) <= day <= (until or date.max))


@pytest.mark.parametrize(("shift", "fields"), [(-1, ["employment"]), (0, []), (1, [])])
def test_the_last_day_of_work_still_confirms(shift: int, fields: list[str]) -> None:
    """`until` is inclusive."""
    job = Card("1.2", licence_number=papers.LICENCE, personnel_number="7", until=TODAY + timedelta(days=shift))
    assert fields_of(a_profile(), a_worker(cards=[job])) == fields


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_field_left_empty_is_an_error_of_input(name: str) -> None:
    """The result names exactly the field that is missing."""
    result, remarks = judge(a_profile(**{"ogrnip": None, name: None}), a_worker(), TODAY)
    assert (result, [one.field for one in remarks]) == ("input_error", [name])


def test_an_entrepreneur_has_no_personnel_number() -> None:
    """With an ОГРНИП the number may stay empty."""
    assert fields_of(a_profile(ogrnip="304500518190930", personnel_number=None), a_worker(ogrnip=None, cards=[])) != [
        "personnel_number"
    ]


def test_all_missing_fields_are_named_at_once() -> None:
    """Nobody mends field after field only to meet the next complaint."""
    empty = ProfileData(snils=SNILS, last_name="Семёнова", first_name="Алёна", birth_date=BORN)
    assert fields_of(empty, None) == ["personnel_number", "speciality", "qualification", "licence_number"]


def test_an_unknown_snils_is_an_error_of_input() -> None:
    """The СНИЛС itself is named."""
    result, remarks = judge(a_profile(), None, TODAY)
    assert (result, [one.field for one in remarks]) == ("input_error", ["snils"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("last_name", "Семёнова-Орлова"),
        ("first_name", "Ольга"),
        ("middle_name", "Ивановна"),
        ("middle_name", None),
        ("birth_date", TODAY),
        ("inn", "2"),
        ("personnel_number", "8"),
        ("speciality", "Хирургия"),
        ("qualification", "нет"),
        ("licence_number", papers.OTHER_LICENCE),
        ("ogrnip", "2"),
    ],
)
def test_one_difference_wants_clarification_of_that_field(name: str, value: object) -> None:
    """The result names exactly the field that differs."""
    result, remarks = judge(a_profile(**{name: value}), a_worker(), TODAY)
    assert (result, [one.field for one in remarks]) == ("needs_clarification", [name])


@pytest.mark.parametrize(
    "gap",
    [
        {"middle_name": None},
        {"middle_name": ""},
        {"inn": None},
        {"ogrnip": None},
        {"qualification": None},
        {"specialities": []},
        {"cards": [Card("1.2")]},
        {"cards": [Card("1.2", licence_number="", personnel_number="")]},
    ],
)
def test_a_gap_in_the_register_does_not_stop_a_confirmation(gap: dict[str, Any]) -> None:
    """What the register has not written down cannot contradict the worker."""
    assert fields_of(a_profile(), a_worker(**gap)) == []


def test_any_of_several_employments_may_agree() -> None:
    """Number and licence are looked for in all employments that hold on the day, and only in those."""
    first = Card("1.2", licence_number=papers.LICENCE, personnel_number="7")
    second = Card("1.3", licence_number=papers.OTHER_LICENCE, personnel_number="8")
    over = Card("1.4", licence_number="ЛО-77-01-000001", personnel_number="9", until=TODAY - timedelta(days=1))
    worker = a_worker(cards=[first, second, over])
    assert fields_of(a_profile(), worker) == []
    assert fields_of(a_profile(personnel_number="8", licence_number=papers.OTHER_LICENCE), worker) == []
    assert fields_of(a_profile(personnel_number="9"), worker) == ["personnel_number"]


def test_any_of_several_specialities_may_agree() -> None:
    """A worker with two specialities shows one of them."""
    assert fields_of(a_profile(speciality="хирургия"), a_worker(specialities=["Терапия", "Хирургия"])) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Берёзкин", "БЕРЕЗКИН", True),
        (" Тхи  Лан ", "тхи лан", True),
        (None, "", True),
        ("Орлов", "Орлова", False),
        ("Й", "И", False),
    ],
)
def test_texts_are_compared_kindly(one: str | None, other: str | None, *, same: bool) -> None:
    """Case, ё and spaces around do not matter; letters do."""
    assert same_text(one, other) is same


@pytest.mark.parametrize(("seconds", "due"), [(90 * 86_400 - 1, False), (90 * 86_400, True)])
def test_contacts_are_to_be_looked_through_after_ninety_days(seconds: int, *, due: bool) -> None:
    """Ninety full days make a quarter."""
    assert is_review_due(1000, 1000 + seconds) is due
