"""The first code of the app proves that it holds the secret; only then it is a factor."""

import shutil
import subprocess

import doors
import make
import pyotp
import pytest
import returns
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock

NAME = "confirm_totp"


def example(world: World) -> make.Example:
    """Return a valid request."""
    person = make.person()
    return make.Example(body={"code": _code(_started(world, person))}, by=person)


def _started(world: World, person: make.Person) -> str:
    return str(world.client.call("start_totp", by=person).json["secret"])


def _code(secret: str, ahead: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.epoch() + 30 * ahead)


def test_without_a_token_nothing_is_connected(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME, {"code": "123456"})
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_unproven_person_connects_nothing(world: World) -> None:
    """A claimed account gets no factor of its own."""
    answer = world.client.call(NAME, {"code": "123456"}, by=make.person(assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_the_factor_of_the_sign_in_must_be_fresh(world: World) -> None:
    """Ten minutes after the second factor it is asked again."""
    made = example(world)
    clock.advance(601)
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.code) == (403, "fresh-factor-required")


@pytest.mark.parametrize(("waited", "status"), [(590, 200), (602, 409)])
def test_a_started_connection_waits_ten_minutes(world: World, waited: int, status: int) -> None:
    """Later the shown secret is worth nothing, though the person has confirmed himself anew; a new start helps."""
    person = make.person()
    secret = _started(world, person)
    clock.advance(waited)
    make.sign_in(person)
    answer = world.client.call(NAME, {"code": _code(secret)}, by=person)
    assert answer.status == status
    if status == 409:
        assert answer.code == "totp-not-started"
        assert world.client.call(NAME, {"code": _code(_started(world, person))}, by=person).status == 200


def test_a_connection_must_have_been_started(world: World) -> None:
    """Without a waiting secret there is nothing to confirm, and after the confirmation neither."""
    person = make.person()
    answer = world.client.call(NAME, {"code": "123456"}, by=person)
    assert (answer.status, answer.code) == (409, "totp-not-started")
    body = {"code": _code(_started(world, person))}
    assert world.client.call(NAME, body, by=person).status == 200
    assert world.client.call(NAME, body, by=person).code == "totp-not-started"


def test_codes_of_the_app_used_so_far_or_of_other_people_do_not_fit(world: World) -> None:
    """The code must come from the secret that was shown to this person last."""
    person, other = make.person(), make.person()
    first = _started(world, person)
    second, foreign = _started(world, person), _started(world, other)
    doors.at_step_start()
    for code in {make.totp_code(person), _code(first), _code(foreign)} - {_code(second)}:
        answer = world.client.call(NAME, {"code": code}, by=person)
        assert (answer.status, answer.code) == (422, "code-wrong")
    assert world.client.call(NAME, {"code": _code(second)}, by=person).status == 200


@pytest.mark.parametrize(("ahead", "status"), [(-2, 422), (-1, 200), (1, 200), (2, 422)])
def test_a_clock_half_a_minute_off_is_forgiven(world: World, ahead: int, status: int) -> None:
    """One step of drift either way is taken, two are not."""
    person = make.person()
    secret = _started(world, person)
    doors.at_step_start()
    near = {_code(secret, one) for one in (-1, 0, 1)}
    if status == 200 or _code(secret, ahead) not in near:
        assert world.client.call(NAME, {"code": _code(secret, ahead)}, by=person).status == status


@pytest.mark.parametrize(("ahead", "status"), [(-1, 422), (0, 200), (1, 422)])
def test_the_modern_profile_forgives_no_clock(world: World, ahead: int, status: int) -> None:
    """Only the code of the present 30 seconds is taken."""
    returns.set_profile("modern")
    person = make.person()
    secret = _started(world, person)
    doors.at_step_start()
    if status == 200 or _code(secret, ahead) != _code(secret):
        assert world.client.call(NAME, {"code": _code(secret, ahead)}, by=person).status == status


def test_a_code_of_the_modern_profile_lives_thirty_seconds(world: World) -> None:
    """In the last second of its step a code signs in, in the first one after it no more."""
    returns.set_profile("modern")
    for late, status in ((28, 201), (31, 422)):
        person = make.person(signed_in=False)
        passed = doors.ask_password(world, person.login)
        doors.at_step_start()
        body = {"ticket": passed, "kind": "totp", "code": make.totp_code(person)}
        clock.advance(late)
        if status == 201 or make.totp_code(person) != body["code"]:
            assert world.client.call("finish_sign_in", body).status == status


def test_five_tries_an_hour(world: World) -> None:
    """Guessing ends after five tries, also for the right code."""
    person = make.person()
    doors.at_hour_start()
    make.sign_in(person)
    secret = _started(world, person)
    wrong = {"code": doors.another(_code(secret))}
    assert [world.client.call(NAME, wrong, by=person).code for _ in range(5)] == ["code-wrong"] * 5
    answer = world.client.call(NAME, {"code": _code(secret)}, by=person)
    assert (answer.status, answer.code) == (429, "too-many-tries")


def test_the_app_opens_the_next_sign_in(world: World) -> None:
    """The new app is a factor from now on, the old one is not, and the owner is told on both channels."""
    person = make.person()
    secret = _started(world, person)
    doors.at_step_start()
    code = _code(secret)
    assert world.client.call(NAME, {"code": code}, by=person).status == 200
    assert Account.get(person.person_id).totp_pending is None
    for told in (world.sent(person.phone), world.sent(person.email)):
        assert "подключено приложение" in told[-1]
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp"}
    assert world.client.call("finish_sign_in", body | {"code": code}).code == "code-wrong"
    clock.advance(60)
    if make.totp_code(person) != _code(secret):
        assert world.client.call("finish_sign_in", body | {"code": make.totp_code(person)}).code == "code-wrong"
    assert world.client.call("finish_sign_in", body | {"code": _code(secret)}).status == 201


@pytest.mark.proof
def test_an_independent_program_makes_the_same_codes(world: World) -> None:
    """oathtool, which shares no line with the cabinet, opens the connection and the next sign-in."""
    assert shutil.which("oathtool"), "oathtool is missing: run infra/proof.sh (on Debian: apt-get install oathtool)."
    person = make.person()
    secret = _started(world, person)
    doors.at_step_start()
    assert world.client.call(NAME, {"code": _by_oathtool(secret)}, by=person).status == 200
    clock.advance(60)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": _by_oathtool(secret)}
    assert world.client.call("finish_sign_in", body).status == 201


def _by_oathtool(secret: str) -> str:
    moment = clock.now().strftime("%Y-%m-%d %H:%M:%S UTC")
    told = subprocess.run(
        ["oathtool", "--totp", "--base32", "--now", moment, secret], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def test_the_app_gets_its_name_and_new_recovery_codes(world: World) -> None:
    """The answer shows the factors and ten codes, once; without a name the app is called what it is."""
    person = make.person()
    body = {"code": _code(_started(world, person)), "name": "Яндекс Ключ"}
    answer = world.client.call(NAME, body, by=person)
    (app,) = (one for one in answer.json["items"] if one["kind"] == "totp")
    assert app["name"] == "Яндекс Ключ"
    assert clock.moment(clock.epoch() - 60) <= app["added_at"] <= clock.moment(clock.epoch())
    assert len(answer.json["recovery_codes"]) == 10
    clock.advance(60)
    make.sign_in(person)
    again = world.client.call(NAME, {"code": _code(_started(world, person))}, by=person)
    assert [one["name"] for one in again.json["items"] if one["kind"] == "totp"] == ["Приложение с кодами"]
    assert not set(again.json["recovery_codes"]) & set(answer.json["recovery_codes"])


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer and tells the owner once."""
    made, key = example(world), make.key()
    assert made.by is not None
    first, again = (world.client.run(NAME, made, idempotency=key) for _ in range(2))
    assert (again.status, again.raw) == (200, first.raw)
    assert len(world.sent(made.by.phone)) == 1


def test_the_journal_knows_the_tries(world: World) -> None:
    """Refusal and success stand in the person's journal."""
    person = make.person()
    secret = _started(world, person)
    world.client.call(NAME, {"code": doors.another(_code(secret))}, by=person)
    world.client.call(NAME, {"code": _code(secret)}, by=person)
    assert doors.journal(person.person_id, NAME) == [("factor.totp_added", "code-wrong"), ("factor.totp_added", "done")]
