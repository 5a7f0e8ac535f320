"""Offering a role: who may offer which, to whom, and what the letter says."""

import make
import offices
import papers
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.roles.tables import Invitation

NAME = "invite"


def example(world: World) -> make.Example:
    """Return a valid request."""
    offices.organisation()
    who = make.person(signed_in=False)
    return make.Example(body=offices.request(who, Role.HR, make.HOSPITAL), by=make.person(Role.ADMIN))


def test_without_a_token_nobody_is_invited(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_invites_nobody(world: World) -> None:
    """The role of a worker gives no roles."""
    answer = world.client.run(NAME, example(world), by=make.person())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


@pytest.mark.parametrize(
    ("by", "role"),
    [
        ("admin", "security"),
        ("admin", "worker"),
        ("admin", "patient"),
        ("security", "admin"),
        ("security", "support"),
        ("manager", "manager"),
        ("manager", "admin"),
    ],
)
def test_a_role_that_one_does_not_give_is_refused(world: World, by: str, role: str) -> None:
    """The table of who gives what holds at the door too."""
    offices.organisation()
    officer = make.person(Role(by), make.HOSPITAL if by == "manager" else None)
    body = offices.request(make.person(signed_in=False), Role(role), make.HOSPITAL)
    answer = world.client.call(NAME, body, by=officer)
    assert (answer.status, answer.code) == (403, "role-not-grantable")
    assert list(Invitation.scan()) == []


@pytest.mark.parametrize("by", [Role.ADMIN, Role.SECURITY])
def test_nobody_invites_himself(world: World, by: Role) -> None:
    """One's own СНИЛС is refused, however it is spelled."""
    officer = make.person(by)
    number = officer.snils
    spelled = f"{number[:3]}-{number[3:6]}-{number[6:9]} {number[9:]}"
    body = {"role": by.value, "snils": spelled, "email": "another@example.ru"}
    answer = world.client.call(NAME, body, by=officer)
    assert (answer.status, answer.code) == (409, "inviting-oneself")
    assert world.sent("another@example.ru") == []


def test_a_manager_invites_into_his_own_organisation_only(world: World) -> None:
    """Another organisation answers as if it were not there; his own is meant when none is named."""
    offices.organisation()
    offices.organisation(organisation_id=make.OTHER_HOSPITAL)
    manager, who = make.person(Role.MANAGER, make.HOSPITAL), make.person(signed_in=False)
    answer = world.client.call(NAME, offices.request(who, Role.HR, make.OTHER_HOSPITAL), by=manager)
    assert (answer.status, answer.code) == (404, "not-found")
    answer = world.client.call(NAME, offices.request(who, Role.HR), by=manager)
    assert (answer.status, answer.json["organisation_id"]) == (201, make.HOSPITAL)


@pytest.mark.parametrize(
    ("role", "kind"), [("support", "hospital"), ("hr", None), ("hr", "unknown"), ("pharmacy", "hospital")]
)
def test_a_role_and_its_organisation_must_fit(world: World, role: str, kind: str | None) -> None:
    """A role of the cabinet has no organisation; others need an existing one of their kind."""
    where = {None: None, "unknown": "org_" + "0" * 32}.get(kind) if kind != "hospital" else offices.organisation()
    body = offices.request(make.person(signed_in=False), Role(role), where)
    answer = world.client.call(NAME, body, by=make.person(Role.ADMIN))
    assert [one["pointer"] for one in answer.json["errors"]] == ["/organisation_id"]


def test_all_wrong_fields_are_named(world: World) -> None:
    """Role, СНИЛС, mail and organisation are pointed at together."""
    body = {"role": "king", "snils": "1", "email": "x", "organisation_id": "y", "more": 1}
    answer = world.client.run(NAME, example(world), body=body)
    assert {one["pointer"] for one in answer.json["errors"]} == {f"/{name}" for name in body}


def test_a_closed_organisation_gets_nobody(world: World) -> None:
    """Closing stops invitations."""
    made = example(world)
    offices.organisation(state="closed")
    answer = world.client.run(NAME, made)
    assert (answer.status, answer.code) == (409, "organisation-closed")


def test_a_stale_factor_invites_nobody(world: World) -> None:
    """Eleven minutes after the factor it is asked again."""
    made = example(world)
    clock.advance(660)
    assert world.client.run(NAME, made).code == "fresh-factor-required"


def test_the_letter_says_what_to_do_and_holds_the_only_number(world: World) -> None:
    """The number is in the letter alone: no table and no answer shows it, nor СНИЛС or mail."""
    who = make.person(signed_in=False)
    offices.organisation()
    answer = world.client.call(
        NAME, offices.request(who, Role.HR, make.HOSPITAL, email="newcomer@example.ru"), by=make.person(Role.ADMIN)
    )
    stored = "".join(papers.raw(model) for model in (Invitation, Outbox, JournalRecord))
    number = offices.number_sent(world, "newcomer@example.ru")
    secret = number.split(".")[1]
    assert (answer.status, answer.json["state"]) == (201, "open")
    assert "кадровая служба" in world.sent("newcomer@example.ru")[0]
    assert not any(one in stored + answer.raw.decode() for one in (secret, who.snils, "newcomer"))
    assert answer.json["expires_at"] == clock.moment(Invitation.get("cabinet", number.split(".")[0]).until)


def test_a_lost_answer_sends_no_second_letter(world: World) -> None:
    """The same key gives the same answer and one letter."""
    made, key = example(world), make.key()
    first, second = (world.client.run(NAME, made, idempotency=key) for _ in range(2))
    assert first.raw == second.raw
    assert len(world.sent(made.body["email"])) == 1


def test_the_journal_names_the_role(world: World) -> None:
    """The inviter's record holds the invitation and the role; an invited account sees it among the views."""
    who, admin = make.person(), make.person(Role.ADMIN)
    answer = world.client.call(NAME, offices.request(who, Role.SUPPORT), by=admin)
    (record,) = JournalRecord.query(admin.person_id)
    assert (record.kind, record.outcome, record.fields) == ("role.invited", "done", ["role.support"])
    assert record.objects == [answer.json["invitation_id"]]
    assert record.subject_id == who.person_id
