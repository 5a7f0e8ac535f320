"""What the tests of offices share: organisations, invitations, and people who hold roles by invitation."""

import secrets
from typing import Any

import make
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.administration.schemas import name_key
from chalicelib.administration.tables import Organisation
from chalicelib.kit import ids
from chalicelib.kit.access import Grant, Role
from chalicelib.kit.records.tables import Session
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.transaction import Transaction, commit
from chalicelib.roles.rules import place_of
from chalicelib.roles.schemas import give_into
from chalicelib.roles.tables import RoleCount, RoleHolder


def organisation(kind: str = "hospital", organisation_id: str | None = None, **overrides: Any) -> str:
    """Make an organisation and return its number; the hospital of the tests unless told otherwise."""
    made = organisation_id or (make.HOSPITAL if kind == "hospital" else ids.new("org"))
    name = overrides.pop("name", f"Организация {secrets.token_hex(3)}")
    facts = {"kind": kind, "name": name, "name_key": name_key(name), "ogrn": "1027700132195"}
    Organisation(organisation_id=made, **facts | overrides).save()
    return made


def holder(role: Role, organisation_id: str | None = None, **overrides: Any) -> make.Person:
    """Make a signed-in person who came to his role by an invitation, so that its rows are there."""
    made = make.person(role, organisation_id, **overrides)
    seat(made, role, organisation_id)
    return made


def seat(made: make.Person, role: Role, organisation_id: str | None = None) -> None:
    """Write the rows of a role that a person's account already grants."""
    transaction = Transaction()
    grant = Grant(role=role, organisation_id=organisation_id)
    give_into(transaction, grant, made.person_id, made.login, "psn_" + "0" * 32)
    commit(transaction.steps)


def proved(made: make.Person, door: str = "esia") -> make.Person:
    """Let a person's session have been opened by a door that proves who he is."""
    handle, session_id, _ = made.token.split(".")
    Session(handle, session_id).update(actions=[Session.door.set(door)])
    return made


def request(
    who: make.Person, role: Role, organisation_id: str | None = None, *, email: str | None = None
) -> dict[str, Any]:
    """Write the body of an invitation."""
    body = {"role": role.value, "snils": who.snils, "email": email or who.email}
    return body | ({"organisation_id": organisation_id} if organisation_id else {})


def invited(
    world: World, who: make.Person, role: Role, organisation_id: str | None = None, *, by: make.Person | None = None
) -> str:
    """Invite a person and return the number from the letter."""
    officer = by or holder(Role.SECURITY if role is Role.SECURITY else Role.ADMIN)
    answer = world.client.call("invite", request(who, role, organisation_id), by=officer)
    assert answer.status == 201, answer.raw
    return number_sent(world, who.email)


def number_sent(world: World, email: str) -> str:
    """Return the number in the newest letter to an address."""
    return world.sent(email)[-1].split("Номер: ")[1].split("\n")[0]


def accept(world: World, who: make.Person, number: str) -> make.Answer:
    """Accept an invitation."""
    return world.client.call("accept_invitation", {"invitation": number}, by=who)


def grants(who: make.Person) -> set[tuple[str, str | None]]:
    """Return the roles that an account grants."""
    return {(one["role"], one["organisation_id"]) for one in Account.get(who.person_id, consistent_read=True).grants}


def holders(role: Role, organisation_id: str | None = None) -> set[str]:
    """Return who holds a role by the rows of the place."""
    found = RoleHolder.query(place_of(organisation_id), RoleHolder.role_person.startswith(f"{role}#"))
    return {one.person_id for one in found}


def counted(role: Role, organisation_id: str | None = None) -> int:
    """Return the counted holders of a role."""
    (found,) = fetch((Get(RoleCount, f"{place_of(organisation_id)}#{role}"),))
    return int(found.holders) if found else 0


def account(who: make.Person) -> Account:
    """Read an account as it is now."""
    return Account.get(who.person_id, consistent_read=True)
