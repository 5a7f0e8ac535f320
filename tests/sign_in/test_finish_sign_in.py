"""The second factor opens the session: once, in time, for its own person."""

from typing import Any

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, settings
from chalicelib.kit.access import Role
from chalicelib.kit.records.tables import Idempotency, Outbox, Session
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.schemas import CheckProfile

NAME = "finish_sign_in"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=_by_sms(world, make.person(signed_in=False)))


def _by_sms(world: World, person: make.Person) -> dict[str, Any]:
    ticket = doors.ask_password(world, person.login, device=doors.device(person))
    return {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, person)}


def _by_app(world: World, person: make.Person, ahead: int = 0) -> dict[str, Any]:
    ticket = doors.ask_password(world, person.login, device=doors.device(person))
    return {"ticket": ticket, "kind": "totp", "code": make.totp_code(person, ahead)}


def _change(person: make.Person, *actions: Any) -> None:
    Account.get(person.person_id).update(actions=list(actions))


def _sessions(person: make.Person) -> set[str]:
    return {one.session_id for one in Session.query(Account.get(person.person_id).handle)}


def test_a_ticket_of_another_step_or_a_damaged_one_is_refused(world: World) -> None:
    """Only the ticket of the password opens this step, whole and in time."""
    person = make.person(signed_in=False)
    body = _by_sms(world, person)
    for ticket in (doors.ask_login(world, person.login), body["ticket"][:-4] + "AAAA", "AAAA"):
        answer = world.client.call(NAME, body | {"ticket": ticket})
        assert (answer.status, answer.code) == (409, "sign-in-expired")
    clock.advance(901)
    assert world.client.call(NAME, body).code == "sign-in-expired"
    assert not _sessions(person)


def test_a_change_of_access_between_the_steps_ends_the_sign_in(world: World) -> None:
    """When the epoch of the account was raised, the right code opens nothing."""
    person = make.person(signed_in=False)
    body = _by_sms(world, person)
    _change(person, Account.epoch.set(Account.epoch + 1))
    assert world.client.call(NAME, body).code == "sign-in-expired"
    assert not _sessions(person)


def test_a_code_is_used_once(world: World) -> None:
    """The second use of a code is refused."""
    body = example(world).body
    assert world.client.call(NAME, body).status == 201
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (422, "code-wrong")


def test_a_code_lives_ten_minutes(world: World) -> None:
    """An old code is refused while its ticket is still good."""
    body = example(world).body
    clock.advance(601)
    assert world.client.call(NAME, body).code == "code-wrong"


def test_a_new_code_replaces_the_old_one(world: World) -> None:
    """Only the last message counts."""
    person = make.person(signed_in=False)
    old = _by_sms(world, person)
    new = doors.ask_code(world, old["ticket"], person, "email")
    if new != old["code"]:
        assert world.client.call(NAME, old).code == "code-wrong"
    assert world.client.call(NAME, old | {"code": new, "kind": "email"}).status == 201


def test_a_code_is_bound_to_its_person(world: World) -> None:
    """Somebody else's code opens nothing, though he has one of his own waiting."""
    mine, other = example(world).body, example(world).body
    if mine["code"] != other["code"]:
        assert world.client.call(NAME, mine | {"code": other["code"]}).code == "code-wrong"


def test_no_code_was_asked_for(world: World) -> None:
    """Without a waiting code no code fits."""
    person = make.person(signed_in=False)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "sms", "code": "000000"}
    assert world.client.call(NAME, body).code == "code-wrong"


