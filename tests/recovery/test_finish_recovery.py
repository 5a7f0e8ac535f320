"""The codes are proved within five tries an hour, the new password holds once, everything that was open ends."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, codes
from chalicelib.kit.records.tables import Session
from chalicelib.kit.trail.tables import SecurityRecord
from chalicelib.recovery.schemas import RecoveryCode, give_flow

NAME = "finish_recovery"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=returns.proved(world, make.person()))


def call(world: World, body: dict[str, Any]) -> make.Answer:
    """Finish a recovery."""
    return world.client.call(NAME, body)


def test_a_damaged_or_foreign_number_is_refused(world: World) -> None:
    """A flow of another door, a spoilt one and one with a changed letter are no recovery."""
    person = make.person()
    body = returns.proved(world, person)
    middle = len(body["flow"]) // 2
    swapped = "A" if body["flow"][middle] != "A" else "B"
    for flow in (
        doors.ask_login(world, person.login),
        body["flow"][:middle] + swapped + body["flow"][middle + 1 :],
        "x",
    ):
        answer = call(world, body | {"flow": flow})
        assert (answer.status, answer.code) == (409, "recovery-ended")


def test_a_closed_account_gets_no_new_password(world: World) -> None:
    """Its owner proves his channel and learns that it is closed; nothing is set."""
    person = make.person()
    assert world.client.call("close_own_account", {}, by=person).status == 200
    answer = call(world, returns.proved(world, person))
    assert (answer.status, answer.code) == (403, "account-closed")
    assert Account.get(person.person_id).password_hash is None


def test_after_ten_minutes_the_recovery_has_ended(world: World) -> None:
    """The code works in its last minute and not after it."""
    body, late = (returns.proved(world, make.person()) for _ in range(2))
    clock.advance(codes.LIFE_SECONDS - 5)
    assert call(world, body).status == 200
    clock.advance(10)
    assert call(world, late).code == "recovery-ended"


def test_a_weak_password_is_refused_before_a_try_is_counted(world: World) -> None:
    """Twenty weak passwords, parts of the login and listed ones included, leave all five tries."""
    person = make.person()
    body = returns.proved(world, person)
    for password in ["short", f"{person.login}-A1!", "Password1!", "Мой-zdrav-2026"] * 5:
        answer = call(world, body | {"password": password})
        assert (answer.status, answer.code) == (422, "wrong-fields")
        assert {one["pointer"] for one in answer.json["errors"]} == {"/password"}
    assert int(Account.get(person.person_id).recovery_tries) == 0
    assert call(world, body).status == 200


def test_wrong_codes_use_up_the_hour_and_the_right_one_comes_too_late(world: World) -> None:
    """Five wrong codes; then the right one is refused too, until the next hour."""
    doors.at_hour_start()
    body = returns.proved(world, make.person())
    assert [call(world, returns.wrong(body)).code for _ in range(5)] == ["code-wrong"] * 5
    answer = call(world, body)
    assert (answer.status, answer.code) == (429, "too-many-tries")


def test_a_thousand_wrong_codes_of_fifty_clients_get_five_tries(world: World) -> None:
    """Neither parallel clients nor flows begun in between give more than five comparisons an hour."""
    doors.at_hour_start()
    person = make.person()
    body = returns.proved(world, person)

    def guess(number: int) -> str:
        flow = returns.start(world, person.login) if number % 20 == 0 else body["flow"]
        guessed = f"{(int(body['code']) + 1 + number) % 1_000_000:06d}"
        return call(world, body | {"flow": flow, "code": guessed}).code

    with ThreadPoolExecutor(50) as pool:
        told = list(pool.map(guess, range(1000)))
    assert told.count("code-wrong") <= 5
    assert told.count("code-wrong") + told.count("too-many-tries") + told.count("busy") == 1000
    assert call(world, body).code == "too-many-tries"
    assert Account.get(person.person_id).password_hash == make.password_hash()


def test_known_and_unknown_logins_are_not_told_apart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong code costs the same calls and hashings and gets the same answer, tries included, for all accounts."""
    doors.at_hour_start()
    people = [make.person(signed_in=False) for _ in range(4)]
    for one, by in zip(people[1:], ("owner", "officer", "suspicion"), strict=True):
        returns.block(one, by)
    bodies = [
        {"flow": returns.start(world, login), "code": "000000", "password": returns.NEW}
        for login in [*(one.login for one in people), "nobody_xy"]
    ]
    call(world, {"flow": returns.start(world, "nobody_zz"), "code": "000000", "password": returns.NEW})
    hashings, seen = doors.count_hashings(monkeypatch), []
    for body in bodies:
        told = []
        for _ in range(6):
            hashings.clear()
            world.trips.start()
            answer = call(world, body)
            text = {name: value for name, value in answer.json.items() if name != "trace_id"}
            told.append((answer.status, sorted(answer.headers), text, list(world.trips.calls), list(hashings)))
        seen.append(told)
    assert [one[2]["code"] for one in seen[0]] == ["code-wrong"] * 5 + ["too-many-tries"]
    assert all(one == seen[0] for one in seen)


