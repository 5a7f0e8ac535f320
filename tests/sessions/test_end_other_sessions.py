"""Ending every session but this one, sign-ins under way included."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, door
from chalicelib.kit.records.tables import Session
from chalicelib.kit.trail.tables import JournalRecord

NAME = "end_other_sessions"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def _status(world: World, token: str) -> int:
    return world.client.call("read_session", headers={"Authorization": f"Bearer {token}"}).status


def _end_patiently(world: World, person: make.Person) -> make.Answer:
    """Do as a client does: repeat with the same key while the answer is `busy`."""
    key = make.key()
    for _ in range(20):
        answer = world.client.call(NAME, by=person, idempotency=key)
        if answer.status != 503:
            return answer
    return answer


def test_without_a_token_nothing_ends(world: World) -> None:
    """A call without a token is told to sign in."""
    person = make.person()
    assert world.client.call(NAME).code == "not-signed-in"
    assert _status(world, person.token) == 200


def test_an_old_factor_ends_nothing(world: World) -> None:
    """Whoever finds an open screen cannot put its owner out elsewhere."""
    person = make.person()
    left_behind = person.token
    make.sign_in(person)
    clock.advance(door.FRESH_SECONDS + 1)
    assert world.client.call(NAME, by=person).code == "fresh-factor-required"
    assert _status(world, left_behind) == 200


def test_all_others_are_out_at_once(world: World) -> None:
    """Each other session's next call is refused; this one and other people's live on."""
    person, other = make.person(), make.person()
    left_behind = [person.token, *(make.sign_in(person) for _ in range(8))]
    present = make.sign_in(person)
    answer = world.client.call(NAME, by=person)
    assert (answer.status, answer.json) == (200, {"ended": 9})
    assert {_status(world, one) for one in left_behind} == {401}
    assert (_status(world, present), _status(world, other.token)) == (200, 200)
    account = Account.get(person.person_id)
    assert list(account.sessions) == [present.split(".")[1]]
    assert Session.count() == 2


def test_a_waiting_code_is_worth_nothing_afterwards(world: World) -> None:
    """A sign-in that waits for its code cannot be finished."""
    person = make.person()
    ticket = doors.ask_password(world, person.login)
    body = {"ticket": ticket, "kind": "sms", "code": doors.ask_code(world, ticket, person)}
    assert world.client.call(NAME, by=person).status == 200
    assert world.client.call("finish_sign_in", body).code == "sign-in-expired"
    assert world.client.call("send_sign_in_code", {"ticket": ticket, "channel": "sms"}).code == "sign-in-expired"


def test_a_sign_in_that_has_read_before_the_ending_does_not_survive_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ending commits between the reading and the writing of a sign-in: the sign-in opens nothing."""
    person = make.person()
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
    doors.overtake(monkeypatch, lambda: world.client.call(NAME, by=person), Session)
    assert world.client.call("finish_sign_in", body).code == "busy"
    assert world.client.call("finish_sign_in", body).code == "sign-in-expired"
    assert Session.count() == 1


def test_any_change_of_access_stops_a_sign_in_that_has_read_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A raised epoch, as a new password or a block raises it, is enough: the sign-in opens nothing."""
    person = make.person(signed_in=False)
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}

    raised: list[Any] = [Account.epoch.set(Account.epoch + 1), Account.version.set(Account.version + 1)]
    doors.overtake(monkeypatch, lambda: Account.get(person.person_id).update(actions=raised), Session)
    assert world.client.call("finish_sign_in", body).code == "busy"
    assert world.client.call("finish_sign_in", body).code == "sign-in-expired"
    assert not Session.count()


def test_a_switch_of_role_does_not_survive_it_either(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thief who changes his session into another at that moment is out as well."""
    person = make.person()
    thief = make.Person(**person.__dict__)
    make.sign_in(person)
    doors.overtake(monkeypatch, lambda: world.client.call(NAME, by=person), Session)
    assert world.client.call("switch_role", {"role": "worker"}, by=thief).status in {401, 503}
    assert world.client.call("switch_role", {"role": "worker"}, by=thief).code == "session-ended"
    assert Session.count() == 1


def test_what_was_begun_before_the_ending_never_answers_after_it(world: World) -> None:
    """Thirty times at once: of sessions open, and sign-ins begun, before the ending, none answers after its success."""
    for _ in range(30):
        person = make.person()
        left_behind = person.token
        make.sign_in(person)
        body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
        with ThreadPoolExecutor(4) as pool:
            begun = [pool.submit(world.client.call, "finish_sign_in", body) for _ in range(3)]
            ended = pool.submit(_end_patiently, world, person).result()
            opened = [one.result() for one in begun]
        assert ended.status == 200, ended.raw
        tokens = [left_behind, *(one.json["token"] for one in opened if one.status == 201)]
        assert {_status(world, one) for one in tokens} == {401}
        assert _status(world, person.token) == 200
        assert list(Account.get(person.person_id).sessions) == [person.token.split(".")[1]]


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key tells the same number, though nothing is left to end."""
    person = make.person()
    make.sign_in(person)
    key = make.key()
    first, again = (world.client.call(NAME, by=person, idempotency=key) for _ in range(2))
    assert (again.status, again.raw, first.json) == (200, first.raw, {"ended": 1})


def test_the_journal_names_what_was_ended(world: World) -> None:
    """One record with the numbers of the ended sessions stands in the journal."""
    person = make.person()
    left_behind = person.token.split(".")[1]
    make.sign_in(person)
    world.client.call(NAME, by=person)
    (record,) = (one for one in JournalRecord.query(person.person_id) if one.operation == NAME)
    assert (record.kind, record.outcome, list(record.objects)) == ("sessions.ended", "done", [left_behind])