def test_new_codes_do_not_bring_new_tries(world: World) -> None:
    """Five tries an hour belong to the account; asking again and starting again do not refill them."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    body = _by_app(world, person)
    for _ in range(5):
        code = doors.ask_code(world, body["ticket"], person, "email")
        wrong = body | {"kind": "email", "code": doors.another(code)}
        assert world.client.call(NAME, wrong).code == "code-wrong"
    body = _by_app(world, person)
    code = doors.ask_code(world, body["ticket"], person, "email")
    answer = world.client.call(NAME, body | {"kind": "email", "code": code})
    assert (answer.status, answer.code) == (429, "too-many-tries")
    assert world.client.call(NAME, body).code == "too-many-tries"
    clock.advance(3600)
    assert world.client.call(NAME, _by_app(world, person)).status == 201


@pytest.mark.parametrize("spent", [5, 4])
def test_tries_of_two_hours_ago_do_not_count(world: World, spent: int) -> None:
    """Exactly two hours later all five tries are there again."""
    person = make.person(signed_in=False)
    doors.at_hour_start()
    wrong = _wrong(world, person)
    for _ in range(spent):
        assert world.client.call(NAME, wrong).code == "code-wrong"
    clock.advance(7200)
    wrong = _wrong(world, person)
    codes = [world.client.call(NAME, wrong).code for _ in range(5)]
    assert codes == ["code-wrong"] * 5


def _wrong(world: World, person: make.Person) -> dict[str, Any]:
    return {
        "ticket": doors.ask_password(world, person.login, device=doors.device(person)),
        "kind": "sms",
        "code": "000000",
    }


def test_a_used_step_of_the_app_is_not_taken_again(world: World) -> None:
    """The code that opened one session opens no other, though its time is not over."""
    person = make.person(signed_in=False)
    doors.at_step_start()
    assert world.client.call(NAME, _by_app(world, person)).status == 201
    assert world.client.call(NAME, _by_app(world, person)).code == "code-wrong"
    assert world.client.call(NAME, _by_app(world, person, -1)).code == "code-wrong"
    clock.advance(30)
    assert world.client.call(NAME, _by_app(world, person)).status == 201


def test_an_app_one_step_ahead_is_forgiven_once(world: World) -> None:
    """The next step's code is taken, and neither it nor an earlier one afterwards."""
    person = make.person(signed_in=False)
    doors.at_step_start()
    assert world.client.call(NAME, _by_app(world, person, 2)).code == "code-wrong"
    assert world.client.call(NAME, _by_app(world, person, 1)).status == 201
    for ahead in (1, 0):
        assert world.client.call(NAME, _by_app(world, person, ahead)).code == "code-wrong"
    clock.advance(30)
    assert world.client.call(NAME, _by_app(world, person)).code == "code-wrong"


def test_who_has_no_app_cannot_use_it(world: World) -> None:
    """A factor that is not connected is refused as such."""
    person = make.person(signed_in=False)
    _change(person, Account.totp.remove())
    answer = world.client.call(NAME, _by_app(world, person))
    assert (answer.status, answer.code) == (409, "factor-not-available")


def test_a_role_must_be_held(world: World) -> None:
    """Neither another role nor the own role elsewhere opens a session; the code stays good for the right one."""
    person = make.person(Role.HR, make.HOSPITAL, signed_in=False)
    body = _by_sms(world, person)
    for other in ({"role": "worker"}, {"role": "hr", "organisation_id": make.OTHER_HOSPITAL}):
        answer = world.client.call(NAME, body | other)
        assert (answer.status, answer.code) == (403, "role-not-held")
    assert not _sessions(person)
    answer = world.client.call(NAME, body | {"role": "hr", "organisation_id": make.HOSPITAL})
    assert (answer.status, answer.json["session"]["organisation_id"]) == (201, make.HOSPITAL)


@pytest.mark.parametrize(("how", "times"), [(_by_sms, 50), (_by_app, 16)])
def test_many_uses_of_one_code_at_once_open_one_session(world: World, how: Any, times: int) -> None:
    """Whatever happens at the same time, a code opens exactly one session."""
    person = make.person(signed_in=False)
    body = how(world, person)
    answers = doors.together(times, lambda: world.client.call(NAME, body))
    assert [one.status for one in answers].count(201) == 1
    assert {one.status for one in answers} <= {201, 409, 422, 429, 503}
    assert len(_sessions(person)) == len(Account.get(person.person_id).sessions) == 1