def test_a_guessed_code_of_an_unknown_login_opens_nothing(world: World) -> None:
    """Even the code that its stand-in would have is refused."""
    flow = returns.start(world, "nobody_xy")
    assert call(world, {"flow": flow, "code": "000000", "password": returns.NEW}).code == "code-wrong"
    effect = RecoveryCode(person_id="psn_" + "0" * 32, channels="sms", nonce="n")
    code = codes.derived(f"recovery/{effect.person_id}/0/n/sms")
    body = {"flow": give_flow(effect, "nobody_xy", known=False), "code": code, "password": returns.NEW}
    assert call(world, body).code == "code-wrong"


def test_codes_of_another_flow_channel_or_person_do_not_fit(world: World) -> None:
    """A code is good for its own recovery only."""
    person, other = make.person(), make.person()
    first, second = returns.proved(world, person), returns.proved(world, person, "email")
    third = returns.proved(world, other)
    for code in {second["code"], third["code"]} - {first["code"]}:
        assert call(world, first | {"code": code}).code == "code-wrong"
    assert call(world, first).status == 200


def test_both_codes_are_needed_where_both_channels_were_chosen(world: World) -> None:
    """Each alone, and both exchanged, open nothing; a missing one is a wrong field."""
    person = make.person()
    body = returns.proved(world, person, "both")
    missing = {name: value for name, value in body.items() if name != "email_code"}
    assert [one["pointer"] for one in call(world, missing).json["errors"]] == ["/email_code"]
    assert call(world, body | {"email_code": doors.another(body["email_code"])}).code == "code-wrong"
    assert call(world, returns.wrong(body)).code == "code-wrong"
    if body["code"] != body["email_code"]:
        exchanged = body | {"code": body["email_code"], "email_code": body["code"]}
        assert call(world, exchanged).code == "code-wrong"
    assert call(world, body).status == 200
    assert Account.get(person.person_id).recovered_by is None


def test_a_flow_of_one_channel_ends_when_the_modern_profile_comes(world: World) -> None:
    """What was begun under the milder profile is not finished under the stricter one."""
    body = returns.proved(world, make.person())
    returns.set_profile("modern")
    answer = call(world, body)
    assert (answer.status, answer.code) == (422, "both-channels-needed")


def test_the_modern_profile_takes_a_long_phrase_and_both_codes(world: World) -> None:
    """Fifteen characters of any kind; the description's short mixed password is too short here."""
    returns.set_profile("modern")
    person = make.person()
    body = returns.proved(world, person, "both")
    assert call(world, body | {"password": "Kot-7!zQ"}).code == "wrong-fields"
    assert call(world, body | {"password": "три пингвина и чайник"}).status == 200
    assert doors.ask_password(world, person.login, "три пингвина и чайник")


