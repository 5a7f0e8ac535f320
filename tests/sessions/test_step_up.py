"""A fresh factor in an open session: the session goes on under a new token, and the old one is dead."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import authenticator
import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import LIMITS, Account
from chalicelib.kit import clock, door
from chalicelib.kit.records.tables import Session

NAME = "step_up"


def example(world: World) -> make.Example:
    """Return a valid request."""
    person = make.person()
    return make.Example(body=_by_app(person), by=person)


def _by_app(person: make.Person, ahead: int = 0) -> dict[str, Any]:
    return {"kind": "totp", "code": make.totp_code(person, ahead)}


def _by_message(world: World, person: make.Person, channel: str = "sms") -> dict[str, Any]:
    assert world.client.call("send_step_up_code", {"channel": channel}, by=person).status == 202
    code = world.codes(person.phone if channel == "sms" else person.email)[-1]
    return {"kind": channel, "code": code}


def _session(person: make.Person) -> Session:
    handle, session_id, _ = person.token.split(".")
    return Session.get(handle, session_id)


def test_without_a_token_nothing_is_confirmed(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call(NAME, _by_app(make.person())).code == "not-signed-in"


@pytest.mark.parametrize("body", [{"kind": "totp", "code": "12345"}, {"kind": "telegram", "code": "123456"}, {}])
def test_what_is_no_factor_is_a_wrong_field(world: World, body: dict[str, Any]) -> None:
    """A short code, an unknown way and an empty body are pointed at."""
    assert world.client.call(NAME, body, by=make.person()).code == "wrong-fields"


def test_a_code_of_sign_in_or_of_another_session_confirms_nothing(world: World) -> None:
    """A code is bound to its act: the sign-in's and the other device's do not fit."""
    person = make.person()
    ticket = doors.ask_password(world, person.login)
    sign_in = {"kind": "sms", "code": doors.ask_code(world, ticket, person)}
    assert world.client.call(NAME, sign_in, by=person).code == "code-wrong"
    of_this = _by_message(world, person)
    make.sign_in(person)
    assert world.client.call(NAME, of_this, by=person).code == "code-wrong"


def test_five_tries_an_hour_apart_from_those_of_sign_in(world: World) -> None:
    """The sixth try is refused though right; the door of the password is not touched, nor the other way round."""
    person = make.person()
    doors.at_hour_start()
    make.sign_in(person)
    wrong = {"kind": "totp", "code": doors.another(make.totp_code(person))}
    codes = [world.client.call(NAME, wrong, by=person).code for _ in range(LIMITS["step_up"])]
    assert codes == ["code-wrong"] * LIMITS["step_up"]
    answer = world.client.call(NAME, _by_app(person), by=person)
    assert (answer.status, answer.code) == (429, "too-many-tries")
    doors.sign_in_by_app(world, person)
    clock.advance(30)
    assert world.client.call(NAME, _by_app(person), by=person).status == 200


def test_two_hundred_wrong_codes_from_twenty_clients_get_five_tries(world: World) -> None:
    """New codes, from before the first guess on, bring no new tries."""
    person = make.person()
    doors.at_hour_start()
    make.sign_in(person)
    assert world.client.call("send_step_up_code", {"channel": "email"}, by=person).status == 202

    def guess(number: int) -> str:
        if number % 20 == 10:
            sent = world.client.call("send_step_up_code", {"channel": "email"}, by=person)
            assert sent.status in {202, 503}
        return str(world.client.call(NAME, {"kind": "totp", "code": "000000"}, by=person).json.get("code"))

    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(guess, range(200)))
    assert 1 <= told.count("code-wrong") <= LIMITS["step_up"]
    assert set(told) <= {"code-wrong", "too-many-tries", "busy"}


@pytest.mark.parametrize("code", ["١٢٣٤٥٦", "12345٦", "123456\n", "\n123456", "12345\x00", "123456\u202e"])
def test_a_code_of_odd_signs_is_refused_as_a_field(world: World, code: str) -> None:
    """Arabic digits, line breaks, NUL and marks of direction are no code: named, and no try is counted."""
    person = make.person()
    for _ in range(6):
        answer = world.client.call(NAME, {"kind": "totp", "code": code}, by=person)
        assert (answer.status, answer.code) == (422, "wrong-fields")
        assert [one["pointer"] for one in answer.json["errors"]] == ["/code"]
    assert world.client.call(NAME, _by_app(person), by=person).status == 200


def test_who_has_no_app_cannot_use_it(world: World) -> None:
    """A factor that is not connected is refused as such."""
    person = make.person()
    Account.get(person.person_id).update(actions=[Account.totp.remove()])
    assert world.client.call(NAME, _by_app(person), by=person).code == "factor-not-available"


def test_a_code_confirms_once(world: World) -> None:
    """Neither a message's code nor an app's step is taken twice."""
    person = make.person()
    for body in (_by_message(world, person), _by_app(person)):
        answer = world.client.call(NAME, body, by=person)
        assert answer.status == 200
        person.token = answer.json["token"]
        world.client.addresses[person.token] = make.USUAL_ADDRESS
        assert world.client.call(NAME, body, by=person).code == "code-wrong"


def test_one_code_at_once_gives_one_new_token(world: World) -> None:
    """Sixteen parallel uses: one succeeds, and the only good token is the one that it gave."""
    person = make.person()
    body = _by_app(person)
    answers = doors.together(16, lambda: world.client.call(NAME, body, by=person))
    (good,) = [one.json["token"] for one in answers if one.status == 200]
    assert {one.status for one in answers} <= {200, 401, 422, 429, 503}
    assert world.client.call("read_session", by=person).code == "session-ended"
    person.token = good
    assert world.client.call("read_session", by=person).status == 200


@pytest.mark.parametrize("channel", ["sms", "email", "totp"])
def test_what_is_dangerous_may_be_done_again(world: World, channel: str) -> None:
    """After the factor a fresh operation works, for ten minutes; the session ends no later than before."""
    person = make.person()
    clock.advance(door.FRESH_SECONDS + 1)
    assert world.client.call("end_other_sessions", by=person).code == "fresh-factor-required"
    before = _session(person)
    body = _by_app(person) if channel == "totp" else _by_message(world, person, channel)
    answer = world.client.call(NAME, body, by=person)
    assert doors.is_about(answer.json["until"], door.FRESH_SECONDS)
    person.token = answer.json["token"]
    world.client.addresses[person.token] = make.USUAL_ADDRESS
    assert _session(person).absolute_until == before.absolute_until
    assert world.client.call("end_other_sessions", by=person).status == 200
    clock.advance(door.FRESH_SECONDS + 1)
    assert world.client.call("end_other_sessions", by=person).code == "fresh-factor-required"


def test_the_old_token_is_dead_at_once(world: World) -> None:
    """Whoever has copied it is out; the session's number stays the same."""
    person = make.person()
    old = person.token
    answer = world.client.call(NAME, _by_app(person), by=person)
    new = answer.json["token"]
    assert new.split(".")[:2] == old.split(".")[:2]
    assert world.client.call("read_session", by=person).code == "session-ended"
    person.token = new
    assert world.client.call("read_session", by=person).status == 200


