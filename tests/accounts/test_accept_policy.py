"""Accepting the security policy: what waited for the consent opens at once, in this session."""

import doors
import make
import pytest
from conftest import World

from chalicelib.accounts.schemas import POLICY_VERSION
from chalicelib.accounts.tables import Account
from chalicelib.kit.records.tables import Session

NAME = "accept_policy"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"policy_version": POLICY_VERSION}, by=make.person())


def _due(due: str = "consent") -> make.Person:
    person = make.person(signed_in=False)
    Account.get(person.person_id).update(actions=[Account.consent_version.set("2025-01")])
    make.sign_in(person, due=due)
    return person


def test_without_a_token_nothing_is_accepted(world: World) -> None:
    """A call without a token is told to sign in."""
    assert world.client.call(NAME, {"policy_version": POLICY_VERSION}).code == "not-signed-in"


@pytest.mark.parametrize("version", ["2025-01", "2099-01", "x"])
def test_another_version_is_not_accepted(world: World, version: str) -> None:
    """Only what is in force may be accepted; the account keeps what it had, and the rest stays shut."""
    person = _due()
    answer = world.client.call(NAME, {"policy_version": version}, by=person)
    assert (answer.status, answer.code) == (422, "policy-not-accepted")
    assert POLICY_VERSION in answer.json["detail"]
    assert Account.get(person.person_id).consent_version == "2025-01"
    assert world.client.call("read_profile", by=person).code == "consent-required"


def test_what_waited_opens_at_once(world: World) -> None:
    """Before it only the unsettled operations work; afterwards all do, and the next sign-in asks nothing."""
    person = _due()
    assert world.client.call("read_profile", by=person).code == "consent-required"
    answer = world.client.call(NAME, {"policy_version": POLICY_VERSION}, by=person)
    assert (answer.status, answer.json) == (200, {"policy_version": POLICY_VERSION, "due": ""})
    assert world.client.call("read_profile", by=person).status == 200
    assert Account.get(person.person_id).consent_version == POLICY_VERSION
    (session,) = Session.scan()
    assert (session.due, session.consent_version) == ("", POLICY_VERSION)
    doors.sign_in(world, person)
    assert world.client.call("read_session", by=person).json["due"] == ""


def test_a_due_password_stays_due(world: World) -> None:
    """Consent is one of two things: a password past its day still comes first."""
    person = _due("consent password")
    answer = world.client.call(NAME, {"policy_version": POLICY_VERSION}, by=person)
    assert answer.json["due"] == "password"
    assert world.client.call("read_profile", by=person).code == "password-expired"


def test_accepting_twice_changes_nothing_more(world: World) -> None:
    """A double press, at once or later, is no fault."""
    person = _due()
    answers = doors.together(6, lambda: world.client.call(NAME, {"policy_version": POLICY_VERSION}, by=person))
    assert {one.status for one in answers} <= {200, 503}
    assert world.client.call(NAME, {"policy_version": POLICY_VERSION}, by=person).status == 200


def test_the_journal_keeps_the_consent(world: World) -> None:
    """A refused and a given consent leave a record each."""
    person = _due()
    world.client.call(NAME, {"policy_version": "2025-01"}, by=person)
    world.client.call(NAME, {"policy_version": POLICY_VERSION}, by=person)
    kept = [("policy.accepted", "policy-not-accepted"), ("policy.accepted", "done")]
    assert doors.journal(person.person_id, NAME) == kept
