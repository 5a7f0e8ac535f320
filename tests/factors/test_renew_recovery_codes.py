"""Recovery codes: ten, shown once, kept as hashes, replaced as a whole."""

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, recovery_codes
from chalicelib.kit.records.tables import Idempotency

NAME = "renew_recovery_codes"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def test_without_a_token_nothing_is_renewed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_unproven_person_gets_none(world: World) -> None:
    """A claimed account gets no codes."""
    assert world.client.call(NAME, by=make.person(assurance="claimed")).code == "identity-not-confirmed"


def test_the_factor_of_the_sign_in_must_be_fresh(world: World) -> None:
    """Ten minutes after the second factor it is asked again."""
    person = make.person()
    clock.advance(601)
    assert world.client.call(NAME, by=person).code == "fresh-factor-required"


def test_ten_codes_are_shown_once_and_kept_as_hashes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each begins with its number; the account holds ten salted hashes, made by ten hashings, and no code."""
    person = make.person()
    hashings = doors.count_hashings(monkeypatch)
    answer = world.client.call(NAME, by=person)
    codes = answer.json["recovery_codes"]
    assert (answer.status, len(set(codes)), hashings) == (201, 10, ["hash_secret"] * 10)
    assert [code[0] for code in codes] == list("0123456789")
    account = Account.get(person.person_id)
    assert all(one.startswith("$argon2id$") for one in account.recovery_codes)
    stored = str(account.serialize()) + "".join(str(one.serialize()) for one in Idempotency.scan())
    assert not any(code in stored or recovery_codes.plain(code) in stored for code in codes)
    (listed,) = (one for one in answer.json["items"] if one["kind"] == "recovery")
    assert listed["codes_left"] == 10


def test_each_set_is_another(world: World) -> None:
    """No code returns."""
    person = make.person()
    sets = [world.client.call(NAME, by=person).json["recovery_codes"] for _ in range(3)]
    assert len({code for one in sets for code in one}) == 30


def test_the_owner_is_told(world: World) -> None:
    """SMS and letter, and neither holds a code."""
    person = make.person()
    codes = world.client.call(NAME, by=person).json["recovery_codes"]
    for told in (world.sent(person.phone)[-1], world.sent(person.email)[-1]):
        assert "новые резервные коды" in told
        assert not any(code in told for code in codes)


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key shows the same codes to the same person, as long as his session lives."""
    person, key = make.person(), make.key()
    first, again = (world.client.call(NAME, by=person, idempotency=key) for _ in range(2))
    assert again.raw == first.raw
    assert len(world.sent(person.phone)) == 1


def test_the_journal_knows_the_renewal(world: World) -> None:
    """One record stands in the person's journal."""
    person = make.person()
    world.client.call(NAME, by=person)
    assert doors.journal(person.person_id, NAME) == [("factor.codes_renewed", "done")]