def test_former_passwords_do_not_come_back_and_cost_no_tries(world: World) -> None:
    """The present one and the four before it are refused after the right code; the flow stays good."""
    doors.at_hour_start()
    person = make.person()
    used = [make.PASSWORD]
    for number in range(6):
        body = returns.proved(world, person)
        for former in used[-5:] * 2:
            answer = call(world, body | {"password": former})
            assert [one["code"] for one in answer.json["errors"]] == ["former-password"]
        used.append(f"Vulkan-Etna-{number}7x")
        assert call(world, body | {"password": used[-1]}).status == 200
        clock.advance(601)
    assert call(world, returns.proved(world, person) | {"password": make.PASSWORD}).status == 200
    assert len(Account.get(person.person_id).password_history) == 4


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_new_password_is_told_on_both_channels_and_opens_the_door(world: World, channel: str) -> None:
    """The owner hears of it by SMS and by letter, whichever brought the code; the old password has gone."""
    person = make.person()
    body = returns.proved(world, person, channel)
    assert call(world, body).status == 200
    assert "задан заново" in world.sent(person.phone)[-1]
    assert "/not-me/#" in world.sent(person.email)[-1]
    old = {"ticket": doors.ask_login(world, person.login), "password": make.PASSWORD}
    assert world.client.call("check_password", old).code == "password-wrong"
    assert doors.ask_password(world, person.login, returns.NEW)
    account = Account.get(person.person_id)
    assert (account.recovered_by, int(account.recovery_tries), int(account.password_tries)) == (channel, 0, 0)
    assert account.password_changed_at > clock.epoch() - 60


@pytest.mark.parametrize(("channel", "other"), [("sms", "email"), ("email", "sms")])
def test_the_channel_of_the_recovery_is_no_second_factor_until_another_was_used(
    world: World, channel: str, other: str
) -> None:
    """One channel alone never opens the cabinet; after a sign-in with another factor it counts again."""
    person = make.person()
    assert call(world, returns.proved(world, person, channel)).status == 200
    body = {"ticket": doors.ask_login(world, person.login), "password": returns.NEW}
    accepted = world.client.call("check_password", body)
    assert channel not in {one["kind"] for one in accepted.json["factors"]}
    ticket = accepted.json["ticket"]
    sent = world.client.call("send_sign_in_code", {"ticket": ticket, "channel": channel})
    assert sent.code == "factor-not-available"
    finish = {"ticket": ticket, "kind": channel, "code": "123456"}
    assert world.client.call("finish_sign_in", finish).code == "factor-not-available"
    finish = {"ticket": ticket, "kind": other, "code": doors.ask_code(world, ticket, person, other)}
    assert world.client.call("finish_sign_in", finish).status == 201
    assert Account.get(person.person_id).recovered_by is None
    ticket = doors.ask_password(world, person.login, returns.NEW)
    clock.advance(601)
    finish = {"ticket": ticket, "kind": channel, "code": doors.ask_code(world, ticket, person, channel)}
    assert world.client.call("finish_sign_in", finish).status == 201


def test_tries_of_the_password_are_forgiven(world: World) -> None:
    """Who had used them up signs in with the new password at once."""
    doors.at_hour_start()
    person = make.person()
    code = ""
    while code != "too-many-tries":
        body = {"ticket": doors.ask_login(world, person.login), "password": "Wrong-Word-2026"}
        answer = world.client.call("check_password", body)
        code = answer.code
        clock.advance(int(answer.headers.get("Retry-After", 0)) if code == "try-later" else 0)
    assert call(world, returns.proved(world, person)).status == 200
    assert doors.ask_password(world, person.login, returns.NEW)


def test_all_sessions_end_and_stay_ended(world: World) -> None:
    """Open sessions are refused afterwards, and no item of them is left."""
    person = make.person()
    tokens = [make.sign_in(person) for _ in range(3)]
    assert call(world, returns.proved(world, person)).status == 200
    for person.token in tokens:
        assert world.client.call("read_session", by=person).code == "session-ended"
    assert not [one for one in Session.scan() if one.person_id == person.person_id]


def test_a_sign_in_under_way_does_not_survive(world: World) -> None:
    """Whoever had passed the password before the recovery opens no session after it."""
    person = make.person()
    ticket = doors.ask_password(world, person.login)
    code = doors.ask_code(world, ticket, person)
    assert call(world, returns.proved(world, person)).status == 200
    finish = {"ticket": ticket, "kind": "sms", "code": code}
    assert world.client.call("finish_sign_in", finish).code == "sign-in-expired"


