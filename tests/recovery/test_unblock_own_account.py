"""A person proved by ЕСИА or by his signature opens what he or the watch had closed, and what was known is worth nothing."""

from typing import Any

import doors
import make
import pytest
import returns
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, ids, ticket
from chalicelib.sign_in.schemas import give

NAME = "unblock_own_account"


def example(world: World) -> make.Example:
    """Return a valid request."""
    person = make.person()
    returns.block(person)
    return make.Example(body=proof(person))


def proof(who: make.Person, door: str = "esia", *, strong: bool = True, **changes: Any) -> dict[str, Any]:
    """Make the ticket that a door of proof gives."""
    said = {"door": door, "snils": who.snils, "strong": strong, "last_name": "Орлова", "first_name": "Анна"}
    values: dict[str, Any] = {"nonce": ids.token(), "at": clock.epoch(), "proof": said} | changes
    return {"ticket": give("proved", who.person_id, **values)}


def test_a_ticket_of_another_step_proves_nobody(world: World) -> None:
    """Neither login nor password is a proof of identity."""
    person = make.person()
    tickets = (doors.ask_login(world, person.login), doors.ask_password(world, person.login), "x")
    returns.block(person)
    for told in tickets:
        answer = world.client.call(NAME, {"ticket": told})
        assert (answer.status, answer.code) == (409, "sign-in-expired")


def test_an_old_proof_is_refused(world: World) -> None:
    """A quarter of an hour after the proof it has to be given again."""
    person = make.person()
    returns.block(person)
    body = proof(person)
    clock.advance(901)
    assert world.client.call(NAME, body).code == "sign-in-expired"


def test_an_unproven_account_is_not_opened_for_its_former_holder(world: World) -> None:
    """Whoever proves himself there ends what the former holder could use, and is sent to a cabinet of his own."""
    impostor = make.person(assurance="claimed")
    returns.block(impostor)
    answer = world.client.call(NAME, proof(impostor))
    assert (answer.status, answer.code) == (409, "account-not-confirmed")
    account = Account.get(impostor.person_id)
    assert not any((account.contacts, account.password_hash, account.sessions, account.blocked))
    assert world.client.call("read_session", by=impostor).code == "session-ended"


def test_a_proof_from_before_the_block_does_not_undo_it(world: World) -> None:
    """Who had proved himself before the owner pressed «это не я» has to do it again."""
    person = make.person()
    body = proof(person)
    clock.advance(2)
    returns.block(person)
    assert world.client.call(NAME, body).code == "sign-in-expired"
    assert world.client.call(NAME, proof(person)).status == 200


def test_an_open_account_and_no_account_have_nothing_to_open(world: World) -> None:
    """The person has proved himself, so he may be told."""
    person = make.person()
    answer = world.client.call(NAME, proof(person))
    assert (answer.status, answer.code) == (409, "not-blocked")
    person.person_id = ""
    assert world.client.call(NAME, proof(person)).code == "not-blocked"
    assert ticket.unseal("not_me", proof(person)["ticket"]) is None


@pytest.mark.parametrize("by", ["owner", "suspicion"])
def test_a_proof_by_one_factor_opens_nothing(world: World, by: str) -> None:
    """The block was laid because one factor may be stolen; two at the provider lift it."""
    person = make.person()
    returns.block(person, by)
    answer = world.client.call(NAME, proof(person, strong=False))
    assert (answer.status, answer.code) == (403, "two-factor-proof-needed")
    assert Account.get(person.person_id).blocked is not None
    assert world.client.call(NAME, proof(person)).status == 200


@pytest.mark.parametrize(("by", "door"), [("officer", "esia"), ("officer", "signature"), ("owner", "oidc")])
def test_an_officers_block_and_another_provider_are_refused(world: World, by: str, door: str) -> None:
    """Offices lift their own blocks; a hospital's identity provider is no proof strong enough."""
    person = make.person()
    returns.block(person, by)
    answer = world.client.call(NAME, proof(person, door))
    assert (answer.status, answer.code) == (403, "account-blocked")
    assert Account.get(person.person_id).blocked is not None


@pytest.mark.parametrize("by", ["owner", "suspicion"])
@pytest.mark.parametrize("door", ["esia", "signature"])
def test_the_access_opens_without_the_old_password(world: World, by: str, door: str) -> None:
    """The password has gone and does not come back; the owner is told and sets another by the recovery."""
    person = make.person()
    returns.block(person, by)
    assert world.client.call(NAME, proof(person, door)).status == 200
    assert "открыт" in world.sent(person.phone)[-1]
    account = Account.get(person.person_id)
    assert account.blocked is None
    assert account.password_hash is None
    assert world.client.call("read_session", by=person).code == "session-ended"
    old = {"ticket": doors.ask_login(world, person.login), "password": make.PASSWORD}
    assert world.client.call("check_password", old).code == "password-wrong"
    body = returns.proved(world, person)
    again = world.client.call("finish_recovery", body | {"password": make.PASSWORD})
    assert [one["code"] for one in again.json["errors"]] == ["former-password"]
    assert world.client.call("finish_recovery", body).status == 200


def test_a_second_use_finds_nothing_to_open_and_a_lost_answer_is_given_again(world: World) -> None:
    """The ticket goes on to sign-in; here it works once."""
    person, key = make.person(), make.key()
    returns.block(person)
    body = proof(person)
    first, again = (world.client.call(NAME, body, idempotency=key) for _ in range(2))
    assert (first.status, again.raw) == (200, first.raw)
    assert world.client.call(NAME, body).code == "not-blocked"


def test_the_owner_sees_it_in_his_journal(world: World) -> None:
    """His own journal keeps what was done; the security journal every call."""
    person = make.person()
    returns.block(person)
    body = proof(person)
    world.client.call(NAME, body)
    world.client.call(NAME, body)
    assert doors.journal(person.person_id, NAME) == [("access.reopened_by_owner", "done")]
    assert doors.unknown_callers(NAME) == ["done", "not-blocked"]
