"""«Проверить данные»: exactly one of three results, and an outage of the register changes nothing."""

import time
from datetime import timedelta
from typing import Any

import make
import papers
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.trail.tables import JournalRecord


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = papers.doctor(world)
    return make.Example(by=by, match=papers.profile(by).etag)


def result_of(answer: make.Answer) -> tuple[str, list[str]]:
    """Return the Russian name of the result and the fields that it names."""
    check = answer.json["last_check"]
    return check["result_name"], [one["field"] for one in check["remarks"]]


def test_without_a_token_nothing_is_checked(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("check_profile", match='"1"')
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_checks_nobody(world: World) -> None:
    """Only the role of a worker checks a profile."""
    answer = world.client.call("check_profile", by=make.hr(), match='"1"')
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_claimed_person_is_not_compared_with_the_register(world: World) -> None:
    """Who is not proven yet learns nothing of what the register holds."""
    claimed = papers.doctor(world, assurance="claimed")
    answer = papers.check(world, claimed)
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")
    assert papers.profile(claimed).status == "not_checked"


def test_a_worker_without_a_profile_has_nothing_to_check(world: World) -> None:
    """A missing profile looks like any missing record."""
    worker = papers.doctor(world)
    papers.profile(worker).delete()
    assert world.client.call("check_profile", by=worker, match='"1"').code == "not-found"


@pytest.mark.parametrize(
    ("tag", "code"),
    [(None, "version-required"), ("*", "version-required"), ('W/"1"', "version-required"), ('"9"', "stale")],
)
def test_a_check_names_the_version_that_it_checks(world: World, tag: str | None, code: str) -> None:
    """A command needs the exact version too."""
    worker = papers.doctor(world)
    assert world.client.call("check_profile", by=worker, match=tag).code == code
    assert papers.profile(worker).result is None


def test_a_check_needs_a_key_of_repetition(world: World) -> None:
    """A POST without a key is refused; with one, its repetition makes no second confirmation."""
    worker = papers.doctor(world)
    refused = world.client.call("check_profile", by=worker, match='"1"', idempotency=None)
    assert (refused.status, refused.code) == (400, "idempotency-key-required")
    key = make.key()
    answers = [world.client.call("check_profile", by=worker, match='"1"', idempotency=key) for _ in range(2)]
    assert [one.status for one in answers] == [200, 200]
    assert len(papers.confirmations(worker)) == 1


def test_a_silent_register_is_an_answer_within_its_time(world: World) -> None:
    """A register slower than the budget: 503 with Retry-After within 3.5 s, and the profile is as it was."""
    worker = papers.doctor(world)
    world.register.fault("slow", 10)
    began = time.monotonic()
    answer = papers.check(world, worker)
    assert time.monotonic() - began < 3.5
    assert (answer.status, answer.code) == (503, "register-unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert (papers.profile(worker).status, papers.profile(worker).etag) == ("not_checked", '"1"')


@pytest.mark.parametrize("mode", ["down", "refusing"])
def test_a_register_that_does_not_serve_changes_nothing(world: World, mode: str) -> None:
    """A closed connection and a refusal are no results: a confirmed profile stays confirmed."""
    worker = papers.doctor(world)
    papers.check(world, worker)
    world.register.fault(mode)
    answer = papers.check(world, worker)
    assert (answer.status, answer.code) == (503, "register-unavailable")
    assert answer.headers["Retry-After"]
    assert (papers.profile(worker).status, papers.profile(worker).etag) == ("confirmed", '"1"')
    assert len(papers.confirmations(worker)) == 1


def test_a_slip_of_the_register_is_tried_again(world: World) -> None:
    """Every second request fails, and no user notices."""
    worker = papers.doctor(world)
    world.register.fault("flaky")
    assert [papers.check(world, worker).status for _ in range(3)] == [200, 200, 200]


def test_after_many_failures_the_register_is_left_alone_for_a_while(world: World) -> None:
    """Five failures open the breaker for 30 s; then one good answer forgets them."""
    worker = papers.doctor(world)
    world.register.fault("down")
    for _ in range(5):
        papers.check(world, worker)
    world.register.fault("ok")
    assert papers.check(world, worker).status == 503
    clock.advance(31)
    assert papers.check(world, worker).status == 200
    breaker = Breaker.get("frmr")
    assert (breaker.failures, breaker.open_until) == (0, 0)


def test_agreement_confirms_the_profile_by_itself(world: World) -> None:
    """Full agreement: «Данные подтверждены», status «Подтверждено», an electronic confirmation; the version stays."""
    worker = papers.doctor(world)
    answer = papers.check(world, worker)
    assert answer.status == 200
    assert result_of(answer) == ("Данные подтверждены", [])
    assert (answer.json["status"], answer.json["status_name"]) == ("confirmed", "Подтверждено")
    assert answer.headers["ETag"] == papers.profile(worker).etag == '"1"'
    assert len(papers.confirmations(worker)) == 1


def test_differences_want_clarification_of_the_named_fields(world: World) -> None:
    """Each differing field is named with its Russian title and what to do; there is no confirmation."""
    worker = papers.doctor(world, last_name="Иванова", personnel_number="9", qualification="высшая")
    answer = papers.check(world, worker)
    assert result_of(answer) == ("Требуется уточнение", ["last_name", "personnel_number", "qualification"])
    titles = [one["title"] for one in answer.json["last_check"]["remarks"]]
    assert titles == ["Фамилия", "Табельный номер", "Квалификационная категория"]
    assert answer.json["status_name"] == "Требует исправления"
    assert papers.confirmations(worker) == []


def test_missing_fields_are_an_error_of_input(world: World) -> None:
    """A draft with gaps names all of them."""
    worker = papers.doctor(world, speciality=None, licence_number=None)
    answer = papers.check(world, worker)
    assert result_of(answer) == ("Ошибка ввода", ["speciality", "licence_number"])
    assert answer.json["status_name"] == "Требует исправления"


def test_a_snils_that_the_register_does_not_know_is_an_error_of_input(world: World) -> None:
    """The СНИЛС is named."""
    worker = papers.doctor(world, papers.registered(world) | {"snils": make.valid_snils("987654321")})
    assert result_of(papers.check(world, worker)) == ("Ошибка ввода", ["snils"])


def test_mending_and_checking_again_confirms(world: World) -> None:
    """The worker repeats until «Подтверждено»; the register mends its card in the meantime."""
    known = papers.registered(world)
    worker = papers.doctor(world, known, last_name="Лебедева")
    assert papers.check(world, worker).json["status"] == "needs_correction"
    world.register.put(known | {"last_name": "ЛЕБЕДЕВА"})
    assert papers.check(world, worker).json["status"] == "confirmed"


def test_the_button_makes_a_fresh_confirmation_each_time(world: World) -> None:
    """Whoever asks again, gets a confirmation of today."""
    worker = papers.doctor(world)
    papers.check(world, worker)
    papers.check(world, worker)
    assert len(papers.confirmations(worker)) == 2


@pytest.mark.parametrize(
    "note",
    [
        "обычная карточка, буква ё",
        "контрольное число СНИЛС 00 при сумме 101",
        "СНИЛС с ведущим нулём",
        "СНИЛС без контрольного числа",
        "два места работы",
        "три места работы, основное не в больнице",
        "внутреннее совместительство",
        "заместитель руководителя, две специальности",
        "сменила организацию",
        "очень короткое имя, нет отчества",
        "нет отчества, имя из трёх слов",
        "отчество из двух слов («кызы»)",
        "очень длинные фамилия и имя",
        "однофамилец: фамилия через ё",
        "однофамилица: те же инициалы, родилась 29 февраля",
        "нет ИНН",
        "нет табельного номера",
        "нет категории",
        "почти пустая карточка",
        "аккредитация истекла",
        "предприниматель",
        "предприниматель и внешний совместитель",
    ],
)
def test_a_profile_that_agrees_with_the_sandbox_is_confirmed(world: World, note: str) -> None:
    """Unusual names, several jobs and gaps in the register do not stand in the way; accreditations are not asked here."""
    worker = papers.doctor(world, papers.noted(world, note))
    assert result_of(papers.check(world, worker)) == ("Данные подтверждены", [])


def test_a_gap_in_the_register_contradicts_nobody(world: World) -> None:
    """The nearly empty card of the sandbox agrees with a profile that says more than it."""
    worker = papers.doctor(world, papers.noted(world, "почти пустая карточка"), middle_name="Павловна", inn=papers.INN)
    assert result_of(papers.check(world, worker)) == ("Данные подтверждены", [])


@pytest.mark.parametrize(
    ("note", "other", "fields"),
    [
        (
            "однофамилец: фамилия через ё",
            "однофамилец: то же имя",
            {"birth_date", "inn", "personnel_number", "qualification"},
        ),
        (
            "полный тёзка, другая дата рождения (старший)",
            "полный тёзка, другая дата рождения (младший)",
            {"birth_date"},
        ),
        ("полная тёзка", "однофамилица", {"last_name", "first_name"}),
    ],
)
def test_a_namesake_is_not_taken_for_the_worker(world: World, note: str, other: str, fields: set[str]) -> None:
    """Only the СНИЛС finds the card; the data of a namesake differ from it."""
    snils = papers.noted(world, note)["snils"]
    worker = papers.doctor(world, papers.noted(world, other) | {"snils": snils})
    result, named = result_of(papers.check(world, worker))
    assert result == "Требуется уточнение"
    assert fields <= set(named)


@pytest.mark.parametrize("note", ["уволен", "уволена из обеих организаций", "нет ни одной карточки"])
def test_who_does_not_work_is_told_so(world: World, note: str) -> None:
    """Neither a dismissed worker nor one not yet employed is confirmed; the place of work is named."""
    worker = papers.doctor(world, papers.noted(world, note))
    answer = papers.check(world, worker)
    assert result_of(answer) == ("Требуется уточнение", ["employment"])
    assert answer.json["last_check"]["remarks"][0]["title"] == "Место работы"


@pytest.mark.parametrize(
    ("ends", "fields"),
    [
        ({"until": 0}, []),
        ({"until": -1}, ["employment"]),
        ({"since": 0}, []),
        ({"since": 1}, ["employment"]),
    ],
)
def test_the_first_and_the_last_day_of_work_count(world: World, ends: dict[str, int], fields: list[str]) -> None:
    """An employment holds from its first to its last day by the date at the workplace."""
    dates: dict[str, Any] = {name: (clock.today() + timedelta(days=shift)).isoformat() for name, shift in ends.items()}
    worker = papers.doctor(world, papers.registered(world, cards=[papers.card(**dates)]))
    assert result_of(papers.check(world, worker))[1] == fields


def test_the_journal_knows_of_checks_and_of_outages(world: World) -> None:
    """A check and a failed one stand there, without a value of the register."""
    worker = papers.doctor(world, last_name="Иванова")
    papers.check(world, worker)
    world.register.fault("down")
    papers.check(world, worker)
    assert papers.outcomes(worker) == [("profile.checked", "done"), ("profile.checked", "register-unavailable")]
    assert not any(value in papers.raw(JournalRecord) for value in ("Иванова", "Воробьёва", worker.snils))