def test_a_session_made_during_a_recovery_does_not_survive(world: World) -> None:
    """A stranger who comes in after the code was sent is out again once it is used."""
    person = make.person()
    body = returns.proved(world, person)
    doors.sign_in(world, person)
    assert world.client.call("read_session", by=person).status == 200
    assert call(world, body).status == 200
    assert world.client.call("read_session", by=person).code == "session-ended"


def test_a_sign_in_at_the_same_moment_does_not_survive(world: World) -> None:
    """Last steps of both at once: whoever is first, no session is open when the new password holds."""
    outcomes = []
    for _ in range(12):
        person = make.person(signed_in=False)
        ticket = doors.ask_password(world, person.login)
        finish = {"ticket": ticket, "kind": "totp", "code": make.totp_code(person)}
        body = returns.proved(world, person)
        with ThreadPoolExecutor(2) as pool:
            sign_in = pool.submit(world.client.call, "finish_sign_in", finish)
            recovered = pool.submit(call, world, body)
        answer = recovered.result()
        while answer.status == 503:
            answer = call(world, body)
        assert answer.status == 200
        outcomes.append(sign_in.result().status)
        assert not [one for one in Session.scan() if one.person_id == person.person_id]
        assert Account.get(person.person_id).sessions == {}
    assert set(outcomes) <= {201, 409, 503}


def test_fifty_parallel_uses_of_a_right_code_succeed_once(world: World) -> None:
    """One password is set; afterwards neither this code nor an older one of the same access fits."""
    doors.at_hour_start()
    person = make.person()
    older, body = returns.proved(world, person, "email"), returns.proved(world, person)

    def use(number: int) -> int:
        return call(world, body | {"password": f"Vulkan-Etna-{number}7x"}).status

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(use, range(50)))
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 422, 429, 503}
    won = f"Vulkan-Etna-{statuses.index(200)}7x"
    assert doors.ask_password(world, person.login, won)
    for again in (body, older):
        assert call(world, again).code in {"code-wrong", "too-many-tries"}


def test_a_code_of_before_a_change_of_access_does_not_fit(world: World) -> None:
    """A stranger's recovery dies when the owner recovers first, though its ten minutes have not passed."""
    doors.at_hour_start()
    person = make.person()
    strangers = returns.proved(world, person, "email")
    assert call(world, returns.proved(world, person)).status == 200
    assert call(world, strangers).code == "code-wrong"


@pytest.mark.parametrize("by", ["owner", "suspicion"])
def test_one_channel_does_not_open_a_closed_access_and_both_do(world: World, by: str) -> None:
    """Only after the right code it is told that the access is closed; both codes open it."""
    person = make.person()
    returns.block(person, by)
    body = returns.proved(world, person)
    assert call(world, returns.wrong(body)).code == "code-wrong"
    answer = call(world, body)
    assert (answer.status, answer.code) == (403, "account-blocked")
    assert Account.get(person.person_id).blocked["by"] == by
    assert call(world, returns.proved(world, person, "both")).status == 200
    assert Account.get(person.person_id).blocked is None


@pytest.mark.parametrize("channel", ["sms", "both"])
def test_what_an_officer_has_closed_no_code_opens(world: World, channel: str) -> None:
    """The same refusal, and only after the right codes; the password stays."""
    person = make.person()
    returns.block(person, "officer")
    body = returns.proved(world, person, channel)
    assert call(world, returns.wrong(body)).code == "code-wrong"
    assert call(world, body).code == "account-blocked"
    account = Account.get(person.person_id)
    assert (account.blocked["by"], account.password_hash) == ("officer", make.password_hash())


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer, though the code is used by now."""
    body, key = returns.proved(world, make.person()), make.key()
    first, again = (world.client.call(NAME, body, idempotency=key) for _ in range(2))
    assert (again.status, again.raw) == (200, first.raw)


def test_the_owner_sees_the_recovery_in_his_journal(world: World) -> None:
    """What was done stands in his own journal; tries of nobody known in the security journal, without values."""
    person = make.person()
    body = returns.proved(world, person)
    call(world, returns.wrong(body))
    call(world, body)
    assert doors.journal(person.person_id, NAME) == [("password.recovered", "done")]
    assert doors.unknown_callers(NAME) == ["code-wrong", "done"]
    assert returns.NEW not in str([one.serialize() for one in SecurityRecord.scan()])
