"""The invitations of one's office."""

import make
import offices
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.roles.schemas import LIFE_SECONDS

NAME = "list_invitations"


def example(world: World) -> make.Example:
    """Return a valid request."""
    admin = make.person(Role.ADMIN)
    offices.invited(world, make.person(signed_in=False), Role.SUPPORT, by=admin)
    return make.Example(by=admin)


def test_without_a_token_nothing_is_listed(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_hr_lists_no_invitations(world: World) -> None:
    """He invites nobody, so he sees no invitations."""
    answer = world.client.run(NAME, example(world), by=make.hr())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_manager_sees_his_organisations_invitations_only(world: World) -> None:
    """Neither another manager's nor the cabinet's own."""
    offices.organisation()
    offices.organisation(organisation_id=make.OTHER_HOSPITAL)
    example(world)
    mine, other = (make.person(Role.MANAGER, one) for one in (make.HOSPITAL, make.OTHER_HOSPITAL))
    for manager in (mine, other):
        offices.invited(world, make.person(signed_in=False), Role.HR, by=manager)
    items = world.client.call(NAME, by=mine).json["items"]
    assert [one["organisation_id"] for one in items] == [make.HOSPITAL]


def test_states_are_told_and_the_mail_is_hidden(world: World) -> None:
    """Newest first: withdrawn, accepted, and open until the time is over."""
    admin = offices.holder(Role.ADMIN)
    people = [offices.proved(make.person()) for _ in range(3)]
    numbers = []
    for who in people:
        numbers.append(offices.invited(world, who, Role.SUPPORT, by=admin))
        clock.advance(1)
    offices.accept(world, people[1], numbers[1])
    invitation_id = numbers[2].split(".")[0]
    world.client.call("withdraw_invitation", by=admin, match='"1"', invitation_id=invitation_id)
    answer = world.client.call(NAME, by=admin)
    assert [one["state"] for one in answer.json["items"]] == ["withdrawn", "accepted", "open"]
    assert people[0].email not in answer.raw.decode()
    clock.advance(LIFE_SECONDS)
    answer = world.client.call(NAME, by=make.person(Role.SECURITY), query={"limit": 1})
    assert answer.json["next_cursor"] is not None
    assert world.client.call(NAME, by=make.person(Role.ADMIN)).json["items"][2]["state"] == "expired"


def test_the_journal_holds_the_look(world: World) -> None:
    """Listing is recorded."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    *_, record = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.outcome) == ("invitation.listed", "done")
