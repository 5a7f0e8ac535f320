"""A factor goes; the last one stays."""

import authenticator
import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.factors.rules import FIXED_IDS
from chalicelib.factors.schemas import kinds_of, used_factor
from chalicelib.kit import clock

NAME = "remove_factor"


def example(world: World) -> make.Example:
    """Return a valid request."""
    person = make.person()
    factor_id = authenticator.register(world, person, authenticator.Device())
    return make.Example(by=person, match=_tag(world, person), path_values={"factor_id": factor_id})


def _tag(world: World, person: make.Person) -> str:
    return world.client.call("list_factors", by=person).headers["ETag"]


def _remove(world: World, person: make.Person, kind: str) -> make.Answer:
    return world.client.call(NAME, by=person, match=_tag(world, person), factor_id=FIXED_IDS[kind])


def test_without_a_token_nothing_is_removed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_somebody_elses_passkey_is_not_found(world: World) -> None:
    """Another person's factor looks like none, and stays."""
    made = example(world)
    assert made.by is not None
    answer = world.client.run(NAME, made, by=make.person())
    assert (answer.status, answer.code) == (404, "not-found")
    assert len(Account.get(made.by.person_id).passkeys) == 1


def test_the_factor_of_the_sign_in_must_be_fresh(world: World) -> None:
    """Ten minutes after the second factor it is asked again."""
    made = example(world)
    clock.advance(601)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


def test_what_is_gone_is_not_found(world: World) -> None:
    """An app that is not connected, codes that were not made, a channel that is off, a passkey removed before."""
    made = example(world)
    assert made.by is not None
    for kind in ("recovery", "totp", "sms"):
        assert _remove(world, made.by, kind).status == 200
        if kind == "recovery":
            assert _remove(world, made.by, kind).code == "not-found"
    assert [_remove(world, made.by, kind).code for kind in ("totp", "sms")] == ["not-found"] * 2
    assert world.client.run(NAME, made, match=_tag(world, made.by)).status == 200
    assert world.client.run(NAME, made, match=_tag(world, made.by)).code == "not-found"


@pytest.mark.parametrize("last", ["sms", "email", "totp"])
def test_the_last_factor_stays(world: World, last: str) -> None:
    """Whatever it is; recovery codes do not count as a factor."""
    person = make.person()
    for kind in {"sms", "email", "totp"} - {last}:
        assert _remove(world, person, kind).status == 200
    answer = _remove(world, person, last)
    assert (answer.status, answer.code) == (409, "last-factor")
    assert last in kinds_of(Account.get(person.person_id))


def test_two_removals_at_once_leave_one(world: World) -> None:
    """Both saw two factors; one of them is late."""
    person = make.person()
    _remove(world, person, "totp")
    tag, kinds = _tag(world, person), iter(["sms", "email"] * 3)
    answers = doors.together(6, lambda: world.client.call(NAME, by=person, match=tag, factor_id=FIXED_IDS[next(kinds)]))
    assert sorted(one.status for one in answers)[:1] == [200]
    assert [one.status for one in answers].count(200) == 1
    left = set(kinds_of(Account.get(person.person_id))) - {"recovery"}
    assert len(left) == 1


def test_a_removed_app_gives_no_codes(world: World) -> None:
    """Its codes are refused at the next sign-in, and it is not offered."""
    person = make.person()
    _remove(world, person, "totp")
    with pytest.raises(Exception, match="factor-not-available"):
        used_factor(Account.get(person.person_id), "totp", make.totp_code(person), "sign_in/x/y")
    assert Account.get(person.person_id).totp_pending is None


@pytest.mark.parametrize(("kind", "channel"), [("sms", "sms"), ("email", "email")])
def test_no_code_is_sent_by_a_channel_that_is_off(world: World, kind: str, channel: str) -> None:
    """It is not offered after the password, and asking for it is refused."""
    person = make.person()
    _remove(world, person, kind)
    ticket = doors.ask_password(world, person.login)
    answer = world.client.call("send_sign_in_code", {"ticket": ticket, "channel": channel})
    assert (answer.status, answer.code) == (409, "factor-not-available")


def test_new_recovery_codes_come_and_the_owner_is_told(world: World) -> None:
    """The answer shows them once, with what is left; SMS and letter go out once."""
    made = example(world)
    assert made.by is not None
    sent = len(world.sent(made.by.phone))
    answer = world.client.run(NAME, made)
    assert answer.status == 200
    assert len(answer.json["recovery_codes"]) == 10
    assert [one["kind"] for one in answer.json["items"]] == ["sms", "email", "totp", "recovery"]
    assert answer.headers["ETag"] == _tag(world, made.by)
    told = world.sent(made.by.phone)[sent:]
    assert len(told) == 1
    assert "больше нельзя подтвердить вход" in told[0]
    assert "/not-me/#" in world.sent(made.by.email)[-1]


def test_recovery_codes_themselves_can_go(world: World) -> None:
    """Who has lost the paper removes them; no new ones are made."""
    person = make.person()
    codes = world.client.call("renew_recovery_codes", by=person).json["recovery_codes"]
    answer = _remove(world, person, "recovery")
    assert (answer.status, answer.json["recovery_codes"]) == (200, [])
    with pytest.raises(Exception, match="factor-not-available"):
        used_factor(Account.get(person.person_id), "recovery", codes[0], "x/y/z")


def test_a_lost_answer_is_given_again(world: World) -> None:
    """With a key of repetition the second sending gets the first answer, codes included."""
    made, key = example(world), make.key()
    headers = {"Idempotency-Key": key}
    first, again = (world.client.run(NAME, made, headers=headers) for _ in range(2))
    assert (first.status, again.raw) == (200, first.raw)


def test_the_journal_knows_the_removal(world: World) -> None:
    """One record names the factor's id."""
    made = example(world)
    assert made.by is not None
    world.client.run(NAME, made)
    assert doors.journal(made.by.person_id, NAME) == [("factor.removed", "done")]