def test_the_eleventh_session_ends_the_oldest(world: World) -> None:
    """Ten sessions at most live; the oldest gives way."""
    person = make.person(signed_in=False)
    tokens = []
    for _ in range(settings.MAX_SESSIONS):
        tokens.append(make.sign_in(person))
        clock.advance(60)
    answer = world.client.call(NAME, _by_app(world, person))
    assert answer.status == 201
    tokens.append(answer.json["token"])
    statuses = []
    for person.token in tokens:
        statuses.append(world.client.call("read_session", by=person).status)
    assert statuses == [401] + [200] * settings.MAX_SESSIONS
    assert len(_sessions(person)) == settings.MAX_SESSIONS


@pytest.mark.parametrize(("days", "checks"), [(29, 0), (31, 1)])
def test_an_old_match_with_the_register_is_checked_again(world: World, days: int, checks: int) -> None:
    """A match older than thirty days lets him in and queues a check; a younger one does not."""
    person = make.person(signed_in=False)
    _change(person, Account.matched_at.set(clock.epoch() - days * 24 * 3600))
    assert world.client.call(NAME, _by_app(world, person)).status == 201
    assert sum(one.kind == CheckProfile.__name__ for one in Outbox.scan()) == checks


def test_a_dismissal_found_by_that_check_ends_the_session(world: World) -> None:
    """Who turns out to work no more is let out at once and not let in again."""
    who = doors.applicant(world, until="2020-01-31")
    person = make.person(snils=who.body["snils"], signed_in=False)
    _change(person, Account.matched_at.set(clock.epoch() - 31 * 24 * 3600))
    person.token = world.client.call(NAME, _by_app(world, person)).json["token"]
    world.pump.drain()
    assert Account.get(person.person_id).register_state == "not_working"
    again = {"ticket": doors.ask_login(world, person.login), "password": make.PASSWORD}
    assert world.client.call("check_password", again).code == "no-longer-working"
    assert world.client.call("read_session", by=person).code == "session-ended"


def test_the_factor_opens_a_session(world: World) -> None:
    """The token works at once; the table holds only a hash of its secret."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, _by_sms(world, person))
    assert answer.status == 201
    person.token = answer.json["token"]
    assert world.client.call("read_session", by=person).json["session_id"] == answer.json["session"]["session_id"]
    (session,) = Session.query(Account.get(person.person_id).handle)
    assert person.token.split(".")[2] not in str(session.serialize())
    assert person.person_id not in person.token


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same token and opens one session, though the code is used and even tries are over."""
    person, key = make.person(signed_in=False), make.key()
    body = _by_sms(world, person)
    first = world.client.call(NAME, body, idempotency=key)
    assert {world.client.call(NAME, body).code for _ in range(7)} == {"code-wrong", "too-many-tries"}
    again = world.client.call(NAME, body, idempotency=key)
    assert (again.status, again.raw) == (201, first.raw)
    clock.advance(901)
    assert world.client.call(NAME, body, idempotency=key).raw == first.raw
    assert len(_sessions(person)) == 1
    answer = world.client.call(NAME, body | {"role": "worker"}, idempotency=key)
    assert (answer.status, answer.code) == (422, "idempotency-key-reused")


def test_the_table_of_answers_reveals_nothing(world: World) -> None:
    """No part of the token, code, key or person can be read from the stored items."""
    person, key = make.person(signed_in=False), make.key()
    body = _by_sms(world, person)
    token = world.client.call(NAME, body, idempotency=key).json["token"]
    raw = b"".join(str(one.serialize()).encode() + one.answer for one in Idempotency.scan())
    for telling in (*token.split("."), body["code"] + '"', key, person.person_id, person.login, "worker"):
        assert telling.encode() not in raw


def test_the_owner_sees_the_sign_in_in_his_journal(world: World) -> None:
    """The opened session stands in his own journal, without token or address in clear."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, _by_sms(world, person), address="10.9.8.7")
    (record,) = JournalRecord.query(person.person_id)
    assert (record.kind, record.outcome, record.role) == ("session.opened", "done", "worker")
    assert list(record.objects) == [answer.json["session"]["session_id"]]
    assert "10.9.8.7" not in str(record.serialize())
    person.token = answer.json["token"]
    shown = world.client.call("list_acts", by=person).json["items"]
    assert "session.opened" in [one["kind"] for one in shown]
