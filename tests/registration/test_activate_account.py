"""After кадры confirmed a person: letter and a fresh SMS together, once, within three days, set the password."""

import re

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.schemas import ACTIVATION_SECONDS, POLICY_VERSION
from chalicelib.accounts.tables import Account
from chalicelib.kit import clock

NAME = "activate_account"
NEW = "Letnij-Les-2027"


def _confirmed(world: World) -> tuple[make.Person, dict[str, str]]:
    """Return a worker whose identity кадры have just confirmed, and his way to a password."""
    worker = doors.confirmed(world)
    return worker, doors.activation(world, worker) | {"password": NEW, "policy_version": POLICY_VERSION}


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=_confirmed(world)[1])


def test_the_letter_without_the_sms_opens_nothing(world: World) -> None:
    """A wrong code is refused, and the account has no password yet."""
    worker, body = _confirmed(world)
    answer = world.client.call(NAME, body | {"code": doors.another(body["code"])})
    assert (answer.status, answer.code) == (422, "code-wrong")
    assert Account.get(worker.person_id).password_hash is None


def test_the_sms_without_the_letter_opens_nothing(world: World) -> None:
    """A damaged number, or that of somebody else's letter, is refused."""
    _, body = _confirmed(world)
    _, other = _confirmed(world)
    middle = len(body["activation"]) // 2
    swapped = "A" if body["activation"][middle] != "A" else "B"
    damaged = body["activation"][:middle] + swapped + body["activation"][middle + 1 :]
    answer = world.client.call(NAME, body | {"activation": damaged})
    assert (answer.status, answer.code) == (409, "activation-ended")
    if body["code"] != other["code"]:
        assert world.client.call(NAME, body | {"activation": other["activation"]}).code == "code-wrong"


def test_a_ticket_of_another_door_is_no_letter(world: World) -> None:
    """What sign-in gives out does not activate."""
    worker, body = _confirmed(world)
    ticket = doors.ask_login(world, worker.login)
    assert world.client.call(NAME, body | {"activation": ticket}).code == "activation-ended"


def test_five_tries_an_hour(world: World) -> None:
    """Guessing ends after five tries, also for the right code; an hour later it goes on with a new one."""
    worker = doors.confirmed(world)
    doors.at_hour_start()
    body = doors.activation(world, worker) | {"password": NEW, "policy_version": POLICY_VERSION}
    wrong = body | {"code": doors.another(body["code"])}
    assert [world.client.call(NAME, wrong).code for _ in range(5)] == ["code-wrong"] * 5
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (429, "too-many-tries")
    clock.advance(3600)
    assert world.client.call(NAME, body | doors.activation(world, worker)).status == 200


@pytest.mark.parametrize(("late", "status"), [(590, 200), (601, 422)])
def test_a_code_lives_ten_minutes(world: World, late: int, status: int) -> None:
    """It works in its last seconds and not after them; a new one by the same letter does."""
    worker, body = _confirmed(world)
    clock.advance(late)
    answer = world.client.call(NAME, body)
    assert answer.status == status
    if status == 422:
        assert answer.code == "code-wrong"
        assert world.client.call(NAME, body | doors.activation(world, worker)).status == 200


def test_without_a_code_asked_for_nothing_fits(world: World) -> None:
    """The confirmation alone lets no code wait, so no six digits activate."""
    worker = doors.confirmed(world)
    assert Account.get(worker.person_id).codes == {}
    body = {"activation": doors.letter(world, worker), "code": "000000"}
    answer = world.client.call(NAME, body | {"password": NEW, "policy_version": POLICY_VERSION})
    assert (answer.status, answer.code) == (422, "code-wrong")


def test_only_the_newest_code_counts(world: World) -> None:
    """Each new code ends the one before, and tries are counted over all of them."""
    worker, body = _confirmed(world)
    again = doors.activation(world, worker)
    if again["code"] != body["code"]:
        assert world.client.call(NAME, body).code == "code-wrong"
    assert world.client.call(NAME, body | again).status == 200