def test_the_journal_keeps_what_was_tried(world: World) -> None:
    """A wrong and a right factor leave a record each."""
    person = make.person()
    world.client.call(NAME, {"kind": "sms", "code": "000000"}, by=person)
    world.client.call(NAME, _by_app(person), by=person)
    kept = [("session.confirmed", "code-wrong"), ("session.confirmed", "done")]
    assert doors.journal(person.person_id, NAME) == kept


def test_a_copied_passkey_is_refused_and_told(world: World) -> None:
    """A counter that went back confirms nothing, and the owner hears of it."""
    person, device = make.person(), authenticator.Device()
    authenticator.register(world, person, device)
    for count, status in ((9, 200), (1, 409)):
        clock.advance(2)
        ways = world.client.call("list_ways_to_confirm", by=person).json["factors"]
        (asked,) = [one["passkey"] for one in ways if one["kind"] == "passkey"]
        answer = world.client.call(NAME, {"kind": "passkey", "assertion": device.get(asked, count=count)}, by=person)
        assert answer.status == status, answer.raw
        person.token = answer.json.get("token", person.token)
    assert "копией" in world.sent(person.email)[-1]


def test_a_lost_answer_is_given_again_to_the_old_token(world: World) -> None:
    """The new token was in that answer alone; the old one gets it with the same key and body, and nothing else."""
    person = make.person()
    body, key = _by_app(person), make.key()
    first = world.client.call(NAME, body, by=person, idempotency=key)
    assert first.status == 200
    assert world.client.call(NAME, body, by=person, idempotency=key).raw == first.raw
    assert world.client.call(NAME, body, by=person).code == "session-ended"
    other = {"kind": "sms", "code": "000000"}
    assert world.client.call(NAME, other, by=person, idempotency=key).code == "idempotency-key-reused"
    handle, session_id, _ = person.token.split(".")
    person.token = f"{handle}.{session_id}.{'0' * 64}"
    assert world.client.call(NAME, body, by=person, idempotency=key).code == "session-ended"
