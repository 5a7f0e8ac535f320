"""Who knows his password changes it: counted, never to a former one, other sessions end, this one goes on."""

import gzip
from pathlib import Path
from typing import Any

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts import schemas
from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.records.tables import Session
from chalicelib.kit.trail.tables import JournalRecord

NAME = "change_password"
BODY = {"current": make.PASSWORD, "password": returns.NEW}


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body=BODY, by=make.person())


def due(who: make.Person, what: str) -> None:
    """Say what is due in a person's session."""
    handle, session_id, _ = who.token.split(".")
    Session(handle, session_id).update(actions=[Session.due.set(what)])


def change(world: World, who: make.Person, **said: Any) -> make.Answer:
    """Change a password."""
    return world.client.call(NAME, BODY | said, by=who)


def test_without_a_token_nothing_changes(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME, BODY)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_the_second_factor_must_be_fresh(world: World) -> None:
    """Ten minutes after the sign-in it is asked again."""
    person = make.person()
    clock.advance(601)
    answer = change(world, person)
    assert (answer.status, answer.code) == (403, "fresh-factor-required")


def test_a_wrong_present_password_changes_nothing_and_is_counted(world: World) -> None:
    """Ten tries an hour with growing waits, apart from strangers' tries; then the right one is refused too."""
    doors.at_hour_start()
    person = make.person()
    told: list[str] = []
    while len(told) < 10:
        refused = change(world, person, current="Wrong-Word-2026")
        if refused.code == "try-later":
            clock.advance(int(refused.headers["Retry-After"]))
            handle, session_id, _ = person.token.split(".")
            Session(handle, session_id).update(actions=[Session.factor_at.set(clock.epoch())])
        else:
            told.append(refused.code)
    assert told == ["current-password-wrong"] * 10
    answer = change(world, person)
    assert (answer.status, answer.code) == (429, "too-many-tries")
    assert Account.get(person.person_id).password_hash == make.password_hash()


def test_an_account_without_a_password_has_none_to_change(world: World) -> None:
    """Who comes in by other doors sets a password by the recovery."""
    person = make.person()
    Account.get(person.person_id).update(actions=[Account.password_hash.remove()])
    assert change(world, person).code == "current-password-wrong"


def test_all_faults_of_the_new_password_are_told_and_cost_no_tries(world: World) -> None:
    """The present password was right, so nothing was guessed: twenty weak ones lock nobody out."""
    doors.at_hour_start()
    person = make.person()
    for _ in range(20):
        answer = change(world, person, password=f"{person.login[:7]}")
        assert (answer.status, answer.code) == (422, "wrong-fields")
        assert len(answer.json["errors"]) == 4
        assert {one["pointer"] for one in answer.json["errors"]} == {"/password"}
    assert change(world, person).status == 200


@pytest.mark.parametrize("said", [{"current": ""}, {"current": 7}, {"password": None}, {"password": "x" * 129}])
def test_wrong_fields_are_named(world: World, said: dict[str, Any]) -> None:
    """Each with its pointer, before anything is compared."""
    answer = change(world, make.person(), **said)
    assert [one["pointer"] for one in answer.json["errors"]] == [f"/{name}" for name in said]


def test_look_alike_letters_do_not_hide_the_login(world: World) -> None:
    """A part of the login with Cyrillic letters in it is found."""
    person = make.person()
    hidden = person.login[:6].replace("e", "е").replace("o", "о").replace("p", "р")
    answer = change(world, person, password=f"Vulkan-{hidden}-77")
    assert any("логина" in one["detail"] for one in answer.json["errors"])


def test_former_passwords_do_not_come_back(world: World) -> None:
    """The present one and the four before it; the fifth before it may be used again."""
    person, used = make.person(), [make.PASSWORD]
    for number in range(5):
        for former in used:
            answer = change(world, person, current=used[-1], password=former)
            assert [one["code"] for one in answer.json["errors"]] == ["former-password"]
        new = f"Vulkan-Etna-{number}7x"
        assert change(world, person, current=used[-1], password=new).status == 200
        used.append(new)
    assert change(world, person, current=used[-1], password=make.PASSWORD).status == 200


