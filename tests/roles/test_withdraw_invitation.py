"""Taking an invitation back before it is accepted."""

import make
import offices
from conftest import World

from chalicelib.kit.access import Role
from chalicelib.kit.trail.tables import JournalRecord

NAME = "withdraw_invitation"


def example(world: World) -> make.Example:
    """Return a valid request."""
    offices.organisation()
    manager = make.person(Role.MANAGER, make.HOSPITAL)
    number = offices.invited(world, make.person(signed_in=False), Role.HR, by=manager)
    return _request(manager, number)


def _request(by: make.Person, number: str) -> make.Example:
    return make.Example(by=by, match='"1"', path_values={"invitation_id": number.split(".", maxsplit=1)[0]})


def test_without_a_token_nothing_is_withdrawn(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.run(NAME, example(world), by=None)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_worker_withdraws_nothing(world: World) -> None:
    """The role of a worker is not enough."""
    answer = world.client.run(NAME, example(world), by=make.person())
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_another_manager_finds_no_such_invitation(world: World) -> None:
    """The invitation of another organisation is not there for him."""
    answer = world.client.run(NAME, example(world), by=make.person(Role.MANAGER, make.OTHER_HOSPITAL))
    assert (answer.status, answer.code) == (404, "not-found")


def test_a_security_officer_withdraws_no_invitation_of_the_administrator(world: World) -> None:
    """Who does not give a role does not take its invitation back."""
    number = offices.invited(world, make.person(signed_in=False), Role.SUPPORT)
    answer = world.client.run(NAME, _request(make.person(Role.SECURITY), number))
    assert (answer.status, answer.code) == (403, "role-not-grantable")


def test_a_withdrawn_invitation_opens_nothing(world: World) -> None:
    """Its number is dead, and withdrawing it again says so."""
    who, admin = offices.proved(make.person()), make.person(Role.ADMIN)
    number = offices.invited(world, who, Role.SUPPORT, by=admin)
    answer = world.client.run(NAME, _request(admin, number))
    assert (answer.status, answer.json["state"], answer.headers["ETag"]) == (200, "withdrawn", '"2"')
    assert offices.accept(world, who, number).code == "invitation-ended"
    assert world.client.run(NAME, _request(admin, number), match='"2"').code == "invitation-ended"
    assert offices.holders(Role.SUPPORT) == set()


def test_an_accepted_invitation_is_not_withdrawn(world: World) -> None:
    """The role is withdrawn then, not the invitation."""
    who, admin = offices.proved(make.person()), offices.holder(Role.ADMIN)
    number = offices.invited(world, who, Role.SUPPORT, by=admin)
    assert offices.accept(world, who, number).status == 200
    assert world.client.run(NAME, _request(admin, number), match='"2"').code == "invitation-ended"


def test_the_journal_names_the_invitation(world: World) -> None:
    """The record holds its number."""
    made = example(world)
    world.client.run(NAME, made)
    assert made.by is not None
    *_, record = JournalRecord.query(made.by.person_id)
    assert (record.kind, record.objects) == ("invitation.withdrawn", [made.path_values["invitation_id"]])