def test_new_codes_bring_no_new_tries(world: World) -> None:
    """After five wrong ones the right code of a new message is not taken either."""
    worker, body = _confirmed(world)
    doors.at_hour_start()
    for _ in range(5):
        assert world.client.call(NAME, body | {"code": doors.another(body["code"])}).code == "code-wrong"
    assert world.client.call(NAME, body | doors.activation(world, worker)).code == "too-many-tries"


def test_after_three_days_the_letter_has_ended(world: World) -> None:
    """The letter works in its last minute and not after it, though its code is fresh."""
    (worker, body), (other, late) = _confirmed(world), _confirmed(world)
    clock.advance(ACTIVATION_SECONDS - 60)
    assert world.client.call(NAME, body | doors.activation(world, worker)).status == 200
    late |= doors.activation(world, other)
    clock.advance(61)
    answer = world.client.call(NAME, late)
    assert (answer.status, answer.code) == (409, "activation-ended")


def test_the_letter_is_used_once(world: World) -> None:
    """A second activation by the same letter is refused and leaves the first password."""
    worker, body = _confirmed(world)
    assert world.client.call(NAME, body).status == 200
    answer = world.client.call(NAME, body | {"password": "Osennij-Dozhd-2028"})
    assert (answer.status, answer.code) == (409, "activation-ended")
    assert doors.ask_password(world, worker.login, NEW)


def test_parallel_activations_end_in_one_password(world: World) -> None:
    """Of many uses of one letter at once one succeeds."""
    _, body = _confirmed(world)
    codes = [one.status for one in doors.together(5, lambda: world.client.call(NAME, body))]
    assert codes.count(200) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [({"password": "weak"}, "wrong-fields"), ({"policy_version": "2020-01"}, "policy-not-accepted")],
)
def test_password_and_consent_are_asked_as_at_registration(world: World, change: dict[str, str], code: str) -> None:
    """A weak password and another policy are refused; the letter stays good."""
    _, body = _confirmed(world)
    answer = world.client.call(NAME, body | change)
    assert (answer.status, answer.code) == (422, code)
    assert world.client.call(NAME, body).status == 200


def test_the_security_profile_decides_what_is_weak(world: World) -> None:
    """Under the modern one length counts: a short mixed password is refused, a plain phrase is taken."""
    _, body = _confirmed(world)
    returns.set_profile("modern")
    assert world.client.call(NAME, body | {"password": "Kot-7!zQ"}).code == "wrong-fields"
    assert world.client.call(NAME, body | {"password": "три пингвина и чайник"}).status == 200


def test_the_worker_takes_his_account(world: World) -> None:
    """Contacts are proven, consent stands, and he signs in by the new password only."""
    worker, body = _confirmed(world)
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.json["login"]) == (200, worker.login)
    account = Account.get(worker.person_id)
    assert (account.assurance, account.consent_version) == ("confirmed", POLICY_VERSION)
    assert account.activation is None
    assert account.contacts is not None
    assert account.contact_change is None
    old = {"ticket": doors.ask_login(world, worker.login), "password": make.PASSWORD}
    assert world.client.call("check_password", old).code == "password-wrong"
    doors.sign_in(world, worker, NEW)
    session = world.client.call("read_session", by=worker).json
    assert session["identity"] == "confirmed"
    assert re.fullmatch(r"ses_[0-9a-f]{32}", session["session_id"])


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer, though the letter is used by now."""
    _, body = _confirmed(world)
    key = make.key()
    first, again = (world.client.call(NAME, body, idempotency=key) for _ in range(2))
    assert (again.status, again.raw) == (200, first.raw)


def test_the_security_journal_keeps_every_try(world: World) -> None:
    """Wrong and right uses of a letter leave a record each."""
    _, body = _confirmed(world)
    world.client.call(NAME, body | {"code": doors.another(body["code"])})
    world.client.call(NAME, body)
    assert doors.unknown_callers(NAME) == ["code-wrong", "done"]