@pytest.mark.parametrize("listed", [None, "", "password\nqwerty"])
def test_without_the_list_of_common_passwords_nothing_is_changed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listed: str | None
) -> None:
    """A missing, empty or cut list fails loudly; no password passes unjudged."""
    (tmp_path / "context_words.json").write_text('{"words": []}', encoding="utf-8")
    if listed is not None:
        (tmp_path / "common_passwords.txt.gz").write_bytes(gzip.compress(listed.encode()))
    monkeypatch.setattr(schemas, "DATA", tmp_path)
    schemas.common_passwords.cache_clear()
    person = make.person()
    assert change(world, person).code == "internal-error"
    assert Account.get(person.person_id).password_hash == make.password_hash()
    monkeypatch.undo()
    schemas.context_words.cache_clear()
    assert change(world, person).status == 200


def test_other_sessions_end_and_this_one_goes_on(world: World) -> None:
    """The person stays where he is; a stranger with another session, or half-way in, does not."""
    person = make.person()
    others = [make.sign_in(person) for _ in range(2)]
    ticket = doors.ask_password(world, person.login)
    code = doors.ask_code(world, ticket, person)
    present = make.sign_in(person)
    assert change(world, person).status == 200
    assert world.client.call("read_session", by=person).status == 200
    for person.token in others:
        assert world.client.call("read_session", by=person).code == "session-ended"
    finish = {"ticket": ticket, "kind": "sms", "code": code}
    assert world.client.call("finish_sign_in", finish).code == "sign-in-expired"
    assert list(Account.get(person.person_id).sessions) == [present.split(".")[1]]
    person.token = present
    assert world.client.call("sign_out", by=person).status == 204


@pytest.mark.parametrize(
    ("before", "left"), [("password", ""), ("consent password", "consent"), ("consent", "consent")]
)
def test_what_was_due_is_done(world: World, before: str, left: str) -> None:
    """An expired password is no longer due in this session; a consent still is."""
    person = make.person()
    due(person, before)
    assert change(world, person).status == 200
    handle, session_id, _ = person.token.split(".")
    assert Session.get(handle, session_id).due == left


def test_an_unproven_person_changes_his_password_too(world: World) -> None:
    """A claimed account is guarded like any other."""
    assert change(world, make.person(assurance="claimed")).status == 200


@pytest.mark.parametrize(("profile", "expires"), [("description", True), ("modern", False)])
def test_the_answer_says_how_long_the_password_holds(world: World, profile: str, expires: bool) -> None:  # noqa: FBT001
    """Ninety days by the description's rules, without end by the modern ones; the new password opens the door."""
    returns.set_profile(profile)
    person = make.person()
    answer = change(world, person)
    assert answer.status == 200
    until = answer.json["valid_until"]
    assert until == (clock.moment(Account.get(person.person_id).password_changed_at + 90 * 86400) if expires else None)
    assert doors.ask_password(world, person.login, returns.NEW)


def test_the_owner_is_told_on_both_channels(world: World) -> None:
    """By SMS and by letter, with the way to stop a stranger."""
    person = make.person()
    change(world, person)
    assert "изменён" in world.sent(person.phone)[-1]
    assert "/not-me/#" in world.sent(person.email)[-1]


def test_parallel_changes_end_in_one_password(world: World) -> None:
    """Of many at once one succeeds."""
    person = make.person()
    statuses = [one.status for one in doors.together(8, lambda: change(world, person))]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 422, 429, 503}


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key brings the same answer, though the present password is another by now."""
    person, key = make.person(), make.key()
    first, again = (world.client.call(NAME, BODY, by=person, idempotency=key) for _ in range(2))
    assert (first.status, again.raw) == (200, first.raw)
    assert len(world.sent(person.phone)) == 1


def test_the_journal_keeps_changes_and_refusals(world: World) -> None:
    """Without any value."""
    person = make.person()
    change(world, person, current="Wrong-Word-2026")
    change(world, person)
    assert doors.journal(person.person_id, NAME) == [
        ("password.changed", "current-password-wrong"),
        ("password.changed", "done"),
    ]
    assert returns.NEW not in str([one.serialize() for one in JournalRecord.query(person.person_id)])
