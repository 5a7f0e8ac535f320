"""Leaving the cabinet: this session ends at once, the others live on."""

from collections.abc import Callable

import doors
import make
import pytest
from conftest import World
from faults import kinds

from chalicelib.accounts.tables import Account
from chalicelib.kit import settings
from chalicelib.kit.records.tables import Session

NAME = "sign_out"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def test_without_a_token_there_is_nothing_to_leave(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME)
    assert (answer.status, answer.code) == (401, "not-signed-in")


@pytest.mark.parametrize("broken", ["secret", "session", "handle", "form"])
def test_a_token_that_is_not_whole_ends_nothing(world: World, broken: str) -> None:
    """Another secret, session, person or form of token is no session, and the real one lives on."""
    person, other = make.person(), make.person()
    token = person.token
    handle, session, secret = token.split(".")
    person.token = {
        "secret": f"{handle}.{session}.{'0' * 64}",
        "session": f"{handle}.{other.token.split('.')[1]}.{secret}",
        "handle": f"{other.token.split('.')[0]}.{session}.{secret}",
        "form": token + "\n",
    }[broken]
    answer = world.client.call(NAME, by=person)
    assert (answer.status, answer.code) == (401, "session-ended")
    person.token = token
    assert world.client.call("read_session", by=person).status == 200


@pytest.mark.parametrize("made", [make.person, make.hr])
def test_the_token_is_dead_at_once(world: World, made: Callable[[], make.Person]) -> None:
    """After leaving, nothing can be read and leaving again is refused; item and list are empty."""
    person = made()
    answer = world.client.call(NAME, by=person)
    assert (answer.status, answer.raw) == (204, b"")
    for name in ("read_session", NAME):
        assert world.client.call(name, by=person).code == "session-ended"
    assert not Session.count()
    assert Account.get(person.person_id).sessions == {}


def test_the_cookie_is_removed(world: World) -> None:
    """A session kept in a cookie takes the cookie with it; a token leaves none."""
    person = make.person(signed_in=False)
    value = make.sign_in(person, keep="cookie")
    headers = {
        "Cookie": f"__Host-cabinet={value}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
    }
    answer = world.client.call(NAME, headers=headers)
    assert answer.status == 204
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert name == "__Host-cabinet="
    assert {"Max-Age=0", "Path=/", "Secure"} <= set(attributes)
    assert not Session.count()
    assert "Set-Cookie" not in world.client.call(NAME, by=make.person()).headers


def test_an_unproven_person_may_leave_too(world: World) -> None:
    """A claimed account leaves as any other."""
    assert world.client.call(NAME, by=make.person(assurance="claimed")).status == 204


def test_other_sessions_live_on(world: World) -> None:
    """Neither the person's other session nor other people's end."""
    person, other = make.person(), make.person()
    first = person.token
    make.sign_in(person)
    assert world.client.call(NAME, by=person).status == 204
    person.token = first
    assert world.client.call("read_session", by=person).status == 200
    assert world.client.call("read_session", by=other).status == 200
    assert list(Account.get(person.person_id).sessions) == [first.split(".")[1]]


def test_a_left_session_gives_its_place_to_another(world: World) -> None:
    """Whoever leaves each time never loses an older session to the limit."""
    person = make.person()
    oldest = person.token
    for _ in range(settings.MAX_SESSIONS - 2):
        make.sign_in(person)
    for _ in range(3):
        doors.sign_in_by_app(world, person)
        assert world.client.call(NAME, by=person).status == 204
    person.token = oldest
    assert world.client.call("read_session", by=person).status == 200


def test_sessions_left_at_once_are_all_left(world: World) -> None:
    """Devices that leave at the same moment leave, or are asked to repeat; nobody is told of a version he never named."""
    person = make.person()
    tokens = [person.token, *(make.sign_in(person) for _ in range(7))]
    left = list(tokens)

    def leave() -> int:
        headers = {"Authorization": f"Bearer {tokens.pop()}"}
        return world.client.call(NAME, headers=headers).status

    statuses = doors.together(8, leave)
    assert set(statuses) <= {204, 503}
    for token in left:
        world.client.call(NAME, headers={"Authorization": f"Bearer {token}"})
    assert not Session.count()
    assert Account.get(person.person_id).sessions == {}


def test_the_journal_knows_which_session_was_left(world: World) -> None:
    """One record with the session's number stands in the journal."""
    person = make.person()
    world.client.call(NAME, by=person)
    assert doors.journal(person.person_id, NAME) == [("session.closed", "done")]


def test_a_sign_out_that_is_sent_twice_on_the_way_is_one_sign_out(world: World) -> None:
    """The first answer was lost below us and the write repeated: it finds its own record, not an ended session."""
    lost = next(one for one in kinds.KINDS if one.name == "answer lost once")
    given = example(world)
    with kinds.under(kinds.Plan(lost, 2)) as plan:
        assert world.client.run(NAME, given, headers={"Idempotency-Key": make.key()}).status == 204
    assert plan.target.action == "TransactWriteItems"
